package api_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"tributary/api/auth"
	"tributary/cache"
	"tributary/upstream/air"
	"tributary/upstream/users"
)

// populated is a gateway with a directory of three users, who have GitHub accounts and
// live in Delhi, and with API keys for reading and writing.
func populated(t testing.TB, changes ...func(*setup)) *gateway {
	t.Helper()
	a, err := auth.New(auth.Config{
		Keys: []auth.Key{
			{Name: "writer", Scopes: []string{auth.UsersWrite}, Key: "writer-key"},
			{Name: "colleague", Scopes: []string{auth.UsersWrite}, Key: "colleague-key"},
			{Name: "reader", Scopes: []string{auth.UsersRead}, Key: "reader-key"},
		},
		Anonymous: []string{auth.WeatherRead, auth.UsersRead},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.Close)
	return newGateway(t, append([]func(*setup){func(s *setup) {
		s.people, s.Auth = &users.Config{LinkByUsername: true}, a
	}}, changes...)...)
}

// honouring makes the directory honour Idempotency-Key, and configures the gateway so.
func honouring(s *setup) { s.people.DirectoryIdempotency = true }

func (s *setup) userService(g *gateway) *users.Service {
	store := cache.NewStore(1000)
	cfg := *s.people
	cfg.Patience = s.patience
	cfg.Directory = s.open(g, "directory", g.directory, store)
	cfg.GitHub = s.open(g, "github", g.github, store)
	if !slices.Contains(s.without, "weather") {
		cfg.Weather = users.FromWeather(s.Weather)
	}
	cfg.AirQuality = users.AtPlace(s.Air.Current, (*air.Current).OmitSpread)
	g.directory.honours = cfg.DirectoryIdempotency
	return users.NewService(cfg)
}

// call sends a JSON body with the writer's key. header, name, value, name, value…,
// replaces headers; an empty value removes one.
func (g *gateway) call(method, path, body string, header ...string) *answer {
	g.t.Helper()
	r, err := http.NewRequestWithContext(context.Background(), method, "http://gateway.test"+path, strings.NewReader(body))
	if err != nil {
		g.t.Fatal(err)
	}
	r.Header.Set("X-API-Key", "writer-key")
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(header); i += 2 {
		if r.Header.Set(header[i], header[i+1]); header[i+1] == "" {
			r.Header.Del(header[i])
		}
	}
	return g.do(r)
}

// user decodes an answer that must have this status.
func (a *answer) user(status int) envelope[users.Profile] {
	a.t.Helper()
	a.wantStatus(status)
	return decode[envelope[users.Profile]](a)
}

// registry is a directory in memory with JSONPlaceholder's API: /users, /users/{id} and
// its posts and todos. As in json-server, a PATCH replaces whole members.
type registry struct {
	*fake
	honours bool        // Idempotency-Key
	silent  atomic.Bool // sends no X-Total-Count
	writes  atomic.Int64

	mu      sync.Mutex
	users   []map[string]any // by id
	nextID  int
	answers map[string]string // by Idempotency-Key
}

func newRegistry() *registry {
	d := &registry{nextID: 1, answers: map[string]string{}}
	d.fake = newFake(d.serve)
	for _, name := range []string{"Leanne Graham", "Ervin Howell", "Clementine Bauch"} {
		d.add(map[string]any{
			"name": name, "username": strings.Fields(name)[0], "email": strings.Fields(name)[0] + "@april.biz", "phone": "1-770-736-8031",
			"address": map[string]any{"city": "Delhi", "street": "Kulas Light", "zipcode": "92998", "geo": map[string]any{"lat": "28.65", "lng": "77.23"}},
			"company": map[string]any{"name": "Romaguera-Crona", "bs": "harness real-time e-markets"},
		})
	}
	return d
}

func (d *registry) add(u map[string]any) map[string]any {
	u["id"] = d.nextID
	d.nextID++
	d.users = append(d.users, u)
	return u
}

// serve carries out a request and answers it.
func (d *registry) serve(r *http.Request) (*http.Response, error) {
	if trace := httptrace.ContextClientTrace(r.Context()); trace != nil && trace.WroteHeaders != nil {
		trace.WroteHeaders() // the request was sent
	}
	var body string
	if r.Body != nil {
		b, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		body = string(b)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	path := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	id := 0
	if len(path) > 1 {
		id, _ = strconv.Atoi(path[1])
	}
	at := slices.IndexFunc(d.users, func(u map[string]any) bool { return u["id"] == id })
	switch {
	case r.Method != http.MethodGet:
		return d.write(r, at, body)
	case len(path) == 1:
		return d.list(r)
	case len(path) == 3 && path[2] == "posts":
		return answers(http.StatusOK, `[{"id":1},{"id":2}]`)(r)
	case len(path) == 3 && path[2] == "todos":
		return answers(http.StatusOK, `[{"completed":true},{"completed":false},{"completed":false}]`)(r)
	case at < 0:
		return answers(http.StatusNotFound, "{}")(r)
	}
	return sendsJSON(d.users[at])(r)
}

func (d *registry) list(r *http.Request) (*http.Response, error) {
	q := r.URL.Query()
	matches := slices.DeleteFunc(slices.Clone(d.users), func(u map[string]any) bool { return !strings.Contains(fmt.Sprint(u), q.Get("q")) })
	page, _ := strconv.Atoi(q.Get("_page"))
	limit, _ := strconv.Atoi(q.Get("_limit"))
	from := min((page-1)*limit, len(matches))
	window := matches[from:min(from+limit, len(matches))]
	if window == nil {
		window = []map[string]any{}
	}
	if d.silent.Load() {
		return sendsJSON(window)(r)
	}
	return sendsJSON(window, "X-Total-Count", strconv.Itoa(len(matches)))(r)
}

func (d *registry) write(r *http.Request, at int, body string) (*http.Response, error) {
	key := sentKey(r.Header) // in any spelling
	if before, seen := d.answers[key]; seen && d.honours && key != "" {
		return answers(http.StatusOK, before)(r)
	}
	d.writes.Add(1)
	if r.Method != http.MethodPost && at < 0 {
		return answers(http.StatusNotFound, "{}")(r)
	}
	var change map[string]any
	_ = json.Unmarshal([]byte(body), &change) // a DELETE has no body
	answer := map[string]any{}
	switch r.Method {
	case http.MethodPost:
		answer = d.add(change)
	case http.MethodDelete:
		d.users = slices.Delete(d.users, at, at+1)
	case http.MethodPut:
		change["id"] = d.users[at]["id"]
		d.users[at], answer = change, change
	case http.MethodPatch:
		answer = d.users[at]
		for name, v := range change {
			if answer[name] = v; v == nil {
				delete(answer, name)
			}
		}
	}
	encoded, err := json.Marshal(answer)
	d.answers[key] = string(encoded)
	if err != nil {
		return nil, err
	}
	return answers(http.StatusOK, string(encoded))(r)
}

// carriesOutBut carries out a request and then behaves like then.
func (d *registry) carriesOutBut(then behaviour) behaviour {
	return func(r *http.Request) (*http.Response, error) {
		if _, err := d.serve(r); err != nil {
			return nil, err
		}
		return then(r)
	}
}

// resets closes a connection without an answer.
func resets(*http.Request) (*http.Response, error) { return nil, io.ErrUnexpectedEOF }

// account is a GitHub account for every login.
func account(r *http.Request) (*http.Response, error) {
	return sendsJSON(map[string]any{
		"login": strings.TrimPrefix(r.URL.Path, "/users/"), "name": "X", "bio": "Tests things.", "avatar_url": "https://github.com/x.png",
		"html_url": "https://github.com/x", "public_repos": 12, "followers": 3, "created_at": "2017-08-14T09:30:00Z",
	})(r)
}

// sentKey returns the Idempotency-Key sent to a directory. Its spelling is not canonical,
// on purpose, so Header.Get does not find it.
func sentKey(h http.Header) string {
	for name, values := range h {
		if strings.EqualFold(name, "Idempotency-Key") {
			return strings.Join(values, ",")
		}
	}
	return ""
}
