package e2e_test

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tributary/cache/redistest"
)

// fleet is gateways that share a Redis and a simulator.
type fleet struct {
	*running // the simulator, and a client
	t        *testing.T
	env      map[string]string
}

func newFleet(t *testing.T, redis *redistest.Server, env map[string]string) *fleet {
	t.Helper()
	simulator := start(t, "sim", nil)
	f := &fleet{running: simulator, t: t, env: with(watched(),
		"LISTEN_ADDR", "127.0.0.1:0", "ADMIN_ADDR", "off", "CLIENT_RATE_LIMIT", "off", "LOG_LEVEL", "warn",
		"METNO_CONTACT", "ops@example.org", "DIRECTORY_IDEMPOTENCY", "on",
		"API_KEYS", "all:weather:read+users:read+users:write:"+demoKey,
		"ANONYMOUS_SCOPES", "weather:read+users:read",
		"REDIS_URL", redis.URL(),
	)}
	for name, url := range simulator.urls {
		if name != "sim" {
			f.env[strings.ToUpper(name)+"_URL"] = url
			f.env[strings.ToUpper(name)+"_RATE_LIMIT"] = "off"
			f.env[strings.ToUpper(name)+"_HEDGE_QUANTILE"] = "0"
		}
	}
	maps.Copy(f.env, env)
	return f
}

// replica starts one more gateway, and returns its address.
func (f *fleet) replica() string {
	f.t.Helper()
	logs := &lockedBuffer{}
	g := serve(f.t, f.env, io.MultiWriter(logs, watch.Lines()))
	f.t.Cleanup(func() {
		f.http.CloseIdleConnections()
		g.stop()
		if code := <-g.exit; code != 0 {
			f.t.Errorf("a replica's exit code = %d, want 0; it logged:\n%s", code, logs)
		}
	})
	return g.url
}

func (f *fleet) ask(url string) answer { return f.do(http.MethodGet, url, "", nil) }

// One call a provider is what a fleet makes whose Redis answers in its 50 ms.
// On a machine that is busy with other things it may not, and then a replica
// asks by itself: another place gets another chance, and one round has to do.
func TestFleetAsksOnce(t *testing.T) {
	env := map[string]string{"PATIENCE": "20s", "REQUEST_TIMEOUT": "30s"}
	providers := []string{"openmeteo", "openweather", "metno", "geocoding"}
	for _, p := range providers {
		env[strings.ToUpper(p)+"_TIMEOUT"] = "20s"
	}
	f := newFleet(t, redistest.Start(t), env)
	replicas := []string{f.replica(), f.replica(), f.replica()}
	for _, replica := range replicas { // has its connections to Redis
		f.ask(replica + "/v1/weather?city=Delhi")
	}
	for _, p := range providers {
		f.fault(p, `{"latency_ms": 300}`)
	}
	var calls map[string]int
	for round := range 5 {
		before := map[string]int{}
		for _, p := range providers {
			before[p] = f.calls(p)
		}
		var wg sync.WaitGroup
		for i := range 300 {
			wg.Go(func() {
				if a := f.ask(fmt.Sprintf("%s/v1/weather?city=Place-%d", replicas[i%3], round+1)); a.Meta.Status != "complete" {
					t.Errorf("GET = %v, want complete", a)
				}
			})
		}
		wg.Wait()
		once := true
		calls = map[string]int{}
		for _, p := range providers {
			calls[p] = f.calls(p) - before[p]
			once = once && calls[p] == 1
		}
		if once {
			return
		}
	}
	t.Errorf("300 callers of three replicas: calls = %v, want one each", calls)
}

func TestNewReplicaIsWarm(t *testing.T) {
	f := newFleet(t, redistest.Start(t), nil)
	first := f.replica()
	paths := []string{"/v1/weather?city=Oslo", "/v1/weather?city=Delhi&units=imperial", "/v1/weather?lat=1&lon=2", "/v1/places?q=Paris", "/v1/users/3?include=github,activity", "/v1/users?per_page=3"}
	want := map[string]answer{}
	for _, path := range paths {
		want[path] = f.ask(first + path)
	}
	for _, p := range []string{"openmeteo", "geocoding", "openweather", "metno", "directory", "github"} {
		f.fault(p, `{"mode": "down"}`)
	}
	second := f.replica()
	for _, path := range paths {
		got := f.ask(second + path)
		if got.status != http.StatusOK || got.Meta.Status != "complete" || got.header.Get("ETag") != want[path].header.Get("ETag") {
			t.Errorf("GET %s of a new replica while every upstream is down = %v, %s; want the answer that the first one gave", path, got, got.body)
		}
	}
}

