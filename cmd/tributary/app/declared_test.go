package app

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"tributary/telemetry"
	"tributary/upstream/pipetest"
)

// world is a whole gateway whose upstreams are handlers in memory, by host.
type world struct {
	t    *testing.T
	g    *gateway
	tel  *telemetry.Telemetry
	logs lockedBuffer

	mu    sync.Mutex
	hosts map[string]http.HandlerFunc
	asked map[string]int // requests by host
}

// lockedBuffer is a log that several goroutines write to.
type lockedBuffer struct {
	mu   sync.Mutex
	text strings.Builder
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// newWorld starts a gateway with a configuration, in a synctest bubble.
func newWorld(t *testing.T, env map[string]string, hosts map[string]http.HandlerFunc) *world {
	t.Helper()
	w := &world{t: t, hosts: hosts, asked: make(map[string]int)}
	listener := pipetest.NewListener()
	server := &http.Server{Handler: w}
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = server.Serve(listener)
	}()
	t.Cleanup(func() {
		server.Close()
		listener.Close()
		<-served
	})
	env = with(env, "CLIENT_RATE_LIMIT", "off")
	getenv := func(name string) string { return env[name] }
	cfg, err := readConfig(getenv)
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.NewJSONHandler(&w.logs, nil))
	tel, err := telemetry.Setup(t.Context(), telemetry.Config{
		Service: "tributary", Parent: telemetry.Join, Env: getenv, Logger: log, Stories: newStories(cfg),
	})
	if err != nil {
		t.Fatal(err)
	}
	w.tel = tel
	if w.g, err = newGateway(Network{Dial: dialer(listener.Dial)}, cfg, getenv, tel, log); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.g.Close(context.Background()); err != nil {
			t.Error(err)
		}
		flush(context.Background(), tel, log)
	})
	return w
}

// ServeHTTP is the upstreams.
func (w *world) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	w.mu.Lock()
	w.asked[r.Host]++
	h := w.hosts[r.Host]
	w.mu.Unlock()
	h(rw, r)
}

// now changes how an upstream behaves from now on.
func (w *world) now(host string, h http.HandlerFunc) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.hosts[host] = h
}

func (w *world) calls(host string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.asked[host]
}

// answer is an answer of the gateway, or a problem.
type answer struct {
	status int
	body   struct {
		Data json.RawMessage
		Meta struct{ Sources []sourceState }
		// of a problem
		Type    string
		Sources []sourceState
	}
}

type sourceState struct {
	Name, State string
	Error       struct{ Code string }
}

func (w *world) get(path string) (a answer) {
	w.t.Helper()
	rec := httptest.NewRecorder()
	w.g.api.ServeHTTP(rec, httptest.NewRequest(http.MethodGet, path, nil))
	a.status = rec.Code
	if err := json.Unmarshal(rec.Body.Bytes(), &a.body); err != nil {
		w.t.Fatalf("%s: %d %s: %v", path, rec.Code, rec.Body, err)
	}
	return a
}

func says(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		io.WriteString(w, body)
	}
}

func hangs(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }

// it runs a test in a synctest bubble, where the clock is simulated.
func it(t *testing.T, does string, test func(t *testing.T)) {
	t.Helper()
	t.Run(does, func(t *testing.T) { synctest.Test(t, test) })
}

// recordedUsers are the users of JSONPlaceholder.
func recordedUsers(t *testing.T) []json.RawMessage {
	t.Helper()
	content, err := os.ReadFile("../../../upstream/users/testdata/recorded/directory-users.json")
	if err != nil {
		t.Fatal(err)
	}
	var answer struct{ Body []json.RawMessage }
	if err := json.Unmarshal(content, &answer); err != nil || len(answer.Body) < 2 {
		t.Fatalf("%d users: %v", len(answer.Body), err)
	}
	return answer.Body
}

