package console_test

import (
	"fmt"
	"maps"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"tributary/api/console"
	"tributary/upstream/sim"
)

func TestLive(t *testing.T) {
	it(t, "sends the state at once, and twice a second", func(t *testing.T) {
		k := newRig(t)
		k.user("1")
		s := k.open()
		start := time.Now()
		v := s.state()
		if waited := time.Since(start); waited != 0 {
			t.Errorf("the first state came after %v", waited)
		}
		d := v.Upstreams[0]
		if v.Tone != "well" || d.State != "well" || *d.Success != 1 || *d.Limit != 8 || d.Quota.Left != 599 || d.Quota.Limit != 600 || d.P50 == nil {
			t.Errorf("state = %+v", v)
		}
		if v.Upstreams[1].State != "off" || v.Upstreams[1].Breaker != nil {
			t.Errorf("a disabled upstream = %+v", v.Upstreams[1])
		}
		if len(v.Flows) != 1 || v.Flows[0].Route != "/v1/users/{id}" || v.Flows[0].States["live"] != 0.1 || len(v.Asks) != 1 || v.Asks[0].States["live"] != 0.1 {
			t.Errorf("flows = %+v, asks = %+v", v.Flows, v.Asks)
		}
		for range 3 {
			before := time.Now()
			s.state()
			if waited := time.Since(before); waited > 500*time.Millisecond {
				t.Errorf("the next state came after %v", waited)
			}
		}
	})
	it(t, "says how many streams of an endpoint are open", func(t *testing.T) {
		open := map[string]int{"/v1/users/{id}/stream": 3}
		k := newRig(t, func(c *console.Config) { c.Streams = func() map[string]int { return open } })
		got := map[string]int{}
		for _, e := range k.open().state().Endpoints {
			if e.Streams > 0 {
				got[e.Route] = e.Streams
			}
		}
		if !maps.Equal(got, open) {
			t.Errorf("streams = %v, want %v", got, open)
		}
	})
	it(t, "tells a fault within a second, and its end", func(t *testing.T) {
		k := newRig(t)
		k.user("1")
		s := k.open()
		s.state()
		k.want(200, nil, "PUT", "/console/faults/directory", `{"mode":"down"}`)
		k.user("2")
		v := s.state()
		for v.Upstreams[0].Fault == nil || v.Upstreams[0].State == "well" {
			v = s.state() // the one that was on its way
			if time.Since(v.Upstreams[0].ChangedAt) > time.Second {
				t.Fatalf("a second after the fault: %+v", v.Upstreams[0])
			}
		}
		d := v.Upstreams[0]
		if d.State != "failing" || d.Fault.Mode != "down" || !d.Fault.Ours || d.Fault.EndsInS <= 118 || d.LastErrors[0].Code != "connection" {
			t.Errorf("directory = %+v", d)
		}
		if !strings.Contains(d.Why, "1 of 2 calls failed in the last 10 s") {
			t.Errorf("why = %q", d.Why)
		}
		if v.Tone != "bad" || v.SinceFault == nil || v.SinceFault.Failures != 1 {
			t.Errorf("%s %q, since the fault %+v", v.Tone, v.Sentence, v.SinceFault)
		}
		k.want(204, nil, "DELETE", "/console/faults/directory", "")
		s.close()
		time.Sleep(11 * time.Second)
		k.user("3")
		if d := k.open().state().Upstreams[0]; d.State != "well" || d.Fault != nil {
			t.Errorf("after the fault: %+v", d)
		}
	})
	it(t, "tells a fault soon even after many good calls", func(t *testing.T) {
		k := newRig(t)
		use := func(first int) {
			for n := range 100 {
				k.user(fmt.Sprint(first + n))
				time.Sleep(100 * time.Millisecond)
			}
		}
		use(1)
		s := k.open()
		if v := s.state(); v.Upstreams[0].State != "well" {
			t.Fatalf("before the fault: %+v", v.Upstreams[0])
		}
		k.want(200, nil, "PUT", "/console/faults/directory", `{"mode":"down"}`)
		broken := time.Now()
		var wg sync.WaitGroup
		wg.Go(func() { use(1000) })
		v := s.state()
		for v.Upstreams[0].State == "well" {
			v = s.state()
		}
		if waited := time.Since(broken); waited > time.Second {
			t.Errorf("the state %+v came %v after the fault, want at most 1 s", v.Upstreams[0], waited)
		}
		s.close()
		wg.Wait()
	})
	it(t, "tells what happens, but not what happened before", func(t *testing.T) {
		k := newRig(t)
		k.stories.Happened("redis_away", "", "Redis does not answer")
		s := k.open()
		k.want(200, nil, "PUT", "/console/faults/directory", `{"error_rate":1,"status":503}`)
		var e event
		if !s.next("happened", &e) || e.Kind != "fault_set" || e.Text != "directory: simulated fault: 100 % of the requests get a 503, for 2 min" {
			t.Errorf("event = %+v", e)
		}
		for n := range 5 {
			k.user(fmt.Sprint(n))
		}
		if !s.next("happened", &e) || e.Kind != "breaker_opened" || e.Text != "directory: the circuit breaker opened after 5 failures of 5 calls (server_error)" {
			t.Errorf("event = %+v", e)
		}
		if v := s.state(); v.Upstreams[0].State != "open" {
			t.Errorf("state = %+v, want an open breaker", v.Upstreams[0])
		}
		k.c.Loaded()
		if !s.next("model", new(struct{})) {
			t.Error("the stream ended instead of telling that the model has changed")
		}
	})
	it(t, "ends at once when the gateway drains", func(t *testing.T) {
		k := newRig(t)
		s := k.open()
		s.state()
		k.stories.Happened("draining", "", "the gateway is draining")
		k.c.Drain()
		var e event
		if !s.next("happened", &e) || e.Kind != "draining" {
			t.Errorf("event = %+v", e)
		}
		if s.next("state", new(state)) {
			t.Error("the stream goes on")
		}
		resp, _ := k.call("GET", "/console/live", "")
		if resp.StatusCode != http.StatusServiceUnavailable || resp.Header.Get("Retry-After") == "" {
			t.Errorf("a new stream = %d, want 503 with Retry-After", resp.StatusCode)
		}
	})
	it(t, "has at most 20 pages", func(t *testing.T) {
		k := newRig(t)
		var open []*stream
		for range 20 {
			open = append(open, k.open())
		}
		if resp, _ := k.call("GET", "/console/live", ""); resp.StatusCode != http.StatusServiceUnavailable {
			t.Errorf("page 21 = %d, want 503", resp.StatusCode)
		}
		open[0].close()
		synctest.Wait()
		k.open().state()
	})
	it(t, "drops a page that does not read", func(t *testing.T) {
		k := newRig(t)
		slow := k.open()
		reads := k.open()
		for range 30 {
			reads.state()
		}
		got := 0
		for slow.next("state", new(state)) {
			got++
		}
		if got == 0 || got > 15 {
			t.Errorf("the slow page got %d states, want a few", got)
		}
	})
}

