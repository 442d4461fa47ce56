package app

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"tributary/upstream/pipetest"
)

// serveStream runs a whole gateway in memory, over a directory with one user. stop ends it, and returns its exit code and how long that took.
func serveStream(t *testing.T, env map[string]string) (dial func() *client, stop func() (int, time.Duration)) {
	t.Helper()
	directory := pipetest.Serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, `{"id": 1, "name": "Ada"}`)
	}))
	public := pipetest.NewListener()
	n := Network{Dial: directory.DialContext, Listen: func(string, string) (net.Listener, error) { return public, nil }}
	ctx, cancel := context.WithCancel(t.Context())
	exit := make(chan int, 1)
	var logs bytes.Buffer
	getenv := func(name string) string {
		return map[string]string{"ADMIN_ADDR": "off", "DIRECTORY_URL": "http://directory.test"}[name] + env[name]
	}
	ready := make(chan struct{})
	go func() { exit <- serveUntil(ctx, n, getenv, &logs, events{listening: func(listening) { close(ready) }}) }()
	select {
	case <-ready:
	case code := <-exit:
		t.Fatalf("exit code %d: %s", code, &logs)
	}
	dial = func() *client {
		conn, err := public.Dial(t.Context(), "", "")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		return &client{t, conn, bufio.NewReader(conn)}
	}
	return dial, func() (int, time.Duration) {
		start := time.Now()
		cancel()
		code := <-exit
		if t.Failed() {
			t.Log(logs.String())
		}
		return code, time.Since(start)
	}
}

// rest is what a stream sends until it ends.
func rest(r *http.Response) <-chan string {
	all := make(chan string, 1)
	go func() {
		text, _ := io.ReadAll(r.Body)
		all <- string(text)
	}()
	return all
}

func (c *client) stream() *http.Response {
	c.t.Helper()
	c.send("GET /v1/users/1/stream HTTP/1.1\r\nHost: gateway.test\r\n\r\n")
	r, err := http.ReadResponse(c.in, nil)
	if err != nil {
		c.t.Fatal(err)
	}
	if r.StatusCode != http.StatusOK {
		body, _ := io.ReadAll(r.Body)
		c.t.Fatalf("status = %d, want a stream; %s", r.StatusCode, body)
	}
	return r
}

func TestStreamsAndTheServer(t *testing.T) {
	it := func(does string, test func(t *testing.T)) {
		t.Run(does, func(t *testing.T) { synctest.Test(t, test) })
	}
	it("a stream outlives the server's time-outs", func(t *testing.T) {
		dial, stop := serveStream(t, map[string]string{"REQUEST_TIMEOUT": "1s"})
		all := rest(dial().stream())
		time.Sleep(2 * time.Minute) // ReadTimeout is 6 s, WriteTimeout 11 s
		if code, took := stop(); code != 0 || took > time.Second {
			t.Errorf("exit code %d after %v, want 0 at once", code, took)
		}
		if text := <-all; strings.Count(text, "\n:\n") < 7 || !strings.Contains(text, "\n\nretry: ") {
			t.Errorf("the stream was %q, want a comment every 15 s and a retry at its end", text)
		}
	})
	it("streams go on during DRAIN_DELAY, and end once the listener is closed", func(t *testing.T) {
		dial, stop := serveStream(t, map[string]string{"DRAIN_DELAY": "10s"})
		streams := make(chan (<-chan string), 2)
		streams <- rest(dial().stream())
		time.AfterFunc(5*time.Second, func() { streams <- rest(dial().stream()) })
		if code, took := stop(); code != 0 || took < 10*time.Second || took > 11*time.Second {
			t.Errorf("exit code %d after %v, want 0 after the delay", code, took)
		}
		if len(streams) != 2 {
			t.Fatal("no stream was opened during the delay")
		}
		for range 2 {
			if text := <-<-streams; !strings.HasPrefix(text, "event: answer\n") || !strings.Contains(text, "\n\nretry: ") {
				t.Errorf("a stream was %q, want an answer, and a retry at its end", text)
			}
		}
	})
	it("a client that does not read cannot hold up the end", func(t *testing.T) {
		dial, stop := serveStream(t, nil)
		c := dial()
		c.stream()
		synctest.Wait()
		if code, took := stop(); code != 0 || took > 6*time.Second {
			t.Errorf("exit code %d after %v, want 0 within the time that a client has to take an event", code, took)
		}
	})
}