// TestDeclaredUsersAreTheBuiltInOnes compares examples/users.yaml with the endpoint
// that is programmed, for the same answers of the upstreams.
func TestDeclaredUsersAreTheBuiltInOnes(t *testing.T) {
	person := string(recordedUsers(t)[0])
	const account = `{"login":"Bret","id":12,"html_url":"https://github.com/Bret","avatar_url":"https://avatars.githubusercontent.com/u/12?v=4",` +
		`"name":"Bret Example","company":null,"bio":"Counts","public_repos":10,"followers":0,"created_at":"2015-12-10T09:30:00Z"}`
	type comparison struct {
		name              string
		directory, github http.HandlerFunc
	}
	all := []comparison{
		{"recorded answers", says(200, person), says(200, account)},
		{"an account with nulls", says(200, person), says(200, `{"login":"Bret","name":null,"bio":null}`)},
		{"little that is known", says(200, `{"id":1,"name":"A","username":"Bret"}`), says(200, `{"login":"Bret"}`)},
		{"no user name", says(200, `{"id":1,"name":"A"}`), says(200, account)},
		{"another user", says(200, `{"id":2,"name":"B","username":"Bret"}`), says(200, account)},
		{"another account", says(200, person), says(200, `{"login":"Other"}`)},
		{"an account in other letters", says(200, person), says(200, `{"login":"bRET"}`)},
		{"no such user", says(404, "{}"), says(200, account)},
		{"no such account", says(200, person), says(404, `{"message":"Not Found"}`)},
		{"a directory that fails", says(500, "oops"), says(200, account)},
		{"accounts that fail", says(200, person), says(500, "oops")},
		{"a directory that is away for a while", says(503, ""), says(200, account)},
		{"a directory that hangs", hangs, says(200, account)},
		{"accounts that hang", says(200, person), hangs},
		{"garbage for a user", says(200, "<html>"), says(200, account)},
		{"garbage for an account", says(200, person), says(200, "<html>")},
		{"a list for a user", says(200, "[]"), says(200, account)},
		{"nothing for an account", says(200, person), says(200, "")},
		{"a user without a name", says(200, `{"id":1,"username":"Bret"}`), says(200, account)},
		{"an account without a login", says(200, person), says(200, `{"name":"x"}`)},
		{"credentials that are refused", says(200, person), says(401, "")},
	}
	for _, one := range recordedUsers(t)[1:] {
		var user struct{ Username string }
		if err := json.Unmarshal(one, &user); err != nil {
			t.Fatal(err)
		}
		all = append(all, comparison{user.Username, withID(1, one), says(200, strings.ReplaceAll(account, "Bret", user.Username))})
	}
	statuses := make(map[int]int)
	for _, c := range all {
		it(t, c.name, func(t *testing.T) {
			ask := func(path string) answer {
				w := newWorld(t, map[string]string{
					"ANONYMOUS_SCOPES": "users:read", "ENDPOINTS_FILE": "../../../examples/users.yaml", "USERS_GITHUB_LINK": "username",
					"DIRECTORY_URL": "http://directory.test", "GITHUB_URL": "http://github.test",
				}, map[string]http.HandlerFunc{"directory.test": c.directory, "github.test": c.github})
				a := w.get(path)
				time.Sleep(time.Minute) // until running fetches have ended
				return a
			}
			want, got := ask("/v1/users/1?include=github"), ask("/v1/people/1")
			statuses[got.status]++
			if got.status != want.status || string(got.body.Data) != string(want.body.Data) || got.body.Type != want.body.Type {
				t.Errorf("declared: %d %s %s\nbuilt in: %d %s %s", got.status, got.body.Type, got.body.Data, want.status, want.body.Type, want.body.Data)
			}
			if g, w := states(got), states(want); g != w {
				t.Errorf("declared: %s\nbuilt in: %s", g, w)
			}
		})
	}
	if statuses[200] < 8 || statuses[404] != 1 || statuses[502] < 5 {
		t.Errorf("statuses = %v, want some of each kind", statuses)
	}
}

// withID answers with a recorded user under another id.
func withID(id int, user json.RawMessage) http.HandlerFunc {
	var members map[string]any
	if err := json.Unmarshal(user, &members); err != nil {
		panic(err)
	}
	members["id"] = id
	body, err := json.Marshal(members)
	if err != nil {
		panic(err)
	}
	return says(200, string(body))
}

func states(a answer) string {
	var all []string
	for _, s := range append(a.body.Meta.Sources, a.body.Sources...) {
		all = append(all, s.Name+" "+s.State+" "+s.Error.Code)
	}
	return strings.Join(all, ", ")
}