func TestFaultsOfThePage(t *testing.T) {
	fault := func(k *rig) sim.ActiveFault {
		f, _ := k.sim.Fault("directory")
		return f
	}
	it(t, "last two minutes unless the page says otherwise", func(t *testing.T) {
		k := newRig(t)
		k.want(200, nil, "PUT", "/console/faults/directory", `{"mode":"hang"}`)
		if f := fault(k); f.Mode != sim.ModeHang || f.ForS != 120 {
			t.Errorf("fault = %+v", f)
		}
		k.want(200, nil, "PUT", "/console/faults/directory", `{"mode":"reset","for_s":900}`)
		if f := fault(k); f.Mode != sim.ModeReset || f.ForS != 900 {
			t.Errorf("a fault in its place = %+v", f)
		}
		time.Sleep(901 * time.Second)
		synctest.Wait()
		list, _ := k.stories.Events(0)
		if last := list[len(list)-1]; last.Kind != "fault_lifted" || !fault(k).Healthy() {
			t.Errorf("at its end, the last event = %+v", last)
		}
	})
	for body, field := range map[string]string{
		`{"mode":"explode"}`: "mode", `{"for_s":901}`: "for_s", `{"error_rate":2}`: "error_rate", `{"colour":"red"}`: "colour", `[]`: "",
	} {
		it(t, "have no mistakes such as "+body, func(t *testing.T) {
			k := newRig(t)
			var p struct{ Fields map[string]string }
			k.want(400, &p, "PUT", "/console/faults/directory", body)
			if _, ok := p.Fields[field]; !ok || !fault(k).Healthy() {
				t.Errorf("%s: fields = %v, fault = %+v", body, p.Fields, fault(k))
			}
		})
	}
	it(t, "leave another's alone", func(t *testing.T) {
		k := newRig(t)
		k.want(204, nil, "DELETE", "/console/faults/directory", "")
		if err := k.sim.SetFault("directory", sim.Fault{Mode: sim.ModeHang}); err != nil {
			t.Fatal(err)
		}
		k.want(409, nil, "DELETE", "/console/faults/directory", "")
		k.want(409, nil, "PUT", "/console/faults/directory", `{"mode":"down"}`)
		if v := k.open().state(); v.Upstreams[0].Fault == nil || v.Upstreams[0].Fault.Ours || v.SinceFault != nil {
			t.Errorf("state = %+v", v.Upstreams[0])
		}
	})
	it(t, "are lifted ten seconds after the last page went", func(t *testing.T) {
		k := newRig(t)
		s := k.open()
		k.want(200, nil, "PUT", "/console/faults/directory", `{"mode":"hang"}`)
		s.close()
		time.Sleep(8 * time.Second)
		again := k.open()
		again.state()
		time.Sleep(8 * time.Second)
		if fault(k).Healthy() {
			t.Error("the fault was lifted although a page came back")
		}
		again.close()
		time.Sleep(9 * time.Second)
		if fault(k).Healthy() {
			t.Error("the fault was lifted too early")
		}
		time.Sleep(3 * time.Second)
		synctest.Wait()
		if !fault(k).Healthy() {
			t.Error("the fault was not lifted")
		}
	})
}
