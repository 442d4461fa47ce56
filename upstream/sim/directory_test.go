package sim_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"

	"tributary/upstream/sim"
)

type directoryUser struct {
	ID             int
	Name, Username string
	Address        struct {
		City string
		Geo  struct{ Lat, Lng string }
	}
	Company struct{ Name string }
}

func TestDirectoryUsers(t *testing.T) {
	s := start(t, sim.Config{})
	users := decode[[]directoryUser](t, get(t, s.URL(sim.Directory)+"/users"))
	if len(users) != 10 {
		t.Fatalf("%d users, want 10", len(users))
	}
	for i, u := range users {
		if u.ID != i+1 || u.Name == "" || u.Username == "" || u.Address.Geo.Lat == "" || u.Company.Name == "" {
			t.Errorf("user %d = %+v", i+1, u)
		}
	}
	got := decode[directoryUser](t, get(t, s.URL(sim.Directory)+"/users/1"))
	if got.Name != "Leanne Graham" || got.Username != "Bret" || got.Address.Geo.Lat != "-37.3159" {
		t.Errorf("user 1 = %+v", got)
	}
}

func TestDirectoryHasNo(t *testing.T) {
	s := start(t, sim.Config{})
	for _, path := range []string{"/users/11", "/users/0", "/users/x", "/users/-1", "/users/1/albums", "/users/1/posts/1", "/posts", "/"} {
		if got := get(t, s.URL(sim.Directory)+path); got.status != http.StatusNotFound || got.body != "{}" {
			t.Errorf("%s: %d %s, want 404 {}", path, got.status, got.body)
		}
	}
}

func TestDirectoryActivity(t *testing.T) {
	s := start(t, sim.Config{})
	ids := map[int]bool{}
	for id, done := range []int{11, 8, 7, 6, 12, 6, 9, 11, 8, 12} {
		user := "/users/" + itoa(id+1)
		todos := decode[[]struct {
			ID, UserID int
			Title      string
			Completed  bool
		}](t, get(t, s.URL(sim.Directory)+user+"/todos"))
		completed := 0
		for _, todo := range todos {
			if todo.Completed {
				completed++
			}
			if todo.UserID != id+1 || todo.Title == "" || ids[todo.ID] {
				t.Errorf("todo of user %d: %+v", id+1, todo)
			}
			ids[todo.ID] = true
		}
		if len(todos) != 20 || completed != done {
			t.Errorf("%s: %d todos, %d done, want 20, %d", user, len(todos), completed, done)
		}
		posts := decode[[]struct {
			ID, UserID  int
			Title, Body string
		}](t, get(t, s.URL(sim.Directory)+user+"/posts"))
		if len(posts) != 10 || posts[0].UserID != id+1 || posts[9].ID != (id+1)*10 || !strings.Contains(posts[0].Body, "\n") {
			t.Errorf("%s: %d posts: %+v", user, len(posts), posts)
		}
	}
	if got := get(t, s.URL(sim.Directory)+"/users/99/posts"); got.status != http.StatusOK || got.body != "[]" {
		t.Errorf("posts of an unknown user: %d %s, want 200 []", got.status, got.body)
	}
}

