package upstream_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"tributary/upstream"
)

func post(repeatable bool) upstream.Write[string] {
	return upstream.Write[string]{
		Name: "things", Route: "/things", Repeatable: repeatable,
		Request: func(ctx context.Context) (*http.Request, error) {
			r, err := http.NewRequestWithContext(ctx, http.MethodPost, "/things", strings.NewReader(`{"name":"x"}`))
			if err == nil {
				r.Header["idempotency-key"] = []string{"k"} // the spelling that the users domain uses
			}
			return r, err
		},
		Decode: func(r upstream.Response) (string, error) { return string(r.Body), nil },
	}
}

// A write that may have been carried out is repeated only if it is idempotent; the
// caller learns that the outcome is uncertain.
func TestSend(t *testing.T) {
	for _, tt := range []struct {
		name       string
		first      http.HandlerFunc // answers the first request; later ones succeed
		repeatable bool
		requests   int64
		code       upstream.Code // "": success
		uncertain  bool
	}{
		{"is carried out once", answerWith(201), false, 1, "", false},
		{"is not repeated after a reset", reset, false, 1, upstream.CodeConnection, true},
		{"is not repeated after a 500", answerWith(500), false, 1, upstream.CodeServerError, true},
		{"is not repeated after a time-out", hang, false, 1, upstream.CodeTimeout, true},
		{"is repeated after a reset if it is idempotent", reset, true, 2, "", false},
		{"is repeated after a 500 if it is idempotent", answerWith(500), true, 2, "", false},
		{"is repeated after a time-out if it is idempotent", hang, true, 2, "", false},
		{"is known not to be done after a 422", answerWith(422), false, 1, upstream.CodeBadRequest, false},
		{"is known not to be done after a 429", answerWith(429), false, 1, upstream.CodeRateLimited, false},
		{"is repeated after a 429 with Retry-After", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "1")
			w.WriteHeader(429)
		}, false, 2, "", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var requests atomic.Int64
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				_, _ = io.ReadAll(r.Body)
				if requests.Add(1) == 1 {
					tt.first(w, r)
					return
				}
				_, _ = io.WriteString(w, "made")
			}))
			defer server.Close()
			up := open(t, nil, func(c *config) {
				c.BaseURL, _ = url.Parse(server.URL)
				c.Policies.Timeout, c.Policies.RetryDelay, c.Policies.RetryMaxDelay = 300*time.Millisecond, time.Millisecond, time.Millisecond
			})
			got := upstream.Send(t.Context(), up, post(tt.repeatable))
			if requests.Load() != tt.requests || got.Attempts != int(tt.requests) {
				t.Errorf("requests = %d, attempts = %d; want %d", requests.Load(), got.Attempts, tt.requests)
			}
			switch {
			case tt.code == "" && got.State != upstream.Live:
				t.Errorf("Send = %s, %v; want live", got.State, got.Err)
			case tt.code != "" && (got.State != upstream.Failed || got.Err.Code != tt.code || got.Err.Uncertain != tt.uncertain):
				t.Errorf("Send = %s, %v, uncertain %t; want failed, %s, %t", got.State, got.Err, got.Err != nil && got.Err.Uncertain, tt.code, tt.uncertain)
			}
		})
	}
}

func answerWith(status int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }
}

func hang(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }

func reset(w http.ResponseWriter, _ *http.Request) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	_ = conn.(*net.TCPConn).SetLinger(0)
	_ = conn.Close()
}

// Go's transport repeats a request with Idempotency-Key itself when a reused
// connection breaks; to the upstream this may be a second write.
func TestSendOnAConnectionThatBreaks(t *testing.T) {
	var posts atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.ReadAll(r.Body)
		if r.Method == http.MethodPost && posts.Add(1) == 2 {
			conn, _, err := http.NewResponseController(w).Hijack()
			if err == nil {
				_ = conn.Close() // as if the write had been carried out
			}
			return
		}
		_, _ = io.WriteString(w, "made")
	}))
	defer server.Close()
	up := open(t, nil, func(c *config) { c.BaseURL, _ = url.Parse(server.URL) })
	upstream.Send(t.Context(), up, post(false)) // the connection is kept
	got := upstream.Send(t.Context(), up, post(false))
	if posts.Load() != 2 || got.State != upstream.Failed || !got.Err.Uncertain {
		t.Errorf("posts = %d, %s, %v; want 2, failed and uncertain", posts.Load(), got.State, got.Err)
	}
}

