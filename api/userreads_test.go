package api_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"tributary/cache"
	"tributary/upstream/weather"
)

const (
	one        = "/v1/users/1"
	everything = one + "?include=github,activity,weather"
)

func TestUserWithParts(t *testing.T) {
	for _, include := range []string{
		"", "?include=", "?include=github", "?include=activity", "?include=weather", "?include=github,activity", "?include=weather,github",
		"?include=activity,weather", "?include=github,activity,weather", "?include=weather,activity,github", "?include=github,github",
	} {
		t.Run("it has "+strings.TrimPrefix(include, "?include="), func(t *testing.T) {
			g := populated(t)
			a := g.get(one + include)
			got := a.user(http.StatusOK)
			u := got.Data
			if u.ID != 1 || u.Name != "Leanne Graham" || u.Username != "Leanne" || u.Address.PostalCode != "92998" || *u.Address.Latitude != 28.65 || u.Company.Name != "Romaguera-Crona" {
				t.Errorf("%s: user %+v", a.call, u.User)
			}
			names := []string{"directory"}
			for _, part := range []struct {
				name string
				has  bool
			}{{"github", u.GitHub != nil}, {"activity", u.Activity != nil}, {"weather", u.Weather != nil}} {
				if want := strings.Contains(include, part.name); part.has != want {
					t.Errorf("%s: has %s: %t, want %t", a.call, part.name, part.has, want)
				} else if want {
					names = append(names, part.name)
				}
			}
			var listed []string
			for _, s := range got.Meta.Sources {
				listed = append(listed, s.Name)
				if s.State != "live" {
					t.Errorf("%s: %s is %s, want live", a.call, s.Name, s.State)
				}
			}
			if !slices.Equal(listed, names) || got.Meta.Status != "complete" {
				t.Errorf("%s: %s by %v, want complete by %v", a.call, got.Meta.Status, listed, names)
			}
			a.wantHeader("Cache-Control", "private, no-cache")
		})
	}
}

func TestPartsOfAUser(t *testing.T) {
	u := populated(t).get(everything).user(http.StatusOK).Data
	if g := u.GitHub; g.Login != "Leanne" || *g.PublicRepos != 12 || *g.Followers != 3 || g.Bio != "Tests things." || g.AvatarURL == "" {
		t.Errorf("github = %+v", g)
	}
	if a := u.Activity; a.Posts != 2 || a.TodosOpen != 2 || a.TodosDone != 1 {
		t.Errorf("activity = %+v", a)
	}
	if w := u.Weather; w.Temperature == nil || *w.Temperature != 21 || w.Units.Temperature != "°C" || w.Spread != (weather.Spread{}) {
		t.Errorf("weather = %+v, want metric and without spread", w)
	}
}

func TestUserWithoutAPart(t *testing.T) {
	for _, c := range []struct {
		name, part, state, code string
		status                  string
		change                  func(*setup)
		user                    behaviour
		breaks                  func(*gateway)
	}{
		{"no account of that name", "github", "skipped", "not_found", "complete", nil, nil, func(g *gateway) { g.github.Now(answers404) }},
		{"a name that is not a login", "github", "skipped", "", "complete", nil, answers(200, `{"id":1,"name":"A","username":"../x"}`), nil},
		{"a directory whose names are no logins", "github", "skipped", "", "complete", func(s *setup) { s.people.LinkByUsername = false }, nil, nil},
		{"GitHub switched off", "github", "skipped", "", "complete", func(s *setup) { s.without = []string{"github"} }, nil, nil},
		{"a broken GitHub", "github", "failed", "server_error", "degraded", nil, nil, func(g *gateway) { g.github.Now(breaks) }},
		{"a spent quota", "github", "failed", "rate_limited", "degraded", nil, nil, func(g *gateway) {
			g.github.Now(answers(403, "{}", "X-RateLimit-Remaining", "0", "X-RateLimit-Reset", "0"))
		}},
		{"a GitHub that hangs", "github", "failed", "timeout", "degraded", nil, nil, func(g *gateway) { g.github.Now(hangs) }},
		{"no coordinates", "weather", "skipped", "", "complete", nil, answers(200, `{"id":1,"name":"A","username":"a"}`), nil},
		{"no weather", "weather", "skipped", "", "complete", func(s *setup) { s.without = []string{"weather"} }, nil, nil},
		{"no weather provider that works", "weather", "failed", "server_error", "degraded", nil, nil, func(g *gateway) { g.all(breaks) }},
		{"no posts to count", "activity", "failed", "invalid_response", "degraded", nil, nil, func(g *gateway) {
			g.directory.Now(func(r *http.Request) (*http.Response, error) {
				if strings.HasSuffix(r.URL.Path, "/posts") {
					return answers(200, "<html>")(r)
				}
				return g.directory.serve(r)
			})
		}},
	} {
		it(t, c.name+" leaves the user there", func(t *testing.T) {
			g := populated(t, func(s *setup) {
				if c.change != nil {
					c.change(s)
				}
			})
			if c.user != nil {
				g.directory.Now(func(r *http.Request) (*http.Response, error) {
					if r.URL.Path == "/users/1" {
						return c.user(r)
					}
					return g.directory.serve(r)
				})
			}
			if c.breaks != nil {
				c.breaks(g)
			}
			start := time.Now()
			a := g.get(everything)
			got := a.user(http.StatusOK)
			if took := time.Since(start); took > 800*time.Millisecond {
				t.Errorf("%s took %s, longer than anybody's patience", a.call, took)
			}
			if got.Meta.Status != c.status {
				t.Errorf("%s: status %s, want %s", a.call, got.Meta.Status, c.status)
			}
			a.wantState(c.part, c.state, c.code)
			has := map[string]bool{"github": got.Data.GitHub != nil, "activity": got.Data.Activity != nil, "weather": got.Data.Weather != nil}
			if has[c.part] {
				t.Errorf("%s has %s all the same", a.call, c.part)
			}
			a.wantHeader("Cache-Control", "private, no-cache")
		})
	}
}

