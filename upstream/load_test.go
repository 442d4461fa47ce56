package upstream_test

import (
	"context"
	"net/http"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"tributary/upstream"
)

// busy is a gateway's load.
type busy struct {
	closed, starved, full atomic.Bool
	refreshing            atomic.Int64
}

func (b *busy) Closed() bool  { return b.closed.Load() }
func (b *busy) Starved() bool { return b.starved.Load() }

func (b *busy) Background() (leave func(), ok bool) {
	if b.full.Load() {
		return nil, false
	}
	b.refreshing.Add(1)
	return func() { b.refreshing.Add(-1) }, true
}

func (b *busy) of(c *config) { c.Load = b }

// refusing is a request that may ask nobody.
type refusing struct{ asked int }

func (r *refusing) Admit(context.Context) *upstream.Error {
	r.asked++
	return upstream.ErrGatewayOverloaded
}

func (r *refusing) context() context.Context {
	return context.WithValue(context.Background(), upstream.AdmissionKey{}, r)
}

func TestAdmission(t *testing.T) {
	it(t, "asks nobody for a request that was refused", func(t *testing.T) {
		f := newFake(well)
		_, s := serve(t, f)
		got := s.Ask((&refusing{}).context(), "a", upstream.Directives{})
		want(t, got, upstream.Failed, upstream.CodeOverloaded)
		if got.Err == nil || !got.Err.Gateway {
			t.Errorf("error = %v, want the gateway's", got.Err)
		}
		wantSent(t, f, 0)
		want(t, ask(s, "a"), upstream.Live, "") // others are not refused
	})
	it(t, "is not needed for a fresh answer", func(t *testing.T) {
		f := newFake(well)
		_, s := serve(t, f)
		ask(s, "a")
		r := &refusing{}
		want(t, s.Ask(r.context(), "a", upstream.Directives{}), upstream.Cached, "")
		if r.asked != 0 {
			t.Errorf("admission was asked for %d times", r.asked)
		}
	})
	it(t, "is not needed to wait for an answer that another request has asked for", func(t *testing.T) {
		f := newFake(after(time.Second, well))
		_, s := serve(t, f)
		go ask(s, "a")
		synctest.Wait()
		r := &refusing{}
		if got := s.Ask(r.context(), "a", upstream.Directives{Peek: true}); got.Err == nil || got.Err.Gateway {
			t.Errorf("while it is asked for, memory says %v, want no refusal", got.Err)
		}
		want(t, s.Ask(r.context(), "a", upstream.Directives{}), upstream.Live, "")
		if r.asked != 0 {
			t.Errorf("admission was asked for %d times", r.asked)
		}
		wantSent(t, f, 1)
	})
	it(t, "falls back on an old answer", func(t *testing.T) {
		f := newFake(well)
		up, s := serve(t, f)
		ask(s, "a")
		time.Sleep(time.Hour)
		want(t, s.Ask((&refusing{}).context(), "a", upstream.Directives{}), upstream.Stale, upstream.CodeOverloaded)
		if n := up.Status().Cache.Stale; n != 1 {
			t.Errorf("stale answers counted = %d, want 1", n)
		}
		want(t, ask(s, "a"), upstream.Live, "") // it is not remembered
	})
	it(t, "is needed once for a batch, and keeps what memory has", func(t *testing.T) {
		_, b := serveMany(t, newFake(shelf(nil)))
		b.Ask(context.Background(), []string{"a"}, upstream.Directives{})
		r := &refusing{}
		got := b.Ask(r.context(), []string{"a", "b", "c"}, upstream.Directives{})
		want(t, got[0], upstream.Cached, "")
		want(t, got[1], upstream.Failed, upstream.CodeOverloaded)
		want(t, got[2], upstream.Failed, upstream.CodeOverloaded)
		if r.asked != 1 {
			t.Errorf("admission was asked for %d times, want once", r.asked)
		}
		for _, p := range b.Begin(r.context(), []string{"b"}, upstream.Directives{}) {
			a, done, _ := p.Now()
			if !done {
				t.Fatal("a refused question is waited for")
			}
			want(t, a, upstream.Failed, upstream.CodeOverloaded)
		}
	})
	it(t, "is needed for a write, which is not sent", func(t *testing.T) {
		f := newFake(well)
		up := open(t, f)
		got := upstream.Send((&refusing{}).context(), up, upstream.Write[string]{
			Name: "things", Route: "/things",
			Request: func(ctx context.Context) (*http.Request, error) {
				return http.NewRequestWithContext(ctx, http.MethodPost, "/things", nil)
			},
			Decode: func(r upstream.Response) (string, error) { return string(r.Body), nil },
		})
		want(t, got, upstream.Failed, upstream.CodeOverloaded)
		if got.Err.Uncertain || got.Attempts != 0 {
			t.Errorf("answer = %+v, want one that is certainly not sent", got)
		}
		wantSent(t, f, 0)
	})
}

