//go:build chaos

package chaos_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tributary/cache/redistest"
	"tributary/cmd/tributary/worstday"
	upstreamsim "tributary/upstream/sim"
)

// world is real programs as a stage for a day.
type world struct {
	t         testing.TB
	simulator map[string]string // URLs by the names that "tributary sim" prints
	redis     *redis
	replicas  []*replica
	recorder  worstday.Recorder
	log       lastLines
	clients   *http.Client
}

// start starts Redis, the simulator, and the gateways of a day.
func start(t testing.TB, s worstday.Schedule) *world {
	t.Helper()
	w := &world{t: t, clients: &http.Client{Transport: &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 64}}}
	t.Cleanup(w.clients.CloseIdleConnections)
	w.redis = &redis{server: redistest.Start(t), t: t}
	w.simulator = startSimulator(t, &w.log)
	file := filepath.Join(t.TempDir(), "endpoints.yaml")
	if err := os.WriteFile(file, []byte(worstday.Endpoints), 0o600); err != nil {
		t.Fatal(err)
	}
	for i := range s.Replicas {
		env := map[string]string{
			"LISTEN_ADDR": freeAddress(t), "ADMIN_ADDR": "off", "CONSOLE": "off", "CLIENT_RATE_LIMIT": "off",
			"METNO_CONTACT": "ops@example.org", "OPENWEATHER_API_KEY": "key", "USERS_GITHUB_LINK": "username",
			"API_KEYS": "all:weather:read+users:read+users:write:" + worstday.Key, "ANONYMOUS_SCOPES": "weather:read+users:read",
			"REDIS_URL": w.redis.server.URL() + "?read_timeout=500ms", "ENDPOINTS_FILE": file,
		}
		var providers []string
		for name, target := range w.simulator {
			if name != upstreamsim.Control {
				providers = append(providers, name)
				env[strings.ToUpper(name)+"_URL"] = w.link(i, name, target, s.IgnoresKeys)
				env[strings.ToUpper(name)+"_RATE_LIMIT"] = "off"
			}
		}
		env["TRACE_PROPAGATE"] = strings.Join(providers, ",")
		maps.Copy(env, s.Env)
		w.replicas = append(w.replicas, startReplica(t, i, env, &w.log))
	}
	return w
}

func (w *world) Do(ctx context.Context, replica int, _ string, r *http.Request) (*http.Response, error) {
	return w.send(ctx, w.replicas[replica].url(), r)
}

func (w *world) Ask(ctx context.Context, provider string, r *http.Request) (*http.Response, error) {
	return w.send(ctx, w.simulator[provider], r)
}

func (w *world) send(ctx context.Context, base string, r *http.Request) (*http.Response, error) {
	to, err := url.Parse(base)
	if err != nil {
		return nil, err
	}
	r = r.Clone(ctx)
	r.URL.Scheme, r.URL.Host, r.RequestURI, r.Host = to.Scheme, to.Host, "", ""
	return w.clients.Transport.RoundTrip(r)
}

func (w *world) Fault(provider string, f upstreamsim.Fault) error {
	all, err := json.Marshal(f)
	if err != nil {
		return err
	}
	var fields map[string]any
	if err := json.Unmarshal(all, &fields); err != nil {
		return err
	}
	// What is not set has a default. Over HTTP a zero is not the same.
	maps.DeleteFunc(fields, func(_ string, value any) bool { return value == 0.0 || value == "" })
	body, err := json.Marshal(fields)
	if err != nil {
		return err
	}
	return w.control(http.MethodPut, provider, body)
}

func (w *world) Heal(provider string) error { return w.control(http.MethodDelete, provider, nil) }

func (w *world) control(method, provider string, body []byte) error {
	r, err := http.NewRequest(method, w.simulator[upstreamsim.Control]+"/_sim/"+provider, bytes.NewReader(body))
	if err != nil {
		return err
	}
	resp, err := w.clients.Do(r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if said, _ := io.ReadAll(resp.Body); resp.StatusCode >= 300 {
		return fmt.Errorf("%s %s: %d %s", method, r.URL, resp.StatusCode, said)
	}
	return nil
}

func (w *world) RedisEvent(e worstday.Event) error { return w.redis.event(e.Who) }

func (w *world) Restart(replica int) { w.replicas[replica].restart() }

func (w *world) Crash(replica int) { w.replicas[replica].crash() }

func (w *world) Calls() []worstday.Call { return w.recorder.Calls() }

func (w *world) Log(n int) []string { return w.log.last(n) }

// eventually waits for something that has no other way to tell.
func eventually(t testing.TB, what string, is func() bool) {
	t.Helper()
	deadline := time.Now().Add(time.Minute)
	for ; !is(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Errorf("not within a minute: %s", what)
			return
		}
	}
}