func TestUserWithoutTheDirectory(t *testing.T) {
	for _, c := range []struct {
		name   string
		does   behaviour
		status int
		code   string
	}{
		{"502 when it is not there", refuses, 502, "connection"},
		{"502 for an answer about another user", answers(200, `{"id":2,"name":"B"}`), 502, "invalid_response"},
		{"502 for a user without a name", answers(200, `{"id":1}`), 502, "invalid_response"},
		{"502 when it cannot serve", answers(503, ""), 502, "server_error"},
		{"503 while its Retry-After runs", answers(429, "", "Retry-After", "7"), 503, "rate_limited"},
		{"504 when it hangs", hangs, 504, "timeout"},
	} {
		it(t, "is "+c.name, func(t *testing.T) {
			g := populated(t)
			g.directory.Now(c.does)
			a := g.get(everything)
			p := a.problem(c.status, "all_sources_failed")
			a.wantState("directory", "failed", c.code)
			a.wantHeader("Cache-Control", "no-store")
			if len(p.Sources) != 1 {
				t.Errorf("sources = %v, want the directory: what it was about", p.Sources)
			}
		})
	}
	it(t, "is the stale value while it is stored", func(t *testing.T) {
		g := populated(t, func(s *setup) {
			s.lifetimes = map[string]cache.Lifetimes{"directory": {FreshFor: 30 * time.Second, RevalidateFor: time.Minute, StaleFor: 24 * time.Hour}}
		})
		tag := g.get(everything).Header.Get("ETag")
		time.Sleep(time.Hour)
		g.directory.Now(refuses)
		a := g.get(everything, "If-None-Match", tag)
		if u := a.user(http.StatusOK); u.Meta.Status != "degraded" || u.Data.Name != "Leanne Graham" || u.Data.Activity == nil {
			t.Errorf("%s: %s", a.call, a.body)
		}
		if s := a.wantState("directory", "stale", "connection"); s.AgeSeconds != nil && *s.AgeSeconds != 3600 {
			t.Errorf("age = %d, want an hour", *s.AgeSeconds)
		}
		a.wantState("activity", "stale", "connection")
		time.Sleep(23*time.Hour + time.Minute)
		g.get(one).problem(http.StatusBadGateway, "all_sources_failed")
	})
}

