package upstream_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"tributary/upstream"
	"tributary/upstream/pipetest"
)

// real is a source of a real server.
func real(t *testing.T, base string, changes ...func(*config)) source {
	t.Helper()
	u, err := url.Parse(base)
	if err != nil {
		t.Fatal(err)
	}
	changes = append([]func(*config){noRetries, func(c *config) {
		c.BaseURL, c.Transport = u, nil
		c.Policies.Timeout, c.FetchBudget = time.Minute, time.Minute // the clock is real, and the machine may be busy
	}}, changes...)
	return things(open(t, nil, changes...))
}

// listen serves h on the loopback interface.
func listen(t *testing.T, h http.HandlerFunc) *httptest.Server {
	t.Helper()
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	return srv
}

// raw handles a request with direct access to its connection.
func raw(do func(*net.TCPConn)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			panic(err)
		}
		defer conn.Close()
		do(conn.(*net.TCPConn))
	}
}

func TestRequest(t *testing.T) {
	var got *http.Request
	srv := listen(t, func(w http.ResponseWriter, r *http.Request) { got = r })

	t.Run("it has the base URL's prefix and keeps percent-encoding", func(t *testing.T) {
		for base, want := range map[string]string{
			"":                 "/things/x%5Bbot%5D",
			"/":                "/things/x%5Bbot%5D",
			"/api/v2":          "/api/v2/things/x%5Bbot%5D",
			"/api%2Fv2/":       "/api%2Fv2/things/x%5Bbot%5D",
			"/with%20a%20path": "/with%20a%20path/things/x%5Bbot%5D",
		} {
			ask(real(t, srv.URL+base), "x[bot]")
			if got.RequestURI != want {
				t.Errorf("base %q: asked for %s, want %s", base, got.RequestURI, want)
			}
		}
		ask(real(t, srv.URL+"/api"), "a/b?c")
		if want := "/api/things/a%2Fb%3Fc"; got.RequestURI != want {
			t.Errorf("asked for %s, want %s", got.RequestURI, want)
		}
	})
	t.Run("it keeps its query and adds credentials to it", func(t *testing.T) {
		u, _ := url.Parse(srv.URL)
		up := open(t, nil, func(c *config) {
			c.BaseURL, c.Transport = u, nil
			c.Credentials = func(r *http.Request) { r.URL.RawQuery += "&appid=key" }
		})
		s := things(up, func(s *spec) {
			s.Request = func(ctx context.Context, q string) (*http.Request, error) {
				return http.NewRequestWithContext(ctx, http.MethodGet, "/search?name="+q, nil)
			}
		})
		ask(s, "a")
		if want := "/search?name=a&appid=key"; got.RequestURI != want {
			t.Errorf("asked for %s, want %s", got.RequestURI, want)
		}
	})
	t.Run("it has User-Agent and Host", func(t *testing.T) {
		ask(real(t, srv.URL, func(c *config) { c.UserAgent = "tributary/1 (ops@example.org)" }), "a")
		if got.UserAgent() != "tributary/1 (ops@example.org)" || got.Host != strings.TrimPrefix(srv.URL, "http://") {
			t.Errorf("User-Agent %q, host %q", got.UserAgent(), got.Host)
		}
	})
}

