package e2e_test

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
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
	logs     lockedBuffer // of all replicas
}

// newFleet waits for Redis and for the providers as long as a loaded machine
// takes.
func newFleet(t *testing.T, redis *redistest.Server, env map[string]string) *fleet {
	t.Helper()
	simulator := start(t, "sim", nil)
	f := &fleet{running: simulator, t: t, env: with(watched(),
		"LISTEN_ADDR", "127.0.0.1:0", "ADMIN_ADDR", "off", "CLIENT_RATE_LIMIT", "off", "LOG_LEVEL", "warn",
		"METNO_CONTACT", "ops@example.org", "DIRECTORY_IDEMPOTENCY", "on",
		"API_KEYS", "all:weather:read+users:read+users:write:"+demoKey,
		"ANONYMOUS_SCOPES", "weather:read+users:read",
		"REDIS_URL", redis.PatientURL(),
	)}
	maps.Copy(f.env, unhurried())
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
	url, _ := f.leaving()
	return url
}

// leaving starts one more gateway, and returns its address and a function that
// stops it before the test ends.
func (f *fleet) leaving() (url string, leave func()) {
	f.t.Helper()
	logs := &lockedBuffer{}
	g := serve(f.t, f.env, io.MultiWriter(logs, &f.logs, watch.Lines()))
	leave = sync.OnceFunc(func() {
		f.http.CloseIdleConnections()
		g.stop()
		if code := <-g.exit; code != 0 {
			f.t.Errorf("a replica's exit code = %d, want 0; it logged:\n%s", code, logs)
		}
	})
	f.t.Cleanup(leave)
	return g.url, leave
}

func (f *fleet) ask(url string) answer { return f.do(http.MethodGet, url, "", nil) }

// One replica asks for all, unless its lease lapses because the machine stops it for half a
// second. That is rare, and a fleet without leases would ask three times for every city.
func TestFleetAsksOnce(t *testing.T) {
	providers := []string{"openmeteo", "openweather", "metno", "geocoding"}
	f := newFleet(t, redistest.Start(t), nil)
	replicas := []string{f.replica(), f.replica(), f.replica()}
	for _, p := range providers {
		f.fault(p, `{"latency_ms": 300}`)
	}
	var calls map[string]int
	for _, city := range []string{"Delhi", "Oslo", "London", "Paris", "Springfield"} {
		calls = map[string]int{}
		for _, p := range providers {
			calls[p] = -f.calls(p)
		}
		var wg sync.WaitGroup
		for i := range 300 {
			wg.Go(func() {
				if a := f.ask(replicas[i%3] + "/v1/weather?city=" + city); a.Meta.Status != "complete" {
					t.Errorf("GET = %v, want complete", a)
				}
			})
		}
		wg.Wait()
		for _, p := range providers {
			calls[p] += f.calls(p)
		}
		if !slices.ContainsFunc(slices.Collect(maps.Values(calls)), func(n int) bool { return n != 1 }) {
			return
		}
	}
	t.Errorf("300 callers of three replicas led to these calls: %v, want one of each provider", calls)
}

func TestNewReplicaIsWarm(t *testing.T) {
	f := newFleet(t, redistest.Start(t), nil)
	first, leave := f.leaving()
	paths := []string{"/v1/weather?city=Oslo", "/v1/weather?city=Delhi&units=imperial", "/v1/weather?lat=1&lon=2", "/v1/places?q=Paris", "/v1/users/3?include=github,activity", "/v1/users?per_page=3"}
	want := map[string]answer{}
	for _, path := range paths {
		want[path] = f.ask(first + path)
	}
	leave() // everything it was told is stored then
	for _, p := range []string{"openmeteo", "geocoding", "openweather", "metno", "directory", "github", "openmeteo_air"} {
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

func TestWritesAreSeenWhileRedisRefusesThem(t *testing.T) {
	for name, refuse := range map[string][]string{
		"out of memory": {"CONFIG", "SET", "maxmemory", "1"},
		"read-only":     {"REPLICAOF", "127.0.0.1", "1"},
	} {
		t.Run(name, func(t *testing.T) {
			redis := redistest.Start(t)
			f := newFleet(t, redis, nil)
			replicas := []string{f.replica(), f.replica(), f.replica()}
			paths := []string{"/v1/users/3", "/v1/users/4", "/v1/users?per_page=5"}
			for _, replica := range replicas {
				for _, path := range paths {
					f.ask(replica + path)
				}
			}
			redis.Do(refuse...)
			if w := f.do(http.MethodPatch, replicas[0]+"/v1/users/3", `{"name": "Changed"}`, authorized()); w.status != http.StatusOK {
				t.Fatalf("PATCH = %v %s, want 200", w, w.body)
			}
			if w := f.do(http.MethodDelete, replicas[0]+"/v1/users/4", "", authorized()); w.status != http.StatusNoContent {
				t.Fatalf("DELETE = %v %s, want 204", w, w.body)
			}
			// old says what of a replica's answers is from before the writes.
			old := func(replica string) (what []string) {
				if got := f.ask(replica + paths[0]); got.Data["name"] != "Changed" {
					what = append(what, got.body)
				}
				if got := f.ask(replica + paths[1]); got.status != http.StatusNotFound {
					what = append(what, got.body)
				}
				if got := f.ask(replica + paths[2]); !strings.Contains(got.body, `"Changed"`) || strings.Contains(got.body, `"id":4,`) {
					what = append(what, got.body)
				}
				return what
			}
			for i, replica := range replicas {
				if what := old(replica); what != nil {
					t.Errorf("replica %d answers as before the writes: %s", i, what)
				}
			}
			late := f.replica() // is told a moment after its start
			for deadline := time.Now().Add(20 * time.Second); old(late) != nil; {
				if time.Now().After(deadline) {
					t.Fatal("a replica that has started since still answers as before the writes")
				}
			}
		})
	}
}

func TestStartSaysWhetherRedisWasReached(t *testing.T) {
	redis := redistest.Start(t)
	f := newFleet(t, redis, map[string]string{"LOG_LEVEL": "info", "REDIS_URL": "redis://user:redis-secret@" + redis.Address + "?read_timeout=1m"})
	redis.Do("ACL", "SETUSER", "user", "on", ">redis-secret", "~*", "&*", "+@all")
	f.replica()
	eventually(t, "it logs that Redis was reached", func() bool {
		return strings.Contains(f.logs.String(), `"msg":"redis reached","address":"`+redis.Address+`"`)
	})
	redis.Kill()
	f.replica()
	eventually(t, "it logs that Redis refuses connections", func() bool {
		return strings.Contains(f.logs.String(), `"msg":"redis not reached; starting without it, it is used as soon as it answers","address":"`+redis.Address+`","error":"connection refused"`)
	})
	if strings.Contains(f.logs.String(), "redis-secret") {
		t.Errorf("it logged the password:\n%s", &f.logs)
	}
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
		"REDIS_URL":           redis.URL(),
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