func TestWritesAreSeenEverywhere(t *testing.T) {
	f := newFleet(t, redistest.Start(t), nil)
	a, b, c := f.replica(), f.replica(), f.replica()
	// Readers keep memories warm, and flights in the air, while others write.
	ctx, stop := context.WithCancel(t.Context())
	var readers sync.WaitGroup
	for _, replica := range []string{a, b, c} {
		readers.Go(func() {
			for ctx.Err() == nil {
				f.ask(replica + "/v1/users/3")
			}
		})
	}
	for n := range 300 {
		name := fmt.Sprintf("Name %d", n)
		if w := f.do(http.MethodPatch, a+"/v1/users/3", fmt.Sprintf(`{"name": %q}`, name), authorized()); w.status != http.StatusOK {
			t.Fatalf("PATCH = %v %s, want 200", w, w.body)
		}
		for _, replica := range []string{b, c} {
			if got := f.ask(replica + "/v1/users/3"); got.Data["name"] != name {
				t.Fatalf("read %d of another replica: name = %v, want %s", n, got.Data["name"], name)
			}
			if got := f.ask(replica + "/v1/users?per_page=5"); !strings.Contains(got.body, name+`"`) {
				t.Fatalf("list %d of another replica does not have %s: %s", n, name, got.body)
			}
		}
	}
	stop()
	readers.Wait()
}

func TestFleetWritesOnce(t *testing.T) {
	f := newFleet(t, redistest.Start(t), nil)
	replicas := []string{f.replica(), f.replica(), f.replica()}
	f.fault("directory", `{"latency_ms": 200}`)
	bodies := make([]string, 90)
	var wg sync.WaitGroup
	for i := range bodies {
		wg.Go(func() {
			w := f.do(http.MethodPost, replicas[i%3]+"/v1/users", `{"name": "Ada"}`, authorized("Idempotency-Key", `"one"`))
			if w.status != http.StatusCreated {
				t.Errorf("POST %d = %v %s, want 201", i, w, w.body)
			}
			bodies[i] = w.body
		})
	}
	wg.Wait()
	for i, body := range bodies {
		if body != bodies[0] {
			t.Errorf("answer %d = %s, want that of the first: %s", i, body, bodies[0])
		}
	}
	if n := f.users(); n != 11 {
		t.Errorf("users = %d, want 11: one write", n)
	}
	if w := f.do(http.MethodPost, replicas[0]+"/v1/users", `{"name": "Bob"}`, authorized("Idempotency-Key", `"one"`)); w.status != http.StatusUnprocessableEntity {
		t.Errorf("the key with another body = %v, want 422", w)
	}
}

// Whatever happens to Redis, no client sees more than a miss.
func TestRedisThatFails(t *testing.T) {
	redis := redistest.Start(t)
	f := newFleet(t, redis, map[string]string{
		"OPENMETEO_FRESH_FOR": "20ms", "OPENMETEO_REVALIDATE_FOR": "20ms", "DIRECTORY_FRESH_FOR": "10ms", "DIRECTORY_REVALIDATE_FOR": "10ms",
	})
	replica := f.replica()
	phase := func(name string) {
		t.Helper()
		var n atomic.Int64
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				for i := n.Add(1); i <= 400; i = n.Add(1) {
					for _, path := range []string{fmt.Sprintf("/v1/weather?lat=%d&lon=%d", i%80, len(name)), fmt.Sprintf("/v1/users/%d", i%10+1)} {
						if a := f.ask(replica + path); a.status != http.StatusOK || a.Meta.Status != "complete" {
							t.Errorf("while Redis %s: GET %s = %v, want 200 and complete", name, path, a)
						}
					}
				}
			})
		}
		wg.Wait()
		w := f.do(http.MethodPatch, replica+"/v1/users/3", fmt.Sprintf(`{"name": %q}`, name), authorized("Idempotency-Key", `"`+name+`"`))
		if got := f.ask(replica + "/v1/users/3"); w.status != http.StatusOK || got.Data["name"] != name {
			t.Errorf("while Redis %s: PATCH = %v, then name = %v", name, w, got.Data["name"])
		}
	}
	phase("is well")
	redis.Hang()
	phase("hangs")
	redis.Resume()
	redis.Kill()
	phase("is gone")
	redis.Run()
	phase("is back")
	redis.Kill()
	redis.Run("--maxmemory", "2mb", "--maxmemory-policy", "noeviction")
	redis.Fill()
	phase("is full")
}

func TestReplicaWithoutRedis(t *testing.T) {
	redis := redistest.Start(t)
	redis.Kill()
	f := newFleet(t, redis, nil)
	replica := f.replica()
	if a := f.ask(replica + "/v1/weather?city=Oslo"); a.Meta.Status != "complete" {
		t.Errorf("GET while Redis never was = %v, want complete", a)
	}
	redis.Run()
	deadline := time.Now().Add(20 * time.Second)
	for n := 0; ; n++ { // until another replica gets what this one has asked
		f.ask(fmt.Sprintf("%s/v1/weather?lat=%d&lon=7", replica, n%90))
		if other := f.replica(); f.ask(fmt.Sprintf("%s/v1/weather?lat=%d&lon=7", other, n%90)).source("openmeteo").State == "cached" {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("Redis is there, but not taken up")
		}
	}
}