func TestDirectoryLists(t *testing.T) {
	s := start(t, sim.Config{})
	base := s.URL(sim.Directory) + "/users"
	link := func(query string) string { return "<" + base + "?" + query + ">" }
	for _, tt := range []struct {
		query, ids, total, link string
	}{
		{"", "1 2 3 4 5 6 7 8 9 10", "", ""},
		{"_limit=2", "1 2", "10", ""},
		{"_page=1&_limit=3", "1 2 3", "10", link("_limit=3&_page=1") + `; rel="first", ` + link("_limit=3&_page=2") + `; rel="next", ` + link("_limit=3&_page=4") + `; rel="last"`},
		{"_page=2&_limit=3", "4 5 6", "10", link("_limit=3&_page=1") + `; rel="first", ` + link("_limit=3&_page=1") + `; rel="prev", ` + link("_limit=3&_page=3") + `; rel="next", ` + link("_limit=3&_page=4") + `; rel="last"`},
		{"_page=4&_limit=3", "10", "10", link("_limit=3&_page=1") + `; rel="first", ` + link("_limit=3&_page=3") + `; rel="prev", ` + link("_limit=3&_page=4") + `; rel="last"`},
		{"_page=5&_limit=3", "", "10", ""},
		{"_page=9223372036854775807&_limit=9223372036854775807", "", "10", ""},
		{"_page=1", "1 2 3 4 5 6 7 8 9 10", "10", ""},
		{"_page=0&_limit=-1", "1 2 3 4 5 6 7 8 9 10", "10", ""},
		{"q=LEANNE", "1", "", ""},
		{"q=group", "7 8", "", ""},
		{"q=e&_page=2&_limit=9", "10", "10", link("_limit=9&_page=1&q=e") + `; rel="first", ` + link("_limit=9&_page=1&q=e") + `; rel="prev", ` + link("_limit=9&_page=2&q=e") + `; rel="last"`},
		{"q=nobody+at+all&_limit=5", "", "0", ""},
	} {
		got := get(t, base+"?"+tt.query)
		var ids []string
		for _, u := range decode[[]directoryUser](t, got) {
			ids = append(ids, itoa(u.ID))
		}
		if strings.Join(ids, " ") != tt.ids || got.header.Get("X-Total-Count") != tt.total || got.header.Get("Link") != tt.link {
			t.Errorf("%s: ids %v, total %q,\nlink %s,\nwant %s, %q,\n     %s", tt.query, ids, got.header.Get("X-Total-Count"), got.header.Get("Link"), tt.ids, tt.total, tt.link)
		}
	}
}

func TestDirectoryValidation(t *testing.T) {
	s := start(t, sim.Config{})
	url := s.URL(sim.Directory) + "/users/1"
	etag := get(t, url).header.Get("ETag")
	if !strings.HasPrefix(etag, `W/"`) {
		t.Fatalf("ETag = %q, want a weak one", etag)
	}
	for _, header := range []string{etag, strings.TrimPrefix(etag, "W/"), `"other", ` + etag, "*"} {
		if got := get(t, url, "If-None-Match", header); got.status != http.StatusNotModified || got.body != "" {
			t.Errorf("If-None-Match: %s: %d %q, want 304", header, got.status, got.body)
		}
	}
	call(t, "PATCH", url, `{"name":"Changed"}`)
	if got := get(t, url, "If-None-Match", etag).status; got != http.StatusOK {
		t.Errorf("after a change: %d, want 200", got)
	}
}

func TestDirectoryWrites(t *testing.T) {
	s := start(t, sim.Config{})
	users := s.URL(sim.Directory) + "/users"

	created := call(t, "POST", users, `{"name":"New","id":3,"address":{"city":"Here","suite":"1"},"big":9007199254740993}`, "Authorization", "Bearer any")
	if want := `{"address":{"city":"Here","suite":"1"},"big":9007199254740993,"id":11,"name":"New"}`; created.status != http.StatusCreated || created.body != want {
		t.Errorf("POST: %d %s, want 201 %s", created.status, created.body, want)
	}
	if got := created.header.Get("Location"); got != users+"/11" {
		t.Errorf("Location = %q, want %s/11", got, users)
	}
	patched := call(t, "PATCH", users+"/11", `{"name":null,"phone":"5","address":{"suite":null,"geo":{"lat":"1","lng":null}}}`)
	if want := `{"address":{"city":"Here","geo":{"lat":"1"}},"big":9007199254740993,"id":11,"phone":"5"}`; patched.status != http.StatusOK || patched.body != want {
		t.Errorf("PATCH: %d %s, want 200 %s", patched.status, patched.body, want)
	}
	put := call(t, "PUT", users+"/11", `{"name":"Replaced"}`)
	if want := `{"id":11,"name":"Replaced"}`; put.status != http.StatusOK || put.body != want || get(t, users+"/11").body != want {
		t.Errorf("PUT: %d %s, want 200 %s", put.status, put.body, want)
	}
	if got := call(t, "DELETE", users+"/11", ""); got.status != http.StatusOK || got.body != "{}" {
		t.Errorf("DELETE: %d %s, want 200 {}", got.status, got.body)
	}
	if got := get(t, users+"/11").status; got != http.StatusNotFound {
		t.Errorf("after DELETE: %d, want 404", got)
	}
	if got := decode[directoryUser](t, call(t, "POST", users, `{}`)).ID; got != 12 {
		t.Errorf("the next id = %d, want 12: none is used twice", got)
	}
	if got := get(t, users+"/12/posts").body; got != "[]" {
		t.Errorf("posts of a new user = %s, want []", got)
	}
}

