//go:build chaos

package chaos_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tributary/cache/redistest"
	"tributary/cmd/tributary/worstday"
)

// restartLoad is the least number of requests during a rolling restart.
const restartLoad = 20_000

// While each of three gateways behind nginx is restarted, one after the other, every
// request is answered in full.
func TestRollingRestart(t *testing.T) {
	w := start(t, worstday.Schedule{Replicas: 3, Redis: true, Env: map[string]string{
		// Nobody waits for an upstream on a busy machine.
		"PATIENCE": "30s", "REQUEST_TIMEOUT": "60s", "SHUTDOWN_TIMEOUT": "60s",
	}})
	url := w.startNginx()
	paths := []string{
		"/v1/weather?city=Oslo", "/v1/weather?lat=28.65&lon=77.23", "/v1/air-quality?lat=-12.04&lon=-77.03",
		"/v1/users/3", "/v1/users/5?include=github", "/v1/users?per_page=5", "/v1/places?q=Paris", "/v1/visits/2",
	}
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 32}}
	t.Cleanup(client.CloseIdleConnections)
	var sent, failed, restarts atomic.Int64
	var restarting, clients sync.WaitGroup
	for range 16 {
		clients.Go(func() {
			for n := sent.Add(1); n <= restartLoad || restarts.Load() < 3; n = sent.Add(1) {
				if err := complete(client, url+paths[n%int64(len(paths))]); err != nil && failed.Add(1) <= 10 {
					t.Errorf("request %d: %v", n, err)
				}
			}
		})
	}
	restarting.Go(func() {
		for i := range w.replicas {
			// Each in its third of the load.
			eventually(t, "the load goes on", func() bool { return sent.Load() > int64(i+1)*restartLoad/4 })
			w.Restart(i)
			// nginx asks no gateway for a while that has refused a connection, and must not
			// find two such gateways.
			eventually(t, "nginx asks the gateway again", func() bool { return asked(w.replicas[i].env["LISTEN_ADDR"]) })
			restarts.Add(1)
		}
	})
	restarting.Wait()
	clients.Wait()
	t.Logf("%d requests, %d restarts, %d failed", sent.Load(), restarts.Load(), failed.Load())
}

// asked reports whether a gateway has answered a question since its start.
func asked(gateway string) bool {
	resp, err := http.Get("http://" + gateway + "/v1/status")
	if err != nil {
		return false
	}
	defer resp.Body.Close()
	var status struct{ Cache struct{ Hits, Misses int } }
	return json.NewDecoder(resp.Body).Decode(&status) == nil && status.Cache.Hits+status.Cache.Misses > 0
}

// complete asks for an aggregate, and reports why it is not answered in full.
func complete(client *http.Client, url string) error {
	resp, err := client.Get(url)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return fmt.Errorf("%s: %d, %w", url, resp.StatusCode, err)
	}
	var a struct{ Meta struct{ Status string } }
	if err := json.Unmarshal(body, &a); err != nil || resp.StatusCode != http.StatusOK || a.Meta.Status != "complete" {
		return fmt.Errorf("%s: %d %.300s", url, resp.StatusCode, body)
	}
	return nil
}

// startNginx runs nginx by the configuration that is deployed, except for its addresses,
// its folder and a third gateway, and returns its URL.
func (w *world) startNginx() string {
	w.t.Helper()
	program, err := exec.LookPath("nginx")
	if err != nil {
		redistest.Missing(w.t, "nginx", "Debian's package nginx-light brings it")
	}
	config, err := os.ReadFile("../../../deploy/nginx/nginx.conf")
	if err != nil {
		w.t.Fatal(err)
	}
	gateway := func(i int) string { return w.replicas[i].env["LISTEN_ADDR"] }
	third := "gateway-2:8080 max_fails=1 fail_timeout=2s;"
	dir, address := w.t.TempDir(), freeAddress(w.t)
	here := strings.NewReplacer("gateway-1:8080", gateway(0), third, strings.Replace(third, "gateway-2:8080", gateway(1), 1)+
		" server "+strings.Replace(third, "gateway-2:8080", gateway(2), 1),
		"listen 8080", "listen "+address, "/tmp/", dir+"/", "worker_processes auto", "worker_processes 1").Replace(string(config))
	path := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(path, []byte(here), 0o600); err != nil {
		w.t.Fatal(err)
	}
	nginx := exec.Command(program, "-c", path, "-p", dir, "-e", "stderr", "-g", "daemon off; master_process off;")
	nginx.Stderr = &lines{log: &w.log, name: "nginx"}
	if err := nginx.Start(); err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() {
		_ = nginx.Process.Kill()
		_ = nginx.Wait() // it was killed
		if w.t.Failed() {
			w.t.Logf("the end of the log:\n%s", strings.Join(w.log.last(60), "\n"))
		}
	})
	eventually(w.t, "nginx listens", func() bool {
		conn, err := net.DialTimeout("tcp", address, time.Second)
		if err == nil {
			_ = conn.Close()
		}
		return err == nil
	})
	return "http://" + address
}
