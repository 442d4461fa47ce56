package upstream_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"tributary/cache"
	"tributary/cache/redistest"
	"tributary/upstream"
)

// asking is a source that is asked with its callers' credentials. A question is a
// caller and a thing, "ann/a"; expires is when everybody's credentials end.
func asking(up *upstream.Upstream, expires time.Time, changes ...func(*spec)) source {
	return things(up, append([]func(*spec){func(s *spec) {
		s.Caller = func(q string) upstream.Caller {
			who, _, _ := strings.Cut(q, "/")
			return upstream.Caller{
				Credentials: func(r *http.Request) { r.Header.Set("Authorization", "Bearer s3cr3t-"+who) },
				Expires:     expires,
			}
		}
	}}, changes...)...)
}

// ours are the upstream's own credentials.
func ours(c *config) {
	c.Credentials = func(r *http.Request) { r.Header.Set("Authorization", "Bearer s3cr3t-ours") }
}

func TestCallersCredentials(t *testing.T) {
	it(t, "are sent in place of ours", func(t *testing.T) {
		f := newFake(well)
		up := open(t, f, ours)
		callers, none := asking(up, time.Time{}), things(up, func(s *spec) {
			s.Caller = func(string) upstream.Caller { return upstream.Caller{} }
		})
		ask(callers, "ann/a")
		ask(callers, "bob/a")
		ask(none, "a")
		ask(things(up), "a")
		for n, want := range []string{"Bearer s3cr3t-ann", "Bearer s3cr3t-bob", "", "Bearer s3cr3t-ours"} {
			if got := f.Request(n).Header.Get("Authorization"); got != want {
				t.Errorf("request %d: Authorization = %q, want %q", n, got, want)
			}
		}
	})
	it(t, "are in no reason that the upstream gives", func(t *testing.T) {
		f := newFake(answers(400, `{"error": "bad token s3cr3t-ann of ann"}`))
		up := open(t, f, func(c *config) { traced(c) }) // TestMain looks for tokens in the spans, and in the log
		got := ask(asking(up, time.Time{}), "ann/a")
		want(t, got, upstream.Failed, upstream.CodeBadRequest)
		if detail := got.Err.Detail; strings.Contains(detail, "s3cr3t") || !strings.Contains(detail, "bad token") {
			t.Errorf("detail = %q, want the reason without the token", detail)
		}
	})
	it(t, "end what was asked with them", func(t *testing.T) {
		f := newFake(well)
		s := asking(open(t, f, noRetries), time.Now().Add(time.Minute))
		ask(s, "ann/a")
		time.Sleep(time.Minute - 1)
		want(t, ask(s, "ann/a"), upstream.Cached, "")
		f.Now(answers(500, ""))
		time.Sleep(time.Nanosecond)
		want(t, ask(s, "ann/a"), upstream.Failed, upstream.CodeServerError)
		wantSent(t, f, 2)
	})
	it(t, "end what a 304 has confirmed, and what does not exist", func(t *testing.T) {
		f := newFake(inTurn(answers(200, "fine", "ETag", `"1"`, "Cache-Control", "max-age=1"), answers(304, "", "ETag", `"1"`), answers(404, "")))
		s := asking(open(t, f, func(c *config) { c.Lifetimes.RevalidateFor = 0 }), time.Now().Add(20*time.Second))
		ask(s, "ann/a")
		time.Sleep(5 * time.Second)
		want(t, ask(s, "ann/a"), upstream.Live, "")
		want(t, ask(s, "ann/b"), upstream.Skipped, upstream.CodeNotFound)
		f.Now(answers(500, "", "Cache-Control", "max-age=100"))
		time.Sleep(15 * time.Second)
		want(t, ask(s, "ann/a"), upstream.Failed, upstream.CodeServerError)
		want(t, ask(s, "ann/b"), upstream.Failed, upstream.CodeServerError)
	})
	it(t, "that have ended are sent all the same, and nothing is stored", func(t *testing.T) {
		f := newFake(well)
		s := asking(open(t, f), time.Now().Add(-time.Second))
		want(t, ask(s, "ann/a"), upstream.Live, "")
		f.Now(answers(401, ""))
		want(t, ask(s, "ann/a"), upstream.Failed, upstream.CodeUnauthorized)
		want(t, ask(s, "ann/a"), upstream.Failed, upstream.CodeUnauthorized)
		wantSent(t, f, 3)
	})
}