func TestDirectoryRefusesWrites(t *testing.T) {
	s := start(t, sim.Config{})
	users := s.URL(sim.Directory) + "/users"
	for _, tt := range []struct {
		method, url, body string
		status            int
	}{
		{"POST", users, `{"name":`, 400},
		{"POST", users, `["name"]`, 400},
		{"POST", users, `null`, 400},
		{"POST", users, `{} {}`, 400},
		{"POST", users, ``, 400},
		{"PATCH", users + "/1", `"name"`, 400},
		{"PUT", users + "/1", ``, 400},
		{"PUT", users + "/11", `{}`, 404},
		{"PATCH", users + "/11", `{}`, 404},
		{"DELETE", users + "/11", ``, 404},
		{"POST", users + "/1", `{}`, 404},
		{"DELETE", users, ``, 404},
		{"POST", users, `{"name":"` + strings.Repeat("x", 1<<20) + `"}`, 413},
	} {
		if got := call(t, tt.method, tt.url, tt.body); got.status != tt.status {
			t.Errorf("%s %s %.20s: %d %s, want %d", tt.method, tt.url, tt.body, got.status, got.body, tt.status)
		}
	}
	if got := len(decode[[]directoryUser](t, get(t, users))); got != 10 {
		t.Errorf("%d users, want 10 as before", got)
	}
}

func TestDirectoryIdempotencyKey(t *testing.T) {
	s := start(t, sim.Config{})
	users := s.URL(sim.Directory) + "/users"
	first := call(t, "POST", users, `{"name":"Once"}`, "Idempotency-Key", "a")
	again := call(t, "POST", users, `{"name":"Once"}`, "Idempotency-Key", "a")
	if again.status != http.StatusCreated || again.body != first.body || again.header.Get("Location") != first.header.Get("Location") {
		t.Errorf("the same key: %d %s, want %d %s", again.status, again.body, first.status, first.body)
	}
	if got := call(t, "POST", users, `{"name":"Other"}`, "Idempotency-Key", "a"); got.status != http.StatusUnprocessableEntity {
		t.Errorf("the same key, another body: %d, want 422", got.status)
	}
	if got := call(t, "PATCH", users+"/1", `{"name":"Once"}`, "Idempotency-Key", "a"); got.status != http.StatusUnprocessableEntity {
		t.Errorf("the same key, another method: %d, want 422", got.status)
	}
	if got := decode[directoryUser](t, call(t, "POST", users, `{"name":"Once"}`, "Idempotency-Key", "b")).ID; got != 12 {
		t.Errorf("another key: id %d, want 12", got)
	}
}

func TestDirectoryIgnoresIdempotencyKeys(t *testing.T) {
	s := start(t, sim.Config{IgnoreIdempotencyKeys: true})
	users := s.URL(sim.Directory) + "/users"
	for _, want := range []int{11, 12} {
		got := call(t, "POST", users, `{"name":"Twice"}`, "Idempotency-Key", "a")
		if id := decode[directoryUser](t, got).ID; id != want {
			t.Errorf("POST with a key that is ignored: id = %d, want %d", id, want)
		}
	}
}

func TestDirectoryIdempotencyKeyAtOnce(t *testing.T) {
	s := start(t, sim.Config{})
	users := s.URL(sim.Directory) + "/users"
	c := client(t, patience)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			req, err := http.NewRequest("POST", users, strings.NewReader(`{"name":"Once"}`))
			if err != nil {
				t.Error(err)
				return
			}
			req.Header.Set("Idempotency-Key", "a")
			resp, err := c.Do(req)
			if err != nil {
				t.Error(err)
				return
			}
			_ = resp.Body.Close()
			if got := resp.Header.Get("Location"); got != users+"/11" {
				t.Errorf("Location = %q, want %s/11", got, users)
			}
		})
	}
	wg.Wait()
	if got := len(decode[[]directoryUser](t, get(t, users))); got != 11 {
		t.Errorf("%d users, want 11", got)
	}
}
