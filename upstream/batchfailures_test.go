package upstream_test

import (
	"maps"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"tributary/upstream"
)

func TestBatchFailures(t *testing.T) {
	fifty := numbered(0, 50)
	it(t, "are retried as one call", func(t *testing.T) {
		f := newFake(inTurn(answers(500, ""), shelf(nil)))
		_, b := serveMany(t, f)
		got := askAll(b, fifty)
		wantAll(t, got, upstream.Live, "")
		if got[0].Attempts != 2 || got[49].Attempts != 2 {
			t.Errorf("attempts = %d and %d, want 2 for each", got[0].Attempts, got[49].Attempts)
		}
		wantSizes(t, f, 50, 50)
	})
	it(t, "fail all keys of the call when retries are over", func(t *testing.T) {
		f := newFake(answers(500, ""))
		up, b := serveMany(t, f)
		wantAll(t, askAll(b, fifty), upstream.Failed, upstream.CodeServerError)
		wantSent(t, f, 3)
		if st := up.Status(); st.Failures != 3 {
			t.Errorf("failures = %d, want those of one call and its retries", st.Failures)
		}
	})
	it(t, "leave the other calls alone", func(t *testing.T) {
		f := newFake(inTurn(answers(400, ""), shelf(nil)))
		_, b := serveMany(t, f)
		failed := 0
		for _, a := range askAll(b, numbered(0, 150)) {
			if a.State == upstream.Failed {
				failed++
			}
		}
		if failed != 50 {
			t.Errorf("%d answers failed, want the 50 of one call", failed)
		}
	})
	it(t, "serve the old values, and then stop asking for a while", func(t *testing.T) {
		f := newFake(shelf(nil))
		_, b := serveMany(t, f, noRetries)
		askAll(b, fifty)
		time.Sleep(time.Hour)
		f.Now(answers(500, ""))
		got := askAll(b, append(fifty, "new"))
		wantAll(t, got[:50], upstream.Stale, upstream.CodeServerError)
		wantTexts(t, fifty, got)
		want(t, got[50], upstream.Failed, upstream.CodeServerError)
		sent := f.Sent()
		wantTook(t, took(func() { got = askAll(b, fifty) }), 0)
		wantAll(t, got, upstream.Stale, upstream.CodeServerError)
		wantSent(t, f, sent)
		time.Sleep(6 * time.Second)
		f.Now(shelf(nil))
		wantAll(t, askAll(b, fifty), upstream.Live, "")
	})
	it(t, "of a whole answer that cannot be read are each key's", func(t *testing.T) {
		f := newFake(answers(200, `["a"]`))
		_, b := serveMany(t, f)
		wantAll(t, askAll(b, fifty), upstream.Failed, upstream.CodeInvalidResponse)
		wantSent(t, f, 1)
	})
	it(t, "end with the upstream", func(t *testing.T) {
		f := newFake(hangs)
		up, b := serveMany(t, f)
		var wg sync.WaitGroup
		wg.Go(func() { wantAll(t, askAll(b, numbered(0, 200)), upstream.Failed, upstream.CodeCanceled) })
		synctest.Wait()
		wantTook(t, took(up.Close), 0)
		wg.Wait()
		wantAll(t, askAll(b, []string{"later"}), upstream.Failed, upstream.CodeCanceled)
		wantSent(t, f, 4)
	})
	it(t, "of a refresh end with the upstream too", func(t *testing.T) {
		f := newFake(shelf(nil))
		up, b := serveMany(t, f)
		askAll(b, fifty)
		time.Sleep(12 * time.Minute)
		f.Now(hangs)
		askAll(b, fifty)
		synctest.Wait()
		wantTook(t, took(up.Close), 0)
		wantAll(t, askAll(b, fifty), upstream.Revalidating, "")
	})
	it(t, "of a refresh are not retried", func(t *testing.T) {
		f := newFake(shelf(nil))
		_, b := serveMany(t, f)
		askAll(b, fifty)
		time.Sleep(12 * time.Minute)
		f.Now(answers(500, ""))
		askAll(b, fifty)
		time.Sleep(time.Second)
		wantSent(t, f, 2)
		wantAll(t, askAll(b, fifty), upstream.Stale, upstream.CodeServerError)
	})
}

