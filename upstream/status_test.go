package upstream_test

import (
	"reflect"
	"testing"
	"testing/synctest"
	"time"

	"tributary/upstream"
	"tributary/upstream/call"
)

func TestStatus(t *testing.T) {
	it(t, "has no values at first", func(t *testing.T) {
		up, s := serve(t, newFake(well), func(c *config) { c.Logger = nil })
		if got, want := up.Status(), (upstream.Status{Status: call.Status{Name: "things", Breaker: "closed", Limit: 64}}); !reflect.DeepEqual(got, want) {
			t.Errorf("status = %+v, want %+v", got, want)
		}
		if up.Name() != "things" || s.Name() != "things" {
			t.Errorf("names = %q and %q, want things", up.Name(), s.Name())
		}
	})
	it(t, "has no latency before the first success", func(t *testing.T) {
		f := newFake(after(usual, answers(404, "")))
		up, s := serve(t, f, noRetries)
		ask(s, fresh())
		f.Now(after(usual, answers(500, "")))
		ask(s, fresh())
		if got := up.Status().Latency; got != nil {
			t.Errorf("latency = %+v, want none", got)
		}
		f.Now(after(usual, well))
		ask(s, fresh())
		if got, want := up.Status().Latency, (call.Latency{P50: usual, P95: usual, P99: usual}); got == nil || *got != want {
			t.Errorf("latency = %+v, want %+v", got, want)
		}
	})
	it(t, "has the recent latencies of all its sources", func(t *testing.T) {
		f := newFake(after(time.Second, well))
		up, s := serve(t, f)
		askMany(s, 128)
		for n := range 128 {
			f.Now(after(time.Duration(n+1)*time.Millisecond, well))
			askMany(things(up), 1)
		}
		l := up.Status().Latency
		if l == nil || l.P50 != 65*time.Millisecond || l.P95 != 122*time.Millisecond || l.P99 != 127*time.Millisecond {
			t.Errorf("latency = %+v, want 65, 122 and 127 ms of 1 to 128", l)
		}
	})
	it(t, "has the breaker's state and the time of the next probe", func(t *testing.T) {
		f := newFake(well)
		up, s := broken(t, f)
		time.Sleep(2 * time.Second)
		if st := up.Status(); st.Breaker != "open" || st.RetryIn != 3*time.Second {
			t.Errorf("breaker = %s for %v, want open for 3 s", st.Breaker, st.RetryIn)
		}
		time.Sleep(3 * time.Second)
		f.Now(after(time.Second, well))
		go ask(s, fresh())
		synctest.Wait()
		if st := up.Status(); st.Breaker != "half_open" || st.RetryIn != 0 || st.InFlight != 1 {
			t.Errorf("breaker = %s, %v, %d in flight, want half_open, 0, 1", st.Breaker, st.RetryIn, st.InFlight)
		}
		time.Sleep(time.Second)
	})
	it(t, "has the latest failure that the upstream caused", func(t *testing.T) {
		f := newFake(answers(500, ""))
		up, s := serve(t, f, noRetries)
		ask(s, fresh())
		time.Sleep(time.Second)
		f.Now(answers(401, ""))
		ask(s, fresh())
		at := time.Now()
		time.Sleep(time.Second)
		f.Now(answers(404, "")) // not a failure
		ask(s, fresh())
		if got := up.Status().LastError; got == nil || got.Code != upstream.CodeUnauthorized || !got.At.Equal(at) {
			t.Errorf("last error = %+v, want unauthorized, a second ago", got)
		}
	})
}