func TestBody(t *testing.T) {
	const bound = 4 << 20
	for name, tt := range map[string]struct {
		serve http.HandlerFunc
		state upstream.State
		code  upstream.Code
	}{
		"it accepts a body of the greatest size": {func(w http.ResponseWriter, r *http.Request) {
			w.Write(bytes.Repeat([]byte("a"), bound))
		}, upstream.Live, ""},
		"it refuses a longer body": {func(w http.ResponseWriter, r *http.Request) {
			w.Write(bytes.Repeat([]byte("a"), bound+1))
		}, upstream.Failed, upstream.CodeInvalidResponse},
		"it refuses a compressed body that grows beyond the limit": {func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			z.Write(make([]byte, bound+1))
			z.Close()
		}, upstream.Failed, upstream.CodeInvalidResponse},
		"it refuses a body that was cut off": {raw(func(c *net.TCPConn) {
			io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
		}), upstream.Failed, upstream.CodeInvalidResponse},
		"it refuses chunks that were cut off": {raw(func(c *net.TCPConn) {
			io.WriteString(c, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n")
		}), upstream.Failed, upstream.CodeInvalidResponse},
		"it refuses a body that is not compressed as its header says": {func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			io.WriteString(w, "this is no gzip")
		}, upstream.Failed, upstream.CodeInvalidResponse},
		"it refuses a compressed body that was cut off": {func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			var b bytes.Buffer
			z := gzip.NewWriter(&b)
			io.WriteString(z, strings.Repeat("fine", 1000))
			z.Close()
			w.Write(b.Bytes()[:b.Len()/2])
		}, upstream.Failed, upstream.CodeInvalidResponse},
		"it reports a reset within the body as a connection failure": {raw(func(c *net.TCPConn) {
			io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
			c.SetLinger(0)
		}), upstream.Failed, upstream.CodeConnection},
	} {
		t.Run(name, func(t *testing.T) {
			want(t, ask(real(t, listen(t, tt.serve).URL), "a"), tt.state, tt.code)
		})
	}
	t.Run("it is decompressed", func(t *testing.T) {
		srv := listen(t, func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Accept-Encoding") != "gzip" {
				t.Errorf("Accept-Encoding = %q, want gzip", r.Header.Get("Accept-Encoding"))
			}
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			io.WriteString(z, "fine")
			z.Close()
		})
		if got := ask(real(t, srv.URL), "a"); got.Value != "fine" {
			t.Errorf("answer = %q (%v), want fine", got.Value, got.Err)
		}
	})
	t.Run("it is read to its end, so that the connection is reused", func(t *testing.T) {
		var conns atomic.Int64
		srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(map[string]int{"/things/500": 500, "/things/404": 404}[r.URL.Path] | 200)
			w.Write(bytes.Repeat([]byte("a"), 100_000))
		}))
		srv.Config.ConnState = func(_ net.Conn, s http.ConnState) {
			if s == http.StateNew {
				conns.Add(1)
			}
		}
		srv.Start()
		t.Cleanup(srv.Close)
		s := real(t, srv.URL)
		for _, name := range []string{"a", "500", "b", "404", "c"} {
			ask(s, name)
		}
		if got := conns.Load(); got != 1 {
			t.Errorf("connections = %d, want 1", got)
		}
	})
	it(t, "is closed whether the attempt succeeds or fails", func(t *testing.T) {
		var opened, closed int
		f := newFake(nil)
		_, s := serve(t, f, noRetries)
		for _, b := range []behaviour{well, answers(404, ""), answers(500, ""), answers(200, "garbage"), answers(200, strings.Repeat("a", bound+1))} {
			f.Now(func(r *http.Request) (*http.Response, error) {
				resp, err := b(r)
				opened++
				resp.Body = &body{resp.Body, &closed}
				return resp, err
			})
			ask(s, fresh())
		}
		if opened != 5 || closed != opened {
			t.Errorf("bodies opened = %d, closed = %d, want 5", opened, closed)
		}
	})
	it(t, "is abandoned at the attempt's deadline when it arrives slowly", func(t *testing.T) {
		s := things(open(t, nil, noRetries, func(c *config) {
			c.Transport = pipetest.Serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				for {
					io.WriteString(w, ".")
					http.NewResponseController(w).Flush()
					select {
					case <-time.After(100 * time.Millisecond):
					case <-r.Context().Done():
						return
					}
				}
			}))
		}))
		var got answer
		wantTook(t, took(func() { got = ask(s, "a") }), 2*time.Second)
		want(t, got, upstream.Failed, upstream.CodeTimeout)
	})
}

// body counts calls to Close.
type body struct {
	io.ReadCloser
	closed *int
}

func (b *body) Close() error { *b.closed++; return b.ReadCloser.Close() }