func TestSendWithoutServer(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	base := "http://" + listener.Addr().String()
	_ = listener.Close()
	up := open(t, nil, func(c *config) {
		c.BaseURL, _ = url.Parse(base)
		c.Policies.RetryDelay = time.Millisecond
	})
	got := upstream.Send(t.Context(), up, post(false))
	if got.State != upstream.Failed || got.Err.Code != upstream.CodeConnection || got.Err.Uncertain || got.Attempts != 3 {
		t.Errorf("Send = %s, %v, %d attempts; want a connection error, certain, after 3 attempts", got.State, got.Err, got.Attempts)
	}
}

func TestSendOutlivesItsCaller(t *testing.T) {
	it(t, "is completed when its caller has disconnected", func(t *testing.T) {
		f := newFake(after(time.Second, well))
		up, _ := serve(t, f)
		ctx, leave := context.WithCancel(t.Context())
		leave()
		if got := upstream.Send(ctx, up, post(false)); got.State != upstream.Live {
			t.Errorf("Send = %s, %v; want live", got.State, got.Err)
		}
	})
	it(t, "is refused after Close", func(t *testing.T) {
		f := newFake(well)
		up, _ := serve(t, f)
		up.Close()
		if got := upstream.Send(t.Context(), up, post(false)); got.State != upstream.Failed || f.Sent() != 0 {
			t.Errorf("Send = %s with %d requests, want failed with none", got.State, f.Sent())
		}
	})
}

func TestInvalidateAfterWrite(t *testing.T) {
	for _, tt := range []struct {
		name   string
		remove func(source)
	}{
		{"one", func(s source) { s.Remove("a") }},
		{"all", func(s source) { s.RemoveAll() }},
	} {
		it(t, tt.name+": a cached value is fetched again", func(t *testing.T) {
			f := newFake(inTurn(answers(200, "old"), answers(200, "new")))
			_, s := serve(t, f)
			ask(s, "a")
			tt.remove(s)
			if got := ask(s, "a"); got.Value != "new" || got.State != upstream.Live {
				t.Errorf("answer = %q, %s; want new, live", got.Value, got.State)
			}
		})
		it(t, tt.name+": a fetch that runs meanwhile is not stored, nor returned to later callers", func(t *testing.T) {
			f := newFake(inTurn(after(time.Second, answers(200, "old")), answers(200, "new")))
			_, s := serve(t, f)
			before := make(chan answer, 1)
			go func() { before <- ask(s, "a") }()
			synctest.Wait()
			tt.remove(s)
			if got := ask(s, "a"); got.Value != "new" {
				t.Errorf("asked after the write: %q, want new", got.Value)
			}
			if got := <-before; got.Value != "old" {
				t.Errorf("asked before the write: %q, want old", got.Value)
			}
			if got := ask(s, "a"); got.Value != "new" || got.State != upstream.Cached {
				t.Errorf("asked once more: %q, %s; want new, cached", got.Value, got.State)
			}
		})
	}
}

func TestExhaustedQuota(t *testing.T) {
	it(t, "stops calls to an upstream that reports an exhausted quota", func(t *testing.T) {
		f := newFake(well)
		up := open(t, f)
		s := things(up, func(s *spec) { s.Exhausted = func(upstream.Response) time.Duration { return time.Minute } })
		want(t, ask(s, "a"), upstream.Live, "")
		want(t, ask(s, "b"), upstream.Failed, upstream.CodeRateLimited)
		wantSent(t, f, 1)
		time.Sleep(time.Minute)
		want(t, ask(s, "b"), upstream.Live, "")
	})
}
