package app

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"tributary/telemetry"
	"tributary/upstream/pipetest"
)

// client is one kept connection.
type client struct {
	t *testing.T
	net.Conn
	in *bufio.Reader
}

func (c *client) send(text string) {
	c.t.Helper()
	if _, err := io.WriteString(c, text); err != nil {
		c.t.Fatalf("send %q: %v", text, err)
	}
}

// answer is the next one, and whether it closes the connection.
func (c *client) answer() (status int, closes bool) {
	c.t.Helper()
	for {
		r, err := http.ReadResponse(c.in, nil)
		if err != nil {
			c.t.Fatalf("no answer: %v", err)
		}
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			c.t.Fatal(err)
		}
		if r.StatusCode >= 200 {
			return r.StatusCode, r.Close
		}
		if r.Close || r.Header.Get("Connection") != "" {
			c.t.Errorf("an interim answer says Connection: %s", r.Header.Get("Connection"))
		}
	}
}

func (c *client) ask(target string) (status int, closes bool) {
	c.t.Helper()
	c.send("GET " + target + " HTTP/1.1\r\nHost: gateway.test\r\n\r\n")
	return c.answer()
}

// ended is how long it takes until the server closes the connection.
func (c *client) ended() time.Duration {
	start := time.Now()
	_, _ = io.Copy(io.Discard, c.in)
	return time.Since(start)
}

// drainTest is a server in a bubble.
type drainTest struct {
	*drainable
	listener *pipetest.Listener
}

func newDrainTest(t *testing.T) *drainTest {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "body") })
	mux.HandleFunc("/empty", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("/no-content", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	mux.HandleFunc("/error", func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no", http.StatusBadGateway) })
	mux.HandleFunc("/early", func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusEarlyHints)
		io.WriteString(w, "body")
	})
	mux.HandleFunc("/flushed", func(w http.ResponseWriter, _ *http.Request) {
		if err := http.NewResponseController(w).Flush(); err != nil {
			t.Errorf("Flush: %v", err)
		}
	})
	mux.HandleFunc("/slow", func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-time.After(4 * time.Second):
			io.WriteString(w, "body")
		case <-r.Context().Done():
		}
	})
	d := &drainTest{newDrainable(&http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second, IdleTimeout: time.Hour}, new(atomic.Bool)), pipetest.NewListener()}
	served := make(chan error, 1)
	go func() { served <- d.Serve(d.listener) }()
	t.Cleanup(func() {
		d.drainable.Close()
		if err := <-served; !errors.Is(err, http.ErrServerClosed) {
			t.Errorf("Serve: %v", err)
		}
	})
	return d
}

