package api_test

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"tributary/api/auth"
	"tributary/cache"
	"tributary/upstream"
	"tributary/upstream/sim"
	"tributary/upstream/users"
)

// withUsers gives a gateway the users of a simulated directory, and callers a
// key for everything, "writer", and one for reading, "reader".
func withUsers(t *testing.T, s *sim.Simulator, change ...func(*users.Config, *upstream.Config)) func(*setup) {
	t.Helper()
	open := func(name string) upstream.Config {
		base, err := url.Parse(s.URL(name))
		if err != nil {
			t.Fatal(err)
		}
		return upstream.Config{
			Name: name, BaseURL: base, UserAgent: "tributary/test", Store: cache.NewStore(100),
			Policies: upstream.Policies{
				Timeout: time.Second, Retries: 1, RetryDelay: time.Millisecond, RetryMaxDelay: time.Millisecond, MaxConcurrent: 64,
				Breaker: upstream.Breaker{FailureRate: 0.5, MinCalls: 20, Window: 10 * time.Second, Delay: 5 * time.Second},
			},
			Lifetimes:    cache.Lifetimes{FreshFor: time.Minute, RevalidateFor: time.Minute, StaleFor: time.Hour},
			FlightBudget: 2 * time.Second, Logger: slog.New(slog.DiscardHandler),
		}
	}
	directory := open(sim.Directory)
	cfg := users.Config{Patience: time.Second, LinkByUsername: true}
	for _, c := range change {
		c(&cfg, &directory)
	}
	cfg.Directory, cfg.GitHub = upstream.New(directory), upstream.New(open(sim.GitHub))
	t.Cleanup(cfg.Directory.Close)
	t.Cleanup(cfg.GitHub.Close)
	a, err := auth.New(auth.Config{
		Keys: []auth.Key{
			{Name: "writer", Key: "writer", Scopes: []string{auth.UsersRead, auth.UsersWrite}},
			{Name: "other", Key: "other", Scopes: []string{auth.UsersWrite}},
			{Name: "reader", Key: "reader", Scopes: []string{auth.UsersRead}},
		},
		Anonymous: []string{auth.UsersRead},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.Close)
	return func(s *setup) { s.Users, s.Auth = users.NewService(cfg), a }
}

func startSim(t *testing.T) *sim.Simulator {
	t.Helper()
	s, err := sim.Start(t.Context(), sim.Config{Addr: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// write sends a body with the writer's key; header is names and values in turn.
func (g *gateway) write(method, path, body string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Header.Set("X-API-Key", "writer")
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	g.handler.ServeHTTP(w, r)
	response := w.Result()
	sent, _ := io.ReadAll(response.Body)
	r.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(body)), nil }
	checkContract(g.t, r, response, sent)
	return w
}

func TestUsersAreRead(t *testing.T) {
	g := newGateway(t, withUsers(t, startSim(t)))
	for _, tt := range []struct {
		path   string
		status int
		has    string // in the body
		link   string
	}{
		{"/v1/users?page=2&per_page=3", 200, `"Patricia Lebsack"`, `</v1/users?page=1&per_page=3>; rel="first", </v1/users?page=1&per_page=3>; rel="prev", </v1/users?page=3&per_page=3>; rel="next", </v1/users?page=4&per_page=3>; rel="last"`},
		{"/v1/users?page=4&per_page=3", 200, `"id":10`, `</v1/users?page=1&per_page=3>; rel="first", </v1/users?page=3&per_page=3>; rel="prev", </v1/users?page=4&per_page=3>; rel="last"`},
		{"/v1/users?q=Romaguera-Crona", 200, `"Leanne Graham"`, `</v1/users?page=1&per_page=20&q=Romaguera-Crona>; rel="first", </v1/users?page=1&per_page=20&q=Romaguera-Crona>; rel="last"`},
		{"/v1/users?include=github", 400, `"parameter":"include"`, ""},
		{"/v1/users?page=0", 400, `"parameter":"page"`, ""},
		{"/v1/users?per_page=101", 400, `"parameter":"per_page"`, ""},
		{"/v1/users/1?include=github,activity", 200, `"activity":{"posts":10,"todos_open":9,"todos_done":11}`, ""},
		{"/v1/users/1?include=gitlab", 400, "github, activity, weather", ""},
		{"/v1/users/99", 404, "not_found", ""},
		{"/v1/users/0", 400, `"parameter":"id"`, ""},
		{"/v1/users/9007199254740992", 400, `"parameter":"id"`, ""},
		{"/v1/users/-1", 400, `"parameter":"id"`, ""},
		{"/v1/users/x", 400, `"parameter":"id"`, ""},
	} {
		a := g.get(tt.path)
		if a.StatusCode != tt.status || !strings.Contains(string(a.body), tt.has) || a.Header.Get("Link") != tt.link {
			t.Errorf("GET %s = %d %s, Link %s; want %d with %s, Link %s", tt.path, a.StatusCode, a.body, a.Header.Get("Link"), tt.status, tt.has, tt.link)
		}
		if a.StatusCode == http.StatusOK && a.Header.Get("Cache-Control") != "private, no-cache" {
			t.Errorf("GET %s: Cache-Control = %s, want private, no-cache", tt.path, a.Header.Get("Cache-Control"))
		}
	}
	if a := g.get("/v1/users/1", "If-None-Match", g.get("/v1/users/1").Header.Get("ETag")); a.StatusCode != http.StatusNotModified {
		t.Errorf("If-None-Match of what is there = %d, want 304", a.StatusCode)
	}
}

func TestUsersAreWritten(t *testing.T) {
	g := newGateway(t, withUsers(t, startSim(t)))
	made := g.write("POST", "/v1/users", `{"name": "Ada", "address": {"city": "London", "postal_code": "N1"}}`)
	if made.Code != 201 || made.Header().Get("Location") != "/v1/users/11" {
		t.Fatalf("POST = %d %s, want 201 at /v1/users/11", made.Code, made.Body)
	}
	for _, tt := range []struct {
		method, path, body string
		status             int
		has                string
		header             []string
	}{
		{"PATCH", "/v1/users/11", `{"address": {"city": "Paris"}}`, 200, `{"city":"Paris","postal_code":"N1"}`, []string{"Content-Type", "application/merge-patch+json"}},
		{"PUT", "/v1/users/11", `{"name": "Grace"}`, 200, `{"id":11,"name":"Grace"}`, nil},
		{"PUT", "/v1/users/11", `{"email": "x", "id": 7, "colour": "red"}`, 422, `"errors":[{"pointer":"/colour"`, nil},
		{"PATCH", "/v1/users/11", `{"name": null}`, 422, `"pointer":"/name"`, nil},
		{"POST", "/v1/users", `{"name": `, 400, "invalid_body", nil},
		{"POST", "/v1/users", `{"name": "Ada"}`, 415, "unsupported_media_type", []string{"Content-Type", "text/plain"}},
		{"POST", "/v1/users", `{"name": "Ada"}`, 415, "unsupported_media_type", []string{"Content-Type", "application/json; charset=latin1"}},
		{"POST", "/v1/users", `{"name": "Ada"}`, 403, "insufficient_scope", []string{"X-API-Key", "reader"}},
		{"POST", "/v1/users", `{"name": "Ada"}`, 401, "unauthorized", []string{"X-API-Key", "nobody"}},
		{"POST", "/v1/users", `{"name": "Ada"}`, 400, "Idempotency-Key", []string{"Idempotency-Key", `"open`}},
		{"POST", "/v1/users", strings.Repeat(" ", 1<<20+1), 413, "body_too_large", nil},
		{"PATCH", "/v1/users/0", `{}`, 400, `"parameter":"id"`, nil},
		{"PUT", "/v1/users/0", `{}`, 400, `"parameter":"id"`, nil},
		{"DELETE", "/v1/users/0", ``, 400, `"parameter":"id"`, nil},
		{"PUT", "/v1/users/99", `{"name": "Ada"}`, 404, "not_found", nil},
		{"DELETE", "/v1/users/11", ``, 204, "", nil},
		{"DELETE", "/v1/users/11", ``, 404, "not_found", nil},
	} {
		w := g.write(tt.method, tt.path, tt.body, tt.header...)
		if w.Code != tt.status || !strings.Contains(w.Body.String()+w.Header().Get("WWW-Authenticate"), tt.has) {
			t.Errorf("%s %s %.40s = %d %s, want %d with %s", tt.method, tt.path, tt.body, w.Code, w.Body, tt.status, tt.has)
		}
	}
}

func TestOutcomeOfAWrite(t *testing.T) {
	for _, tt := range []struct {
		fault    sim.Fault
		method   string
		key      bool
		honoured bool // the directory honours keys
		status   int
		says     string
	}{
		{sim.Fault{Mode: sim.ModeHang}, "POST", false, true, 504, `"outcome":"unknown","retry_safe":false`},
		{sim.Fault{Mode: sim.ModeHang}, "POST", true, true, 504, `"outcome":"unknown","retry_safe":true`},
		{sim.Fault{Mode: sim.ModeHang}, "POST", true, false, 504, `"outcome":"unknown","retry_safe":false`},
		{sim.Fault{Mode: sim.ModeReset}, "PUT", false, false, 502, `"outcome":"unknown","retry_safe":true`},
		{sim.Fault{Mode: sim.ModeGarbage}, "DELETE", false, false, 502, `"outcome":"unknown","retry_safe":true`},
		{sim.Fault{Mode: sim.ModeDown}, "POST", false, false, 502, `"outcome":"not_done","retry_safe":true`},
		{sim.Fault{ErrorRate: 1, Status: 429, RetryAfterS: 60}, "POST", false, false, 503, `"outcome":"not_done","retry_safe":true`},
		{sim.Fault{ErrorRate: 1, Status: 409}, "PUT", false, false, 409, `"code":"conflict"`},
		{sim.Fault{ErrorRate: 1, Status: 422}, "PUT", false, false, 422, `"code":"refused_by_directory"`},
	} {
		t.Run(fmt.Sprint(tt.fault.Mode, tt.fault.Status, " ", tt.method, " key ", tt.key, " honoured ", tt.honoured), func(t *testing.T) {
			s := startSim(t)
			g := newGateway(t, withUsers(t, s, func(c *users.Config, u *upstream.Config) {
				c.DirectoryIdempotency = tt.honoured
				u.Policies.Timeout, u.FlightBudget = 100*time.Millisecond, 300*time.Millisecond
			}))
			if err := s.SetFault(sim.Directory, tt.fault); err != nil {
				t.Fatal(err)
			}
			path, header := "/v1/users/1", []string(nil)
			if tt.method == "POST" {
				path = "/v1/users"
			}
			if tt.key {
				header = []string{"Idempotency-Key", `"k"`}
			}
			w := g.write(tt.method, path, `{"name": "Ada"}`, header...)
			if w.Code != tt.status || !strings.Contains(w.Body.String(), tt.says) {
				t.Errorf("%d %s, want %d with %s", w.Code, w.Body, tt.status, tt.says)
			}
			if tt.status == 503 && w.Header().Get("Retry-After") == "" {
				t.Error("no Retry-After with a 503")
			}
			if !tt.key {
				return
			}
			if err := s.SetFault(sim.Directory, sim.Fault{}); err != nil {
				t.Fatal(err)
			}
			again := g.write(tt.method, path, `{"name": "Ada"}`, header...)
			if replayed := again.Header().Get("Idempotent-Replayed") == "true"; replayed == tt.honoured || tt.honoured && again.Code != 201 {
				t.Errorf("with the same key again: %d, replayed %t; want it carried out only where that is safe", again.Code, replayed)
			}
		})
	}
}

func TestIdempotencyKey(t *testing.T) {
	s := startSim(t)
	g := newGateway(t, withUsers(t, s))
	if err := s.SetFault(sim.Directory, sim.Fault{LatencyMS: 50}); err != nil {
		t.Fatal(err)
	}
	answers := make([]*httptest.ResponseRecorder, 50)
	var wg sync.WaitGroup
	for i := range answers {
		wg.Go(func() { answers[i] = g.write("POST", "/v1/users", `{"name": "Ada"}`, "Idempotency-Key", `"k"`) })
	}
	wg.Wait()
	for i, w := range answers {
		if w.Code != 201 || w.Body.String() != answers[0].Body.String() || w.Header().Get("Location") != "/v1/users/11" {
			t.Errorf("answer %d = %d %s, want that of the first: %s", i, w.Code, w.Body, answers[0].Body)
		}
	}
	if calls := s.Calls(sim.Directory); calls != 1 {
		t.Errorf("writes to the directory = %d, want 1", calls)
	}
	if w := g.write("POST", "/v1/users", `{"name": "Bob"}`, "Idempotency-Key", `"k"`); w.Code != 422 || !strings.Contains(w.Body.String(), "key_reused") {
		t.Errorf("the key with another body = %d %s, want 422", w.Code, w.Body)
	}
	if w := g.write("POST", "/v1/users", `{"name": "Ada"}`, "Idempotency-Key", `"k"`, "X-API-Key", "other"); w.Code != 201 || w.Header().Get("Location") != "/v1/users/12" {
		t.Errorf("the key of another caller = %d %s, want its own write", w.Code, w.Body)
	}
}

func TestWithoutADirectory(t *testing.T) {
	a, err := auth.New(auth.Config{Anonymous: []string{auth.UsersRead, auth.UsersWrite}})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	g := newGateway(t, func(s *setup) { s.Auth = a })
	for _, call := range [][2]string{{"GET", "/v1/users"}, {"GET", "/v1/users/1"}, {"POST", "/v1/users"}, {"DELETE", "/v1/users/1"}} {
		if w := g.write(call[0], call[1], `{"name": "Ada"}`); w.Code != 501 {
			t.Errorf("%s %s = %d %s, want 501", call[0], call[1], w.Code, w.Body)
		}
	}
	closed := newGateway(t)
	if w := closed.write("POST", "/v1/users", `{"name": "Ada"}`); w.Code != 403 || !strings.Contains(w.Body.String(), "API_KEYS") {
		t.Errorf("a write while nothing is configured = %d %s, want 403 that names API_KEYS", w.Code, w.Body)
	}
}