func TestPeek(t *testing.T) {
	it(t, "tells what memory has, and counts and refreshes nothing", func(t *testing.T) {
		f := newFake(well)
		up, s := serve(t, f)
		ask(s, "a")
		before := up.Status()
		peek := func(name string, state upstream.State, code upstream.Code) {
			t.Helper()
			want(t, s.Ask(context.Background(), name, upstream.Directives{Peek: true}), state, code)
		}
		peek("a", upstream.Cached, "")
		peek("b", upstream.Failed, upstream.CodeOverloaded)
		time.Sleep(15 * time.Minute)
		peek("a", upstream.Revalidating, "")
		time.Sleep(time.Hour)
		peek("a", upstream.Stale, upstream.CodeOverloaded)
		time.Sleep(24 * time.Hour)
		peek("a", upstream.Failed, upstream.CodeOverloaded)
		synctest.Wait()
		wantSent(t, f, 1)
		if got := up.Status().Cache; got != before.Cache {
			t.Errorf("cache = %+v after looking, want %+v", got, before.Cache)
		}
	})
}

func TestRefreshUnderLoad(t *testing.T) {
	it(t, "is left out while there is no room, and made up for", func(t *testing.T) {
		f, load := newFake(well), &busy{}
		_, s := serve(t, f, load.of)
		ask(s, "a")
		time.Sleep(15 * time.Minute)
		load.full.Store(true)
		want(t, ask(s, "a"), upstream.Revalidating, "")
		synctest.Wait()
		wantSent(t, f, 1)
		load.full.Store(false)
		want(t, ask(s, "a"), upstream.Revalidating, "")
		synctest.Wait()
		wantSent(t, f, 2)
		want(t, ask(s, "a"), upstream.Cached, "")
	})
	it(t, "gives its room back, also when another refresh runs", func(t *testing.T) {
		f, load := newFake(well), &busy{}
		_, s := serve(t, f, load.of)
		ask(s, "a")
		time.Sleep(15 * time.Minute)
		f.Now(after(time.Second, well))
		ask(s, "a")
		ask(s, "a")
		synctest.Wait()
		if n := load.refreshing.Load(); n != 1 {
			t.Errorf("refreshes = %d while one runs, want 1", n)
		}
		time.Sleep(2 * time.Second)
		if n := load.refreshing.Load(); n != 0 {
			t.Errorf("refreshes = %d when none runs, want 0", n)
		}
	})
}

func TestHedgeUnderLoad(t *testing.T) {
	it(t, "is not sent while the gateway refuses requests", func(t *testing.T) {
		f, load := newFake(well), &busy{}
		up, s := warm(t, f, load.of)
		f.Now(after(time.Second, well))
		load.closed.Store(true)
		want(t, ask(s, "a"), upstream.Live, "")
		if n := up.Status().Hedges; n != 0 {
			t.Errorf("hedges = %d while requests are refused, want 0", n)
		}
		load.closed.Store(false)
		want(t, ask(s, "b"), upstream.Live, "")
		if n := up.Status().Hedges; n != 1 {
			t.Errorf("hedges = %d when none are refused, want 1", n)
		}
	})
	it(t, "does not learn from answers that were late because of us", func(t *testing.T) {
		f, load := newFake(well), &busy{}
		up, s := warm(t, f, load.of)
		f.Now(after(15*usual, well))
		load.starved.Store(true)
		load.closed.Store(true)
		askMany(s, 100)
		load.starved.Store(false)
		load.closed.Store(false)
		wantTook(t, up.Status().Latency.P99, usual)
		f.Now(inTurn(hangs, well))
		wantTook(t, took(func() { ask(s, "a") }), hedge)
	})
}

func TestTimeoutUnderLoad(t *testing.T) {
	for name, starved := range map[string]bool{
		"is the upstream's fault":                           false,
		"is not the upstream's fault while we are too slow": true,
	} {
		it(t, name, func(t *testing.T) {
			f, load := newFake(hangs), &busy{}
			up, s := serve(t, f, noRetries, load.of, func(c *config) { c.Policies.Breaker.Window = time.Minute })
			load.starved.Store(starved)
			want(t, askMany(s, 20), upstream.Failed, upstream.CodeTimeout)
			status := up.Status()
			blamed := status.Breaker == "open" && status.Failures == 20 && status.LastError != nil
			forgiven := status.Breaker == "closed" && status.Failures == 0 && status.LastError == nil
			if blamed == starved || forgiven != starved {
				t.Errorf("status = %+v after 20 time-outs, starved: %v", status, starved)
			}
		})
	}
}
