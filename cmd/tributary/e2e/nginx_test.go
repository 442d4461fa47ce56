package e2e_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"tributary/cache/redistest"
)

// startNginx runs nginx by the configuration that is deployed, except for its addresses
// and its folder, in front of two gateways.
func startNginx(t *testing.T, first, second string) (url string) {
	t.Helper()
	binary, err := exec.LookPath("nginx")
	if err != nil {
		redistest.Missing(t, "nginx", "Debian's package nginx-light brings it")
	}
	config, err := os.ReadFile("../../../deploy/nginx/nginx.conf")
	if err != nil {
		t.Fatal(err)
	}
	dir, address := t.TempDir(), freeAddress(t)
	here := strings.NewReplacer("gateway-1:8080", first, "gateway-2:8080", second, "listen 8080", "listen "+address,
		"/tmp/", dir+"/", "worker_processes auto", "worker_processes 1").Replace(string(config))
	path := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(path, []byte(here), 0o600); err != nil {
		t.Fatal(err)
	}
	foreground := []string{"-c", path, "-p", dir, "-e", "stderr", "-g", "daemon off; master_process off;"}
	if out, err := exec.Command(binary, append([]string{"-t"}, foreground...)...).CombinedOutput(); err != nil {
		t.Fatalf("nginx -t: %v\n%s", err, out)
	}
	startProcess(t, exec.Command(binary, foreground...))
	eventually(t, "nginx listens", func() bool {
		conn, err := net.Dial("tcp", address)
		if err == nil {
			_ = conn.Close()
		}
		return err == nil
	})
	return "http://" + address
}

// backend stands for a gateway behind nginx.
func backend(t *testing.T, handler http.HandlerFunc) (address string, connections *atomic.Int64) {
	t.Helper()
	connections = &atomic.Int64{}
	server := httptest.NewUnstartedServer(handler)
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			connections.Add(1)
		}
	}
	server.Start()
	t.Cleanup(server.Close)
	return server.Listener.Addr().String(), connections
}

func TestNginx(t *testing.T) {
	client := &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{}}
	t.Cleanup(client.CloseIdleConnections)
	do := func(t *testing.T, method, url string) (status int, body string) {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), method, url, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("X-Forwarded-For", "192.0.2.7")
		resp, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		b, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode, string(b)
	}

	t.Run("it appends the client's address and keeps connections", func(t *testing.T) {
		address, connections := backend(t, func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprint(w, r.Host, " ", r.Header["X-Forwarded-For"])
		})
		url := startNginx(t, address, address)
		for range 10 {
			want := strings.TrimPrefix(url, "http://") + " [192.0.2.7, 127.0.0.1]"
			if status, body := do(t, http.MethodGet, url+"/v1/weather"); status != http.StatusOK || body != want {
				t.Fatalf("GET = %d %q, want 200 %q", status, body, want)
			}
		}
		if n := connections.Load(); n > 2 { // one for each of the two names of this gateway
			t.Errorf("ten requests took %d connections, want two at most", n)
		}
	})
	t.Run("it leaves out a gateway that has gone", func(t *testing.T) {
		address, _ := backend(t, func(http.ResponseWriter, *http.Request) {})
		url := startNginx(t, freeAddress(t), address)
		for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodGet} {
			if status, _ := do(t, method, url+"/v1/users"); status != http.StatusOK {
				t.Errorf("%s = %d, want 200", method, status)
			}
		}
	})
	t.Run("it sends no write twice, and no request after an answer", func(t *testing.T) {
		var writes, reads atomic.Int64
		address, _ := backend(t, func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodGet {
				reads.Add(1)
				w.WriteHeader(http.StatusServiceUnavailable)
				return
			}
			writes.Add(1)
			panic(http.ErrAbortHandler) // the connection breaks when the request was read
		})
		url := startNginx(t, address, address)
		if status, _ := do(t, http.MethodGet, url+"/v1/users/1"); status != http.StatusServiceUnavailable || reads.Load() != 1 {
			t.Errorf("GET = %d after %d requests, want the 503 of one", status, reads.Load())
		}
		if status, _ := do(t, http.MethodPost, url+"/v1/users"); status != http.StatusBadGateway || writes.Load() != 1 {
			t.Errorf("POST = %d after %d requests, want a 502 after one", status, writes.Load())
		}
	})
	t.Run("it passes each event on at once", func(t *testing.T) {
		received := make(chan struct{})
		address, _ := backend(t, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/event-stream")
			for i := range 3 {
				fmt.Fprintln(w, "event:", i)
				_ = http.NewResponseController(w).Flush()
				select { // the next event waits until the client has this one
				case <-received:
				case <-r.Context().Done():
				}
			}
		})
		resp, err := client.Get(startNginx(t, address, address) + "/v1/weather/stream")
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		lines := bufio.NewScanner(resp.Body)
		for i := range 3 {
			if want := fmt.Sprint("event: ", i); !lines.Scan() || lines.Text() != want {
				t.Fatalf("got %q, %v, want %s", lines.Text(), lines.Err(), want)
			}
			received <- struct{}{}
		}
	})
}
