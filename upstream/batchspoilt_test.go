package upstream_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"tributary/upstream"
)

// alone lets a question that travels alone be asked as a source asks it, at another path.
func alone(s *batchSpec) {
	s.Request = func(ctx context.Context, name string) (*http.Request, error) {
		return http.NewRequestWithContext(ctx, http.MethodGet, "/thing?name="+url.QueryEscape(name), nil)
	}
	s.Decode = func(r upstream.Response) (string, error) {
		var texts map[string]string
		err := upstream.DecodeJSON(r.Body, '{', &texts)
		for _, text := range texts {
			return text, err
		}
		return "", errors.Join(err, errors.New("no text"))
	}
	s.Spoils = func(e *upstream.Error) bool { return e.Code == upstream.CodeBadRequest }
	s.WeightOf = func(n int) float64 { return float64(n) * 1.5 }
	s.Weight = 1.5
}

// inOrder reads an answer whose texts stand in the order of the questions, and which may
// break off.
func inOrder(s *batchSpec) {
	alone(s)
	s.DecodeAll = func(qs []string, r upstream.Response) (map[string]upstream.Item[string], error) {
		var texts []string
		if err := json.Unmarshal(r.Body, &texts); err != nil {
			return nil, err
		}
		items := map[string]upstream.Item[string]{}
		for i, q := range qs {
			switch {
			case i < len(texts):
				items[q] = upstream.Item[string]{Value: texts[i]}
			case i == len(texts):
				items[q] = upstream.Item[string]{Err: errors.New("breaks off"), Again: true}
			default:
				items[q] = upstream.Item[string]{Again: true}
			}
		}
		return items, nil
	}
}

// breaksOffAt answers in order, up to one of these names.
func breaksOffAt(names ...string) behaviour {
	return func(r *http.Request) (*http.Response, error) {
		if r.URL.Path == "/thing" {
			if slices.Contains(names, asked(r)[0]) {
				return answers(200, "Unexpected error while streaming")(r)
			}
			return shelf(nil)(r)
		}
		texts := []string{}
		for _, name := range asked(r) {
			if slices.Contains(names, name) {
				break
			}
			texts = append(texts, "text of "+name)
		}
		body, _ := json.Marshal(texts)
		return answers(200, string(body))(r)
	}
}

// refusesAll refuses a request that is about one of these names.
func refusesAll(names ...string) behaviour {
	return func(r *http.Request) (*http.Response, error) {
		if slices.ContainsFunc(asked(r), func(name string) bool { return slices.Contains(names, name) }) {
			return answers(400, "")(r)
		}
		return shelf(nil)(r)
	}
}

func TestBatchThatOneQuestionSpoils(t *testing.T) {
	all := numbered(0, 50)
	it(t, "asks again for what a refused question spoils, and fails only that one", func(t *testing.T) {
		f := newFake(refusesAll("t20"))
		b := many(open(t, f, noRetries), alone)
		got := askAll(b, all)
		want(t, got[20], upstream.Failed, upstream.CodeBadRequest)
		others := slices.Delete(slices.Clone(all), 20, 21)
		wantTexts(t, others, slices.Delete(slices.Clone(got), 20, 21))
		wantSizes(t, f, 50, 7, 7, 7, 7, 7, 7, 7, 1, 1, 1, 1, 1, 1, 1, 1)
		if got[0].Attempts != 2 || got[20].Attempts != 3 {
			t.Errorf("attempts = %d and %d, want 2, and 3 for what was refused", got[0].Attempts, got[20].Attempts)
		}
	})
	it(t, "ends when all questions are refused", func(t *testing.T) {
		f := newFake(answers(400, ""))
		b := many(open(t, f, noRetries), alone)
		wantAll(t, askAll(b, all), upstream.Failed, upstream.CodeBadRequest)
		wantSent(t, f, 1+8+50-1) // the last of the eight was about one
	})
	it(t, "fails all of them where no question may be the reason", func(t *testing.T) {
		f := newFake(answers(500, ""))
		b := many(open(t, f, noRetries), alone)
		wantAll(t, askAll(b, all), upstream.Failed, upstream.CodeServerError)
		wantSent(t, f, 1)
	})
	it(t, "keeps what stands before the place where an answer breaks off, and asks for the rest without that", func(t *testing.T) {
		f := newFake(breaksOffAt("t20"))
		b := many(open(t, f, noRetries), inOrder)
		got := askAll(b, all)
		want(t, got[20], upstream.Failed, upstream.CodeInvalidResponse)
		wantTexts(t, all[:20], got[:20])
		wantTexts(t, all[21:], got[21:])
		wantSizes(t, f, 50, 1, 29)
	})
	it(t, "does not ask in vain for ever when each answer breaks off", func(t *testing.T) {
		f := newFake(breaksOffAt(all...))
		b := many(open(t, f, noRetries, func(c *config) { c.Policies.Breaker.MinCalls = 1000 }), inOrder)
		wantAll(t, askAll(b, all), upstream.Failed, upstream.CodeInvalidResponse)
		if n := f.Sent(); n > 70 {
			t.Errorf("%d requests sent for 50 questions", n)
		}
	})
	it(t, "charges the quota by the weight of each request", func(t *testing.T) {
		f := newFake(refusesAll("t1"))
		up := open(t, f, noRetries, func(c *config) { c.Policies.Quotas = []upstream.Quota{{Calls: 1000, Window: time.Hour}} })
		askAll(many(up, alone), numbered(0, 4))
		// 4, then 2 and 2, then 1 and 1
		if left := *up.Status().QuotaLeft; left != 1000-15 {
			t.Errorf("quota left = %d, want %d", left, 1000-15)
		}
	})
}