func (d *drainTest) dial(t *testing.T) *client {
	t.Helper()
	conn, err := d.listener.Dial(t.Context(), "", "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return &client{t, conn, bufio.NewReader(conn)}
}

// stop begins to drain; what it returns waits for the end, and tells how long
// that took.
func (d *drainTest) stop(delay, timeout time.Duration) func() (time.Duration, error) {
	ended := make(chan error, 1)
	start := time.Now()
	go func() { ended <- d.drain(delay, newExit(timeout)) }()
	return func() (time.Duration, error) {
		err := <-ended
		return time.Since(start), err
	}
}

func TestDrain(t *testing.T) {
	it := func(does string, test func(t *testing.T, d *drainTest)) {
		t.Run(does, func(t *testing.T) { synctest.Test(t, func(t *testing.T) { test(t, newDrainTest(t)) }) })
	}
	it("keeps connections until it begins", func(t *testing.T, d *drainTest) {
		c := d.dial(t)
		for _, target := range []string{"/", "/empty", "/no-content", "/error", "/early", "/flushed", "/"} {
			if _, closes := c.ask(target); closes {
				t.Errorf("the answer of %s closes the connection", target)
			}
		}
	})
	it("closes a connection with every answer during the delay", func(t *testing.T, d *drainTest) {
		var kept []*client
		for range 8 {
			c := d.dial(t)
			c.ask("/")
			kept = append(kept, c)
		}
		stopped := d.stop(10*time.Second, 15*time.Second)
		synctest.Wait()
		for i, target := range []string{"/", "/empty", "/no-content", "/error", "/early", "/flushed"} {
			for _, c := range []*client{kept[i], d.dial(t)} { // new connections are served, too
				if status, closes := c.ask(target); !closes {
					t.Errorf("the answer of %s, %d, leaves the connection open", target, status)
				}
				if d := c.ended(); d > time.Second {
					t.Errorf("after the answer of %s the connection was closed in %s", target, d)
				}
			}
		}
		if took, err := stopped(); err != nil || took < 10*time.Second || took > 11*time.Second {
			t.Errorf("drain = %v after %s, want no error after the delay", err, took)
		}
	})
	it("tells it to requests that came before, too", func(t *testing.T, d *drainTest) {
		c := d.dial(t)
		c.send("GET /slow HTTP/1.1\r\nHost: gateway.test\r\n\r\n")
		synctest.Wait()
		stopped := d.stop(10*time.Second, 15*time.Second)
		if status, closes := c.answer(); status != http.StatusOK || !closes {
			t.Errorf("answer %d, closes %t; want 200 and the connection closed", status, closes)
		}
		if _, err := stopped(); err != nil {
			t.Errorf("drain = %v, want no error", err)
		}
	})
	it("leaves idle connections open until the delay is over", func(t *testing.T, d *drainTest) {
		c := d.dial(t)
		c.ask("/")
		stopped := d.stop(10*time.Second, 15*time.Second)
		if after := c.ended(); after < 10*time.Second || after > 11*time.Second {
			t.Errorf("an idle connection was closed after %s, want 10 s", after)
		}
		if took, err := stopped(); err != nil || took > 11*time.Second {
			t.Errorf("drain = %v after %s, want no error after the delay", err, took)
		}
	})
	it("waits for requests in flight", func(t *testing.T, d *drainTest) {
		c := d.dial(t)
		c.send("GET /slow HTTP/1.1\r\nHost: gateway.test\r\n\r\n")
		synctest.Wait()
		stopped := d.stop(0, 15*time.Second)
		if status, closes := c.answer(); status != http.StatusOK || !closes {
			t.Errorf("answer %d, closes %t; want 200 and the connection closed", status, closes)
		}
		if took, err := stopped(); err != nil || took < 4*time.Second || took > 5*time.Second {
			t.Errorf("drain = %v after %s, want no error after the request's 4 s", err, took)
		}
	})
	for name, sent := range map[string]string{"nothing": "", "half a header": "GET / HTTP/1.1\r\nHo"} {
		it("closes connections at once that have sent "+name, func(t *testing.T, d *drainTest) {
			var silent []*client
			for range 10 {
				c := d.dial(t)
				c.send(sent)
				silent = append(silent, c)
			}
			synctest.Wait()
			stopped := d.stop(0, 15*time.Second)
			for _, c := range silent {
				c.ended()
			}
			if took, err := stopped(); err != nil || took > time.Second {
				t.Errorf("drain = %v after %s, want no error within a second", err, took)
			}
		})
	}
	it("cuts requests off in time for what follows", func(t *testing.T, d *drainTest) {
		c := d.dial(t)
		c.send("GET /slow HTTP/1.1\r\nHost: gateway.test\r\n\r\n")
		synctest.Wait()
		took, err := d.stop(0, 2*time.Second)()
		if err == nil || !strings.Contains(err.Error(), "SHUTDOWN_TIMEOUT, 2s") || took >= 2*time.Second || took < 1500*time.Millisecond {
			t.Errorf("drain = %v after %s, want an error that names SHUTDOWN_TIMEOUT, within it", err, took)
		}
	})
}

func TestCloseAll(t *testing.T) {
	it := func(does string, test func(t *testing.T)) {
		t.Run(does, func(t *testing.T) { synctest.Test(t, test) })
	}
	it("closes side by side", func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		slow := func() { time.Sleep(time.Second) }
		if err := closeAll(ctx, map[string]func(){"a": slow, "b": slow, "c": slow}); err != nil {
			t.Errorf("closeAll = %v, want no error", err)
		}
	})
	it("names what has not ended in time, and nothing else", func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		end := make(chan struct{})
		defer close(end)
		hangs := func() { <-end }
		err := closeAll(ctx, map[string]func(){"metno": hangs, "github": func() {}, "directory": hangs})
		if want := "not closed at the end of SHUTDOWN_TIMEOUT: directory, metno"; err == nil || err.Error() != want {
			t.Errorf("closeAll = %v, want %q", err, want)
		}
	})
}

// A collector that takes everything and answers nothing must not hold up the end.
func TestFlushGivesUp(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0") // connections wait in its queue
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	endpoint := "http://user:hunter2@" + silent.Addr().String()
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint) // the exporter reads its own
	var out bytes.Buffer
	log := telemetry.NewLogger(&out, 0, telemetry.JSON)
	env := environment{"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint}
	tel, err := telemetry.Setup(t.Context(), telemetry.Config{Service: "tributary", Parent: telemetry.Join, Env: env.get, Logger: log})
	if err != nil {
		t.Fatal(err)
	}
	_, span := tel.Tracer().Start(t.Context(), "lost")
	span.End()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	flush(ctx, tel, log)
	if !strings.Contains(out.String(), "the last telemetry was not exported") || strings.Contains(out.String(), "hunter2") {
		t.Errorf("log %q, want it to say that telemetry was lost, and no secret", &out)
	}
}
