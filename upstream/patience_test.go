package upstream_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"tributary/cache"
	"tributary/upstream"
	"tributary/upstream/aggregate"
)

// learns lets usual latencies bound waits. Its answers are expired at once, so that they
// are asked for each time and are old answers for when that fails.
func learns(c *config) {
	noRetries(c)
	c.PatienceMin = 50 * time.Millisecond
	c.Lifetimes = cache.Lifetimes{StaleFor: 24 * time.Hour}
}

// pair is a source that may be slow, and one beside it that answers after 10 ms.
type pair struct {
	slow, well *fake
	of, beside source
	up         *upstream.Upstream
}

// newPair asks the first so often that it is known how long it takes.
func newPair(t *testing.T, calls int, usual time.Duration, changes ...func(*config)) *pair {
	p := &pair{slow: newFake(after(usual, well)), well: newFake(after(10*time.Millisecond, well))}
	changes = append([]func(*config){learns}, changes...)
	p.up, p.of = serve(t, p.slow, changes...)
	_, p.beside = serve(t, p.well, noRetries)
	for range calls {
		ask(p.of, "known")
	}
	return p
}

// ask asks both for a name, and returns the first one's answer and how long it took.
func (p *pair) ask(name string) (answer, time.Duration) {
	a, b := aggregate.NewSlot(p.of, name, upstream.Directives{}), aggregate.NewSlot(p.beside, fresh(), upstream.Directives{})
	elapsed := took(func() { aggregate.Gather(context.Background(), patience, &a, &b) })
	return a.Answer, elapsed
}

func TestLearnedPatience(t *testing.T) {
	const known, unknown = "known", "unknown"
	for name, tt := range map[string]struct {
		calls   int
		usual   time.Duration
		change  func(*config)
		ask     string
		waits   time.Duration
		state   upstream.State
		detail  string
		between time.Duration
	}{
		"with an old answer it waits for twice the usual latency": {
			calls: 50, usual: 40 * time.Millisecond, ask: known,
			waits: 80 * time.Millisecond, state: upstream.Stale, detail: "no answer within 80ms, 2 times its usual latency",
		},
		"but at least PATIENCE_MIN": {
			calls: 50, usual: 4 * time.Millisecond, ask: known,
			waits: 50 * time.Millisecond, state: upstream.Stale, detail: "no answer within 50ms, 2 times its usual latency",
		},
		"without an old answer four times, once another has answered": {
			calls: 50, usual: 100 * time.Millisecond, ask: unknown,
			waits: 400 * time.Millisecond, state: upstream.Failed, detail: "no answer within 400ms, 4 times its usual latency",
		},
		"but at least 250 ms": {
			calls: 50, usual: 20 * time.Millisecond, ask: unknown,
			waits: 250 * time.Millisecond, state: upstream.Failed, detail: "no answer within 250ms, 4 times its usual latency",
		},
		"never for longer than patience":                           {calls: 50, usual: 900 * time.Millisecond, ask: known, waits: patience, state: upstream.Stale, detail: "no answer in time"},
		"never for longer than patience, without an old answer":    {calls: 50, usual: 300 * time.Millisecond, ask: unknown, waits: patience, state: upstream.Failed, detail: "no answer in time"},
		"for patience while too few calls are known":               {calls: 49, usual: 20 * time.Millisecond, ask: known, waits: patience, state: upstream.Stale, detail: "no answer in time"},
		"for patience when the calls are more than 10 minutes ago": {calls: 50, usual: 20 * time.Millisecond, between: 10 * time.Minute, ask: known, waits: patience, state: upstream.Stale, detail: "no answer in time"},
		"for patience when it is switched off":                     {calls: 50, usual: 20 * time.Millisecond, change: func(c *config) { c.PatienceMin = 0 }, ask: known, waits: patience, state: upstream.Stale, detail: "no answer in time"},
	} {
		it(t, name, func(t *testing.T) {
			if tt.change == nil {
				tt.change = func(*config) {}
			}
			p := newPair(t, tt.calls, tt.usual, tt.change)
			time.Sleep(tt.between)
			p.slow.Now(hangs)
			got, elapsed := p.ask(tt.ask)
			wantTook(t, elapsed, tt.waits)
			want(t, got, tt.state, upstream.CodeTimeout)
			if got.Err == nil || !strings.Contains(got.Err.Detail, tt.detail) {
				t.Errorf("error = %v, want %q", got.Err, tt.detail)
			}
		})
	}

	it(t, "waits for a source without an old answer while no other has answered", func(t *testing.T) {
		p := newPair(t, 50, 20*time.Millisecond)
		p.slow.Now(after(700*time.Millisecond, well))
		p.well.Now(after(600*time.Millisecond, well))
		got, elapsed := p.ask("unknown")
		wantTook(t, elapsed, 600*time.Millisecond)
		want(t, got, upstream.Failed, upstream.CodeTimeout)
		p.well.Now(hangs)
		got, elapsed = p.ask("another")
		wantTook(t, elapsed, patience) // for the other one, which has no usual latency
		want(t, got, upstream.Live, "")
	})
	it(t, "counts neither as failure nor as latency, but the fetch does when it ends", func(t *testing.T) {
		p := newPair(t, 50, 20*time.Millisecond)
		p.slow.Now(after(500*time.Millisecond, answers(http.StatusOK, "late")))
		before := p.up.Status()
		got, _ := p.ask("known")
		want(t, got, upstream.Stale, upstream.CodeTimeout)
		if st := p.up.Status(); st.Failures != before.Failures || *st.Latency != *before.Latency || st.InFlight != 1 {
			t.Errorf("status after giving up = %+v, want that of before with a call in flight", st)
		}
		time.Sleep(time.Second)
		synctest.Wait()
		if st := p.up.Status(); st.Failures != before.Failures || *st.Latency == *before.Latency || st.InFlight != 0 {
			t.Errorf("status after the fetch = %+v, want its latency and no failure", st)
		}
	})
	it(t, "learns that a source has become slow", func(t *testing.T) {
		p := newPair(t, 50, 20*time.Millisecond)
		p.slow.Now(after(300*time.Millisecond, well))
		for range 8 {
			p.ask(fresh())
			time.Sleep(time.Second)
		}
		got, elapsed := p.ask(fresh())
		wantTook(t, elapsed, 300*time.Millisecond)
		want(t, got, upstream.Live, "")
	})
}