func TestBatchAndSource(t *testing.T) {
	it(t, "share what they have fetched", func(t *testing.T) {
		f := newFake(shelf(nil))
		b := many(open(t, f), alone)
		askAll(b, numbered(0, 3))
		want(t, ask(b.Source(), "t1"), upstream.Cached, "")
		want(t, ask(b.Source(), "t9"), upstream.Live, "")
		want(t, askAll(b, []string{"t9"})[0], upstream.Cached, "")
		wantSent(t, f, 2)
	})
	it(t, "share what they are fetching", func(t *testing.T) {
		f := newFake(after(time.Second, shelf(nil)))
		b := many(open(t, f), alone)
		together(
			func() { askAll(b, numbered(0, 3)) },
			func() { time.Sleep(time.Millisecond); want(t, ask(b.Source(), "t1"), upstream.Live, "") },
			func() { time.Sleep(time.Millisecond); ask(b.Source(), "t9") },
			func() {
				time.Sleep(2 * time.Millisecond)
				if a := askAll(b, []string{"t9"})[0]; !a.Collapsed || a.Value != "text of t9" {
					t.Errorf("answer = %+v, want that of the other's fetch", a)
				}
			})
		wantSent(t, f, 2)
	})
	it(t, "ask alike for one question, conditions and all", func(t *testing.T) {
		f := newFake(shelf(nil, "ETag", `"v1"`))
		b := many(open(t, f), alone)
		askAll(b, []string{"t1"})
		time.Sleep(30 * time.Minute)
		f.Now(answers(304, ""))
		want(t, askAll(b, []string{"t1"})[0], upstream.Live, "")
		if r := f.Last(); r.URL.Path != "/thing" || r.Header.Get("If-None-Match") != `"v1"` {
			t.Errorf("request = %s with If-None-Match %q, want that of a single question", r.URL, r.Header.Get("If-None-Match"))
		}
	})
}

// begin begins with questions of one of our callers' batches, and waits for them.
func begin(b batch, patience time.Duration, qs []string) (all []answer) {
	ctx := upstream.AsBatch(context.Background(), time.Now().Add(patience))
	for _, p := range b.Begin(ctx, qs, upstream.Directives{}) {
		a, done, _ := p.Now()
		if !done {
			a = p.Await(ctx)
		}
		all = append(all, a)
	}
	return all
}

