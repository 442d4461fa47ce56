package e2e_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
)

// authorized are the headers of a caller who may do everything in the demo.
func authorized(more ...string) http.Header {
	h := http.Header{"X-Api-Key": {demoKey}, "Content-Type": {"application/json"}}
	for i := 0; i < len(more); i += 2 {
		h.Set(more[i], more[i+1])
	}
	return h
}

// users is how many there are in the simulated directory.
func (d *running) users() int {
	d.t.Helper()
	resp, err := d.http.Get(d.urls["directory"] + "/users?_page=1&_limit=1")
	if err != nil {
		d.t.Fatal(err)
	}
	defer resp.Body.Close()
	var n int
	if _, err := fmt.Sscan(resp.Header.Get("X-Total-Count"), &n); err != nil {
		d.t.Fatal(err)
	}
	return n
}

func TestUserOnTheWorstDay(t *testing.T) {
	d := startDemo(t, with(impatient(), "DIRECTORY_FRESH_FOR", "0s", "DIRECTORY_REVALIDATE_FOR", "0s"))
	const all = "/v1/users/1?include=github,activity,weather"
	eventually(t, "a user is complete", func() bool { return d.get(all).Meta.Status == "complete" })
	if a := d.get(all); len(a.Meta.Sources) != 4 || a.Data["github"] == nil || a.Data["activity"] == nil || a.Data["weather"] == nil {
		t.Errorf("a user with all parts = %v, want it complete from 4 sources", a)
	}
	t.Run("comes without a part whose source hangs", func(t *testing.T) {
		d.fault("github", `{"mode": "hang"}`)
		a := d.get("/v1/users/2?include=github,activity")
		if s := a.source("github"); a.status != http.StatusOK || s.State != "failed" || s.Error.Code != "timeout" || a.Data["github"] != nil || a.Data["activity"] == nil {
			t.Errorf("a user while GitHub hangs = %v, want 200 without github", a)
		}
	})
	t.Run("comes from memory while the directory is down", func(t *testing.T) {
		d.fault("directory", `{"mode": "down"}`)
		a := d.get("/v1/users/1")
		if s := a.source("directory"); a.status != http.StatusOK || s.State != "stale" || s.Error.Code != "connection" {
			t.Errorf("a user who was asked for before = %v, want 200 and stale", a)
		}
		if a := d.get("/v1/users/9"); a.status != http.StatusBadGateway {
			t.Errorf("a user who was not = %v, want 502", a)
		}
	})
}

func TestManyWritesOneKey(t *testing.T) {
	d := startDemo(t, nil)
	d.fault("directory", `{"latency_ms": 200}`)
	bodies := make([]string, 200)
	var wg sync.WaitGroup
	for i := range bodies {
		wg.Go(func() {
			a := d.do(http.MethodPost, d.urls["api"]+"/v1/users", `{"name": "Ada"}`, authorized("Idempotency-Key", `"one"`))
			if a.status != http.StatusCreated {
				t.Errorf("POST %d = %v, want 201", i, a)
			}
			bodies[i] = a.body
		})
	}
	wg.Wait()
	for i, b := range bodies {
		if b != bodies[0] {
			t.Errorf("answer %d = %s, want that of the first: %s", i, b, bodies[0])
		}
	}
	if n := d.users(); n != 11 {
		t.Errorf("users = %d, want 11: one write", n)
	}
}

// A directory that breaks in the middle of a write may have carried it out.
func TestWriteOfUnknownOutcome(t *testing.T) {
	for _, tt := range []struct {
		fault  string
		status int
	}{
		{`{"mode": "hang"}`, http.StatusGatewayTimeout},
		{`{"mode": "reset"}`, http.StatusBadGateway},
		{`{"mode": "truncate"}`, http.StatusBadGateway},
		{`{"mode": "garbage"}`, http.StatusBadGateway},
	} {
		for _, honoured := range []string{"on", "off"} {
			t.Run(tt.fault+" with idempotency "+honoured, func(t *testing.T) {
				d := startDemo(t, map[string]string{
					"DIRECTORY_IDEMPOTENCY": honoured, "DIRECTORY_TIMEOUT": "200ms", "DIRECTORY_RETRY_DELAY": "1ms",
				})
				post := func() answer {
					return d.do(http.MethodPost, d.urls["api"]+"/v1/users", `{"name": "Ada"}`, authorized("Idempotency-Key", `"one"`))
				}
				d.fault("directory", tt.fault)
				a := post()
				if a.status != tt.status || !strings.Contains(a.body, `"outcome":"unknown"`) || !strings.Contains(a.body, fmt.Sprintf(`"retry_safe":%t`, honoured == "on")) {
					t.Errorf("POST = %d %s, want %d, unknown, retry_safe %t", a.status, a.body, tt.status, honoured == "on")
				}
				d.fault("directory", "")
				again := post()
				if honoured == "off" {
					if again.status != tt.status || again.header.Get("Idempotent-Replayed") != "true" {
						t.Errorf("POST again = %v, want the first answer: only a look can tell what happened", again)
					}
				} else if again.status != http.StatusCreated {
					t.Errorf("POST again = %v, want 201", again)
				}
				if n := d.users(); n != 11 { // the simulator carries out what it then answers badly
					t.Errorf("users = %d, want 11", n)
				}
			})
		}
	}
}

// What was read before a write is not served after it.
func TestReadAfterWrite(t *testing.T) {
	d := startDemo(t, nil)
	for n := range 50 {
		name := fmt.Sprintf("Name %d", n)
		d.get("/v1/users/3")
		d.get("/v1/users?per_page=5")
		if a := d.do(http.MethodPatch, d.urls["api"]+"/v1/users/3", fmt.Sprintf(`{"name": %q}`, name), authorized()); a.status != http.StatusOK {
			t.Fatalf("PATCH = %v, want 200", a)
		}
		if a := d.get("/v1/users/3"); a.Data["name"] != name {
			t.Fatalf("name = %v, want %s", a.Data["name"], name)
		}
		if a := d.get("/v1/users?per_page=5"); !strings.Contains(a.body, name) {
			t.Fatalf("the list does not have %s: %s", name, a.body)
		}
	}
}