func TestUnknownUser(t *testing.T) {
	it(t, "is a 404, cached for half a minute", func(t *testing.T) {
		g := populated(t)
		a := g.get("/v1/users/4")
		a.problem(http.StatusNotFound, "not_found")
		a.wantHeader("Cache-Control", "max-age=30")
		a.wantState("directory", "skipped", "not_found")
		time.Sleep(29 * time.Second)
		g.get("/v1/users/4").problem(http.StatusNotFound, "not_found")
		if n := g.directory.Sent(); n != 1 {
			t.Errorf("%d calls within half a minute, want 1", n)
		}
		time.Sleep(2 * time.Second)
		g.get("/v1/users/4").problem(http.StatusNotFound, "not_found")
		if n := g.directory.Sent(); n != 2 {
			t.Errorf("%d calls after half a minute, want 2", n)
		}
	})
	it(t, "is a 404 even if they were", func(t *testing.T) {
		g := populated(t)
		g.get(one)
		time.Sleep(time.Hour)
		g.directory.Now(answers404)
		g.get(one).problem(http.StatusNotFound, "not_found")
	})
}

func TestUserIDs(t *testing.T) {
	const noID = "is not a whole number from 1 to 2^53 - 1"
	g := populated(t)
	for _, c := range []struct {
		name, id string
		good     bool
	}{
		{"zero", "0", false},
		{"a negative number", "-1", false},
		{"a plus", "+1", false},
		{"an encoded plus", "%2B1", false},
		{"2^53", "9007199254740992", false},
		{"more than 64 bits", "99999999999999999999", false},
		{"letters", "abc", false},
		{"half a user", "1.5", false},
		{"an exponent", "1e1", false},
		{"hex", "0x1", false},
		{"a blank", "%20", false},
		{"a blank behind", "1%20", false},
		{"digits of another script", "%D9%A1", false},
		{"two users", "1,2", false},
		{"an underscore", "1_0", false},
		{"2^53 - 1", "9007199254740991", true},
		{"leading zeros", "007", true}, // leading zeros are accepted in lat and page too
		{"encoded digits", "%39%39", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			calls := g.directory.Sent()
			a := g.get("/v1/users/" + c.id)
			if c.good {
				a.problem(http.StatusNotFound, "not_found")
				return
			}
			for _, a := range []*answer{a, g.call("PUT", "/v1/users/"+c.id, `{"name":"A"}`), g.call("PATCH", "/v1/users/"+c.id, `{}`), g.call("DELETE", "/v1/users/"+c.id, "")} {
				p := a.problem(http.StatusBadRequest, "invalid_parameters")
				if len(p.Errors) != 1 || p.Errors[0].Parameter != "id" || p.Errors[0].Detail != noID {
					t.Errorf("%s: errors %v", a.call, p.Errors)
				}
			}
			if n := g.directory.Sent(); n != calls {
				t.Errorf("the directory is asked about %s", c.id)
			}
		})
	}
}

func TestUserRefuses(t *testing.T) {
	const known = "include: has a word that is none of: github, activity, weather, air_quality"
	checkRefusals(t, one, []refusal{
		{"an unknown part", "include=friends", []string{known}},
		{"an unknown part among known ones", "include=github,friends,weather", []string{known}},
		{"a part in capitals", "include=GitHub", []string{known}},
		{"nothing between commas", "include=github,,weather", []string{known}},
		{"a comma at the end", "include=github,", []string{known}},
		{"blanks", "include=github,+weather", []string{known}},
		{"two of them", "include=github&include=weather", []string{"include: is given 2 times; once is enough"}},
	})
	a := populated(t).get("/v1/users/0?include=friends")
	if p := a.problem(http.StatusBadRequest, "invalid_parameters"); len(p.Errors) != 2 {
		t.Errorf("%s: errors %v, want both mistakes", a.call, p.Errors)
	}
}

func TestUserNotModified(t *testing.T) {
	g := populated(t)
	a := g.get(everything)
	tag := a.Header.Get("ETag")
	b := g.get(everything, "If-None-Match", `"x", `+tag)
	b.wantStatus(http.StatusNotModified)
	b.wantHeader("ETag", tag)
	b.wantHeader("Cache-Control", "private, no-cache")
	for _, part := range []string{"", "?include=github", "?include=weather"} {
		g.get(one+part, "If-None-Match", tag).wantStatus(http.StatusOK)
	}
	if got := strings.Join(a.values("Vary"), ", "); got != "Accept, Authorization, X-API-Key" {
		t.Errorf("Vary = %q", got)
	}
	g.call("PATCH", one, `{"phone":"2"}`).wantStatus(http.StatusOK)
	g.get(everything, "If-None-Match", tag).wantStatus(http.StatusOK)
	g.get(one, "Accept", "text/html").problem(http.StatusNotAcceptable, "not_acceptable")
	g.get("/v1/users", "Accept", "text/html").problem(http.StatusNotAcceptable, "not_acceptable")
}