func TestBatchOfOurCaller(t *testing.T) {
	limit := func(calls int) func(*config) {
		return func(c *config) {
			c.Policies.Quotas, c.Policies.Retries = []upstream.Quota{{Calls: calls, Window: time.Minute}}, 0
		}
	}
	it(t, "asks for 30 of 50 when 20 are cached", func(t *testing.T) {
		f := newFake(after(time.Second, shelf(nil)))
		b := many(open(t, f), alone)
		askAll(b, numbered(0, 20))
		got := begin(b, time.Second, numbered(0, 50))
		wantAll(t, got[:20], upstream.Cached, "")
		wantAll(t, got[20:], upstream.Live, "")
		wantTexts(t, numbered(0, 50), got)
		wantSizes(t, f, 20, 30)
		if a := got[20]; a.Collapsed || a.Attempts != 1 || a.Latency != time.Second {
			t.Errorf("provenance = %+v, want its own, of one request", a.Provenance)
		}
		wantAll(t, begin(b, time.Second, numbered(0, 50)), upstream.Cached, "")
		wantSizes(t, f, 20, 30)
	})
	it(t, "has half of a quota, in calls that fit", func(t *testing.T) {
		f := newFake(shelf(nil))
		b := many(open(t, f, limit(60)), alone)
		begin(b, time.Second, numbered(0, 50)) // of 1.5 each, in calls for 20, 20 and 10, of which one fits into 30
		if n := sizes(f); len(n) != 1 {
			t.Errorf("requests were for %v names, want one request", n)
		}
		got := begin(b, time.Second, numbered(100, 120))
		wantAll(t, got, upstream.Failed, upstream.CodeRateLimited)
		want(t, ask(b.Source(), "another"), upstream.Live, "")
	})
	it(t, "waits for the next window if that begins soon", func(t *testing.T) {
		f := newFake(shelf(nil))
		b := many(open(t, f, limit(60)), alone)
		time.Sleep(59*time.Second + 500*time.Millisecond)
		wantTook(t, took(func() { wantAll(t, begin(b, time.Second, numbered(0, 40)), upstream.Live, "") }), 500*time.Millisecond)
	})
	it(t, "waits for calls in flight", func(t *testing.T) {
		f := newFake(after(300*time.Millisecond, shelf(nil)))
		b := many(open(t, f, noRetries, func(c *config) { c.Policies.MaxConcurrent, c.Policies.Timeout = 1, 400*time.Millisecond }), alone, func(s *batchSpec) { s.Most = 10 })
		wantTook(t, took(func() { wantAll(t, begin(b, time.Second, numbered(0, 30)), upstream.Live, "") }), 900*time.Millisecond)
	})
	it(t, "does not keep others from asking when its share is used up", func(t *testing.T) {
		f := newFake(shelf(nil))
		b := many(open(t, f, limit(6)), alone)
		want(t, ask(b.Source(), "t0"), upstream.Live, "")
		time.Sleep(30 * time.Minute)
		begin(b, 0, []string{"x", "y"})
		got := begin(b, 0, []string{"t0"})[0]
		want(t, got, upstream.Stale, upstream.CodeRateLimited)
		want(t, ask(b.Source(), "t0"), upstream.Live, "")
	})
	it(t, "says what is an old value for when asking fails", func(t *testing.T) {
		f := newFake(shelf(nil))
		b := many(open(t, f), alone)
		askAll(b, []string{"t0"})
		time.Sleep(30 * time.Minute)
		pending := b.Begin(t.Context(), []string{"t0", "t1"}, upstream.Directives{})
		for n, wantHeld := range []bool{true, false} {
			if _, done, held := pending[n].Now(); done || held != wantHeld {
				t.Errorf("question %d: done %t, held %t; want not done, held %t", n, done, held, wantHeld)
			}
		}
		pending[0].Await(t.Context())
		pending[1].Await(t.Context())
	})
}

func TestBatchOfOurCallerAsksNothingTwice(t *testing.T) {
	it(t, "also for keys that stand there twice", func(t *testing.T) {
		f := newFake(shelf(nil))
		b := many(open(t, f), alone)
		qs := []string{"a", "b", "a"}
		got := begin(b, time.Second, qs)
		wantTexts(t, qs, got)
		wantSizes(t, f, 2)
		if strings.Count(f.Last().URL.String(), "a%2Cb") != 1 {
			t.Errorf("request = %s, want a and b", f.Last().URL)
		}
	})
}
