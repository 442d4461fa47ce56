package upstream_test

import (
	"testing"
	"time"

	"tributary/upstream"
)

// The Cache-Control and Expires of an upstream (RFC 9111 §5.2.2).
func TestDirectives(t *testing.T) {
	keep := func(c *config) { c.KeepUnvalidated = true }
	for _, header := range []string{"no-cache", "No-Cache, max-age=600", "max-age=600, no-cache"} {
		it(t, header+" is asked again each time", func(t *testing.T) {
			f := newFake(answers(200, "fine", "Cache-Control", header, "ETag", `"1"`))
			_, s := serve(t, f)
			for n := range 3 {
				want(t, ask(s, "a"), upstream.Live, "")
				wantSent(t, f, n+1)
			}
			if got := f.Request(2).Header.Get("If-None-Match"); got != `"1"` {
				t.Errorf("If-None-Match = %q, want the tag: it is kept for validation", got)
			}
			f.Now(answers(304, ""))
			want(t, ask(s, "a"), upstream.Live, "")
			ask(s, "a")
			wantSent(t, f, 5) // the directive still applies after the 304
			f.Now(answers(500, ""))
			want(t, ask(s, "a"), upstream.Failed, upstream.CodeServerError)
		})
	}
	it(t, "no-cache with field names does not apply to the answer", func(t *testing.T) {
		f := newFake(answers(200, "fine", "Cache-Control", `no-cache="Set-Cookie"`))
		_, s := serve(t, f)
		ask(s, "a")
		want(t, ask(s, "a"), upstream.Cached, "")
	})
	it(t, "no-cache is stored for stale-if-error", func(t *testing.T) {
		f := newFake(answers(200, "fine", "Cache-Control", "no-cache"))
		_, s := serve(t, f, keep, noRetries)
		ask(s, "a")
		f.Now(answers(500, ""))
		want(t, ask(s, "a"), upstream.Stale, upstream.CodeServerError)
	})
	for _, header := range []string{"max-age=60, must-revalidate", "MUST-REVALIDATE, s-maxage=60", "max-age=60, proxy-revalidate"} {
		it(t, header+" is not served while it is refreshed", func(t *testing.T) {
			f := newFake(answers(200, "fine", "Cache-Control", header))
			_, s := serve(t, f, noRetries)
			ask(s, "a")
			time.Sleep(59 * time.Second)
			want(t, ask(s, "a"), upstream.Cached, "")
			time.Sleep(10 * time.Second)
			want(t, ask(s, "a"), upstream.Live, "")
			wantSent(t, f, 2)
			time.Sleep(70 * time.Second)
			f.Now(answers(500, ""))
			want(t, ask(s, "a"), upstream.Failed, upstream.CodeServerError)
		})
		it(t, header+" is kept for when asking fails, where we may", func(t *testing.T) {
			f := newFake(answers(200, "fine", "Cache-Control", header))
			_, s := serve(t, f, keep, noRetries)
			ask(s, "a")
			time.Sleep(70 * time.Second)
			f.Now(answers(500, ""))
			want(t, ask(s, "a"), upstream.Stale, upstream.CodeServerError)
			want(t, ask(s, "a"), upstream.Stale, upstream.CodeServerError)
			wantSent(t, f, 2)
		})
	}
	for name, header := range map[string][]string{
		"Expires in the past": {"Expires", "Tue, 24 Nov 1999 06:00:00 GMT"},
		"Expires that is 0":   {"Expires", "0"},
		"a max-age of 0":      {"Cache-Control", "max-age=0"},
		"a max-age used up":   {"Cache-Control", "max-age=60", "Age", "100"},
		"a short max-age":     {"Cache-Control", "max-age=5"},
	} {
		it(t, name+" does not mean more than one request in 30 seconds", func(t *testing.T) {
			f := newFake(answers(200, "fine", header...))
			s := things(open(t, f), func(sp *spec) { sp.MinFresh, sp.ObeyExpires = 30*time.Second, true })
			for range 30 {
				ask(s, "a")
				time.Sleep(time.Second - time.Millisecond)
			}
			wantSent(t, f, 1)
			time.Sleep(4 * time.Second) // jitter may add a tenth
			want(t, ask(s, "a"), upstream.Revalidating, "")
		})
	}
	it(t, "our own freshness lifetime below 30 seconds is kept", func(t *testing.T) {
		f := newFake(answers(200, "fine", "Cache-Control", "max-age=1"))
		up := open(t, f, func(c *config) { c.Lifetimes.FreshFor = 5 * time.Second })
		s := things(up, func(sp *spec) { sp.MinFresh = 30 * time.Second })
		ask(s, "a")
		time.Sleep(6 * time.Second)
		want(t, ask(s, "a"), upstream.Revalidating, "")
	})
}

func TestInvalidate(t *testing.T) {
	for name, invalidate := range map[string]func(source){
		"one": func(s source) { s.Invalidate("a") },
		"all": func(s source) { s.InvalidateAll() },
	} {
		it(t, name+": the upstream is asked before the value is served", func(t *testing.T) {
			f := newFake(well)
			_, s := serve(t, f)
			ask(s, "a")
			invalidate(s)
			f.Now(answers(200, "new"))
			if got := ask(s, "a"); got.State != upstream.Live || got.Value != "new" {
				t.Errorf("answer = %s %q, want live new", got.State, got.Value)
			}
			want(t, ask(s, "a"), upstream.Cached, "")
		})
		it(t, name+": the value is served when asking fails", func(t *testing.T) {
			f := newFake(well)
			_, s := serve(t, f, noRetries)
			ask(s, "a")
			invalidate(s)
			f.Now(answers(500, ""))
			want(t, ask(s, "a"), upstream.Stale, upstream.CodeServerError)
		})
		it(t, name+": what does not exist is asked for again", func(t *testing.T) {
			f := newFake(answers(404, ""))
			_, s := serve(t, f)
			ask(s, "a")
			invalidate(s)
			f.Now(well)
			want(t, ask(s, "a"), upstream.Live, "")
		})
		it(t, name+": a running fetch may have read the old value, and is not stored", func(t *testing.T) {
			f := newFake(after(time.Second, answers(200, "old")))
			_, s := serve(t, f)
			done := make(chan answer)
			go func() { done <- ask(s, "a") }()
			time.Sleep(time.Millisecond)
			invalidate(s)
			<-done
			f.Now(answers(200, "new"))
			if got := ask(s, "a"); got.Value != "new" {
				t.Errorf("answer = %q, want new", got.Value)
			}
		})
	}
}