func TestCallersRefusals(t *testing.T) {
	for name, tt := range map[string]struct {
		status int
		code   upstream.Code
		state  upstream.State
	}{
		"a 401": {401, upstream.CodeUnauthorized, upstream.Failed},
		"a 403": {403, upstream.CodeForbidden, upstream.Failed},
		"a 404": {404, upstream.CodeNotFound, upstream.Skipped},
	} {
		it(t, name+" is not covered by an old answer and removes it", func(t *testing.T) {
			f := newFake(well)
			s := asking(open(t, f, noRetries), time.Time{})
			ask(s, "ann/a")
			time.Sleep(time.Hour)
			f.Now(answers(tt.status, ""))
			for range 3 {
				want(t, ask(s, "ann/a"), tt.state, tt.code)
			}
			wantSent(t, f, 2)
			f.Now(answers(500, ""))
			time.Sleep(time.Minute)
			want(t, ask(s, "ann/a"), upstream.Failed, upstream.CodeServerError)
		})
		it(t, name+" in the background removes an old answer too", func(t *testing.T) {
			f := newFake(well)
			s := asking(open(t, f, noRetries), time.Time{})
			ask(s, "ann/a")
			time.Sleep(12 * time.Minute)
			f.Now(answers(tt.status, ""))
			want(t, ask(s, "ann/a"), upstream.Revalidating, "")
			time.Sleep(time.Second)
			want(t, ask(s, "ann/a"), tt.state, tt.code)
		})
	}
	it(t, "of our own policies leave the old answer", func(t *testing.T) {
		f := newFake(well)
		up := open(t, f, noRetries)
		s := asking(up, time.Time{})
		ask(s, "ann/a")
		time.Sleep(time.Hour)
		f.Now(answers(403, ""))
		ask(things(up, func(s *spec) { s.Forbidden = upstream.ThisUpstream }), "a")
		want(t, ask(s, "ann/a"), upstream.Stale, upstream.CodeForbidden)
		wantSent(t, f, 2)
	})
	for _, status := range []int{401, 403, 429} {
		it(t, fmt.Sprintf("with a %d hold back nobody but this key", status), func(t *testing.T) {
			f := newFake(answers(status, ""))
			up := open(t, f, noRetries)
			s := asking(up, time.Time{}, func(s *spec) { s.Forbidden = upstream.ThisUpstream })
			other := asking(up, time.Time{})
			ask(s, "ann/a")
			ask(other, "ann/a")
			wantSent(t, f, 2)
			f.Now(well)
			if got := ask(s, "ann/a"); got.State != upstream.Failed || got.Attempts != 0 {
				t.Errorf("asked again = %s after %d requests, want failed after none", got.State, got.Attempts)
			}
			want(t, ask(s, "ann/b"), upstream.Live, "")
			want(t, ask(s, "bob/a"), upstream.Live, "")
			want(t, ask(things(up), "a"), upstream.Live, "")
		})
	}
	it(t, "with a 429 end when the upstream said", func(t *testing.T) {
		f := newFake(inTurn(answers(429, "", "Retry-After", "60"), well))
		s := asking(open(t, f, noRetries), time.Time{})
		ask(s, "ann/a")
		time.Sleep(45 * time.Second)
		got := s.Ask(t.Context(), "ann/a", upstream.Directives{MaxAge: time.Second})
		want(t, got, upstream.Failed, upstream.CodeRateLimited)
		if got.Err.RetryAfter != 15*time.Second {
			t.Errorf("retry after %s, want the 15 s that are left", got.Err.RetryAfter)
		}
		time.Sleep(15 * time.Second)
		want(t, ask(s, "ann/a"), upstream.Live, "")
	})
	it(t, "with a 429 leave the old answer", func(t *testing.T) {
		f := newFake(well)
		s := asking(open(t, f, noRetries), time.Time{})
		ask(s, "ann/a")
		time.Sleep(time.Hour)
		f.Now(answers(429, "", "Retry-After", "60"))
		for range 2 {
			want(t, ask(s, "ann/a"), upstream.Stale, upstream.CodeRateLimited)
		}
		wantSent(t, f, 2)
	})
}

func TestCallersAnswersAreNotShared(t *testing.T) {
	redis := redistest.Start(t)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "gone") {
			w.WriteHeader(http.StatusNotFound)
		}
	}))
	defer server.Close()
	r, err := cache.NewRedis(cache.RedisConfig{URL: redis.PatientURL(), Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	up := open(t, nil, func(c *config) { c.Redis = r; c.BaseURL, _ = url.Parse(server.URL) })
	s := asking(up, time.Time{}, func(s *spec) { s.Mutable = true })
	for _, q := range []string{"ann/a", "ann/gone"} {
		s.Ask(context.Background(), q, upstream.Directives{})
	}
	s.Remove("ann/a")
	up.Close() // which waits for what would be stored
	if keys := redis.Client().Keys(t.Context(), "*").Val(); len(keys) > 0 {
		t.Errorf("Redis has %q, want nothing", keys)
	}
}