func TestBatchItems(t *testing.T) {
	qs := []string{"a", "b", "c"}
	it(t, "that are invalid fail alone", func(t *testing.T) {
		f := newFake(shelf(map[string]string{"b": "garbage", "c": "nothing"}))
		up, b := serveMany(t, f, func(c *config) { c.Policies.Breaker.MinCalls = 1 })
		got := askAll(b, qs)
		want(t, got[0], upstream.Live, "")
		want(t, got[1], upstream.Failed, upstream.CodeInvalidResponse)
		want(t, got[2], upstream.Failed, upstream.CodeNoData)
		if got[1].Attempts != 1 || got[1].Err.Status != 200 {
			t.Errorf("attempts = %d, status = %d; want 1 and 200", got[1].Attempts, got[1].Err.Status)
		}
		wantBreaker(t, up, "closed")
		askAll(b, qs)
		wantSizes(t, f, 3, 1) // what has no data is not asked again
	})
	it(t, "that are invalid have their old values", func(t *testing.T) {
		f := newFake(shelf(nil))
		_, b := serveMany(t, f)
		askAll(b, qs)
		time.Sleep(time.Hour)
		f.Now(shelf(map[string]string{"b": "garbage"}))
		got := askAll(b, qs)
		want(t, got[0], upstream.Live, "")
		want(t, got[1], upstream.Stale, upstream.CodeInvalidResponse)
		wantTexts(t, qs, got)
		want(t, askAll(b, qs)[1], upstream.Stale, upstream.CodeInvalidResponse)
		wantSent(t, f, 2)
	})
	it(t, "that are about something else are invalid", func(t *testing.T) {
		f := newFake(shelf(map[string]string{"b": "text of a"}))
		b := many(open(t, f), func(s *batchSpec) {
			s.Check = func(q, text string) error {
				if text != "text of "+q {
					return errReset
				}
				return nil
			}
		})
		got := askAll(b, qs)
		want(t, got[0], upstream.Live, "")
		want(t, got[1], upstream.Failed, upstream.CodeInvalidResponse)
	})
	it(t, "that are not in the answer do not exist, for half a minute", func(t *testing.T) {
		f := newFake(shelf(map[string]string{"b": ""}))
		_, b := serveMany(t, f)
		got := askAll(b, qs)
		want(t, got[0], upstream.Live, "")
		want(t, got[1], upstream.Skipped, upstream.CodeNotFound)
		time.Sleep(29 * time.Second)
		want(t, askAll(b, qs)[1], upstream.Skipped, upstream.CodeNotFound)
		wantSent(t, f, 1)
		f.Now(shelf(nil))
		time.Sleep(time.Second)
		want(t, askAll(b, qs)[1], upstream.Live, "")
		wantSizes(t, f, 3, 1)
	})
	it(t, "that are no longer in the answer are removed", func(t *testing.T) {
		f := newFake(shelf(nil))
		_, b := serveMany(t, f, noRetries)
		askAll(b, qs)
		time.Sleep(time.Hour)
		f.Now(shelf(map[string]string{"b": ""}))
		want(t, askAll(b, qs)[1], upstream.Skipped, upstream.CodeNotFound)
		f.Now(answers(500, ""))
		time.Sleep(time.Hour)
		got := askAll(b, qs)
		want(t, got[0], upstream.Stale, upstream.CodeServerError)
		want(t, got[1], upstream.Failed, upstream.CodeServerError)
	})
	it(t, "that were not asked for are ignored", func(t *testing.T) {
		f := newFake(answers(200, `{"a": "text of a", "z": "text of z"}`))
		_, b := serveMany(t, f)
		want(t, askAll(b, []string{"a"})[0], upstream.Live, "")
		want(t, askAll(b, []string{"z"})[0], upstream.Live, "")
		wantSent(t, f, 2)
	})
}

func TestBatchSpans(t *testing.T) {
	it(t, "are one for the questions of a request, and one for each call", func(t *testing.T) {
		var seen *spans
		f := newFake(shelf(nil))
		_, b := serveMany(t, f, func(c *config) { seen = traced(c) })
		askAll(b, numbered(0, 120))
		wantAttrs(t, seen.one(t, "things"), map[string]string{
			"tributary.batch.size": "120", "tributary.source.state": "live", "tributary.source.attempts": "1", "tributary.source.name": "things"})
		if n := len(seen.named("GET /things")); n != 3 {
			t.Errorf("spans of calls = %d, want 3", n)
		}
		askAll(b, numbered(0, 120))
		seen.one(t, "things")
		time.Sleep(12 * time.Minute)
		askAll(b, numbered(0, 60))
		synctest.Wait()
		refresh := seen.one(t, "refresh things")
		wantAttrs(t, refresh, map[string]string{"tributary.batch.size": "60", "tributary.source.state": "live", "tributary.refresh": "true"})
		if calls := seen.named("GET /things"); len(calls) != 5 || calls[4].Parent.SpanID() != refresh.SpanContext.SpanID() {
			t.Errorf("spans of calls = %d, want two more, in the refresh", len(calls))
		}
	})
	it(t, "say how bad the worst answer is", func(t *testing.T) {
		var seen *spans
		f := newFake(shelf(map[string]string{"b": "garbage", "c": ""}))
		_, b := serveMany(t, f, func(c *config) { seen = traced(c) })
		askAll(b, []string{"a", "b", "c"})
		wantAttrs(t, seen.one(t, "things"), map[string]string{"tributary.source.state": "failed", "error.type": "invalid_response"})
	})
}

func TestBatchAnswersAreCounted(t *testing.T) {
	it(t, "by their states", func(t *testing.T) {
		f := newFake(shelf(map[string]string{"c": ""}))
		up, b := serveMany(t, f)
		askAll(b, []string{"a", "b", "c"})
		askAll(b, []string{"a", "b", "c", "d"})
		st := up.Status().Cache
		if got, want := map[string]int64{"hits": st.Hits, "misses": st.Misses}, map[string]int64{"hits": 3, "misses": 4}; !maps.Equal(got, want) {
			t.Errorf("counted %v, want %v", got, want)
		}
	})
}
