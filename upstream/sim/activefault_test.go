package sim_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"tributary/upstream/pipetest"
	"tributary/upstream/sim"
)

func TestFaultOfSomeRequests(t *testing.T) {
	s := start(t, sim.Config{})
	for match, want := range map[string]struct{ first, second int }{
		"":             {503, 503},
		"/users/1":     {503, 200},
		"1?x=delhi":    {503, 200},
		"delhi":        {503, 503},
		"/users/3":     {200, 200},
		"127.0.0.1":    {200, 200}, // the host is the same for all
		"/posts?delhi": {200, 503},
	} {
		set(t, s, sim.Directory, sim.Fault{ErrorRate: 1, Status: 503, Match: match})
		first, second := get(t, s.URL(sim.Directory)+"/users/1?x=delhi").status, get(t, s.URL(sim.Directory)+"/users/2/posts?delhi").status
		if first != want.first || second != want.second {
			t.Errorf("match %q: %d and %d, want %d and %d", match, first, second, want.first, want.second)
		}
	}
}

func TestReplaceFault(t *testing.T) {
	s := start(t, sim.Config{})
	healthy, _ := s.Fault(sim.Directory)
	if !healthy.Healthy() || !healthy.Ends.IsZero() {
		t.Errorf("fault at the start = %+v, want none", healthy)
	}
	ours, err := s.ReplaceFault(sim.Directory, healthy.ID, sim.Fault{Mode: sim.ModeReset, ForS: 60})
	now, known := s.Fault(sim.Directory)
	if err != nil || !known || now.ID != ours || now.Mode != sim.ModeReset || now.Healthy() || now.Ends.IsZero() {
		t.Errorf("fault = %+v (%v), want the one that was set", now, err)
	}
	set(t, s, sim.Directory, sim.Fault{ErrorRate: 1})
	if _, err := s.ReplaceFault(sim.Directory, ours, sim.Fault{}); !errors.Is(err, sim.ErrFaultChanged) {
		t.Errorf("replacing a fault that is over: %v, want %v", err, sim.ErrFaultChanged)
	}
	if now, _ := s.Fault(sim.Directory); now.ErrorRate != 1 {
		t.Errorf("fault = %+v, want the one that somebody else has set", now)
	}
	if _, err := s.ReplaceFault(sim.Directory, now.ID+1, sim.Fault{ErrorRate: 2}); err == nil {
		t.Error("a fault with a mistake was set")
	}
	if _, err := s.ReplaceFault("nobody", 0, sim.Fault{}); err == nil {
		t.Error("an unknown provider got a fault")
	}
	if _, known := s.Fault("nobody"); known {
		t.Error("an unknown provider has a fault")
	}
}

func TestFaultThatEndsByItself(t *testing.T) {
	for name, tt := range map[string]struct {
		first, second sim.Fault
		after         time.Duration // of the first
		healthy       bool
	}{
		"a refusal before its time":       {first: sim.Fault{ErrorRate: 1, ForS: 60}, after: time.Minute - 1},
		"a refusal at its time":           {first: sim.Fault{ErrorRate: 1, ForS: 60}, after: time.Minute, healthy: true},
		"a provider that is down, before": {first: sim.Fault{Mode: sim.ModeDown, ForS: 5}, after: 5*time.Second - 1},
		"a provider that comes back":      {first: sim.Fault{Mode: sim.ModeDown, ForS: 5}, after: 5 * time.Second, healthy: true},
		"a fault without an end":          {first: sim.Fault{ErrorRate: 1}, after: 240 * time.Hour},
		"another fault, at the first's":   {first: sim.Fault{ErrorRate: 1, ForS: 60}, second: sim.Fault{ErrorRate: 1}, after: time.Minute},
		"another fault, before its own":   {first: sim.Fault{ErrorRate: 1, ForS: 60}, second: sim.Fault{ErrorRate: 1, ForS: 61}, after: time.Minute},
		"another fault, at its own":       {first: sim.Fault{ErrorRate: 1, ForS: 60}, second: sim.Fault{ErrorRate: 1, ForS: 61}, after: 61 * time.Second, healthy: true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := &memory{}
				s := start(t, sim.Config{Listen: n.listen})
				set(t, s, sim.GitHub, tt.first)
				if tt.second != (sim.Fault{}) {
					set(t, s, sim.GitHub, tt.second)
				}
				time.Sleep(tt.after)
				synctest.Wait()
				if got := n.healthy(t, s.URL(sim.GitHub)+"/users/bret"); got != tt.healthy {
					t.Errorf("healthy after %v = %t, want %t", tt.after, got, tt.healthy)
				}
			})
		})
	}
}

func TestFaultEndsOnATakenPort(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := &memory{}
		s := start(t, sim.Config{Listen: n.listen})
		set(t, s, sim.GitHub, sim.Fault{Mode: sim.ModeDown, ForS: 5})
		n.fill(true)
		time.Sleep(5 * time.Second)
		synctest.Wait()
		n.fill(false)
		if n.healthy(t, s.URL(sim.GitHub)+"/users/bret") {
			t.Error("it listens on a port that was taken")
		}
		set(t, s, sim.GitHub, sim.Fault{})
		if !n.healthy(t, s.URL(sim.GitHub)+"/users/bret") {
			t.Error("it is not healthy after the fault was cleared")
		}
	})
}

// memory is a network without sockets.
type memory struct {
	mu        sync.Mutex
	full      bool // no port is free
	listeners map[string]*pipetest.Listener
}

func (n *memory) listen(_, addr string) (net.Listener, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.full {
		return nil, errors.New("the port is taken")
	}
	if n.listeners == nil {
		n.listeners = map[string]*pipetest.Listener{}
	}
	n.listeners[addr] = pipetest.NewListener()
	at, err := net.ResolveTCPAddr("tcp", addr)
	return addressed{n.listeners[addr], at}, err
}

func (n *memory) fill(full bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.full = full
}

// addressed is a listener with an address of its own.
type addressed struct {
	*pipetest.Listener
	addr net.Addr
}

func (l addressed) Addr() net.Addr { return l.addr }

// healthy reports whether a provider answers with 200.
func (n *memory) healthy(t *testing.T, url string) bool {
	t.Helper()
	transport := &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
		n.mu.Lock()
		l := n.listeners[addr]
		n.mu.Unlock()
		return l.Dial(ctx, network, addr)
	}}
	resp, err := (&http.Client{Transport: transport}).Get(url)
	if err != nil {
		return false
	}
	resp.Body.Close()
	return resp.StatusCode == http.StatusOK
}
