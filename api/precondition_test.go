package api_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"
)

var userTag = regexp.MustCompile(`^W/"([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)"$`)

// tagOf returns the two parts of a user's entity tag.
func (a *answer) tagOf() (user, rest string) {
	a.t.Helper()
	m := userTag.FindStringSubmatch(a.Header.Get("ETag"))
	if m == nil {
		a.t.Fatalf("%s: ETag = %q, want W/\"U.R\"", a.call, a.Header.Get("ETag"))
	}
	return m[1], m[2]
}

func TestUserTag(t *testing.T) {
	g := populated(t)
	u, r := g.get(one).tagOf()
	tags := map[string]string{r: one}
	for _, path := range []string{one + "?include=github", one + "?include=activity", one + "?include=weather", everything} {
		user, rest := g.get(path).tagOf()
		if user != u {
			t.Errorf("%s: U = %s, want %s as without parts", path, user, u)
		}
		if before, seen := tags[rest]; seen {
			t.Errorf("%s and %s both have R = %s", before, path, rest)
		}
		tags[rest] = path
	}
	g = populated(t)
	g.github.Now(breaks)
	if user, rest := g.get(one + "?include=github").tagOf(); user != u || tags[rest] != "" {
		t.Errorf("degraded: U.R = %s.%s, want %s and another R", user, rest, u)
	}
	if user, rest := g.get(one).tagOf(); user != u || rest != r {
		t.Errorf("another gateway: U.R = %s.%s, want %s.%s", user, rest, u, r)
	}
	g.call("PATCH", one, `{"phone":"2"}`).wantStatus(http.StatusOK)
	if user, rest := g.get(one).tagOf(); user == u || rest != r {
		t.Errorf("after a change: U.R = %s.%s, want another U and the same R", user, rest)
	}
	if other, _ := g.get("/v1/users/2").tagOf(); other == u {
		t.Errorf("users 1 and 2 both have U = %s", u)
	}
}

// writesTo are the writes that accept preconditions, with their status.
var writesTo = map[string]struct {
	write
	status int
}{"PUT": {put, 200}, "PATCH": {patch, 200}, "keyed PATCH": {keyedPatch, 200}, "DELETE": {remove, 204}}

// conditional sends a write with header lines: name, value, name, value…
func (g *gateway) conditional(w write, lines ...string) *answer {
	g.t.Helper()
	r := mustRequest(g.t, w)
	for i := 0; i < len(lines); i += 2 {
		r.Header.Add(lines[i], lines[i+1])
	}
	return g.do(r)
}

func TestPreconditions(t *testing.T) {
	g := populated(t)
	current := g.get(one).Header.Get("ETag")
	withParts := g.get(everything).Header.Get("ETag")
	strong := strings.TrimPrefix(current, "W/")
	user, rest, _ := strings.Cut(strings.Trim(strong, `"`), ".")
	other := g.get("/v1/users/2").Header.Get("ETag")
	list := g.get("/v1/users").Header.Get("ETag")

	type lines []string
	for name, c := range map[string]struct {
		lines
		goesAhead bool
	}{
		"If-Match with the tag":                        {lines{"If-Match", current}, true},
		"If-Match with the tag as a strong one":        {lines{"If-Match", strong}, true},
		"If-Match with the tag of an answer and parts": {lines{"If-Match", withParts}, true},
		"If-Match with the user's part and another":    {lines{"If-Match", `"` + user + `.x-1f"`}, true},
		"If-Match with a list":                         {lines{"If-Match", `"x", ` + current + `, "y"`}, true},
		"If-Match in several lines":                    {lines{"If-Match", other, "If-Match", current}, true},
		"If-Match with anything":                       {lines{"If-Match", "*"}, true},
		"If-Match with the tag of another user":        {lines{"If-Match", other}, false},
		"If-Match with the tag of a list":              {lines{"If-Match", list}, false},
		"If-Match with nonsense":                       {lines{"If-Match", `"nonsense"`}, false},
		"If-Match with the user's part alone":          {lines{"If-Match", `"` + user + `"`}, false},
		"If-Match with the rest's part alone":          {lines{"If-Match", `"x.` + rest + `"`}, false},
		"If-Match with the tag without quotes":         {lines{"If-Match", strings.Trim(strong, `"`)}, false},
		"If-Match with a tag that is never closed":     {lines{"If-Match", `W/"` + user + "." + rest}, false},
		"If-Match with a small w":                      {lines{"If-Match", "w/" + strong}, false},
		"If-Match with an empty value":                 {lines{"If-Match", ""}, false},
		"If-Match with an empty tag":                   {lines{"If-Match", `""`}, false},
		"If-Match with a star and more":                {lines{"If-Match", "*x"}, false},
		"If-Match with a star in quotes":               {lines{"If-Match", `"*"`}, false},

		"If-None-Match with another tag":       {lines{"If-None-Match", other}, true},
		"If-None-Match with nonsense":          {lines{"If-None-Match", `"nonsense"`}, true},
		"If-None-Match with the tag":           {lines{"If-None-Match", current}, false},
		"If-None-Match with a strong tag":      {lines{"If-None-Match", strong}, false},
		"If-None-Match with the tag and parts": {lines{"If-None-Match", withParts}, false},
		"If-None-Match with a list":            {lines{"If-None-Match", `"x",` + current}, false},
		"If-None-Match in several lines":       {lines{"If-None-Match", `"x"`, "If-None-Match", current}, false},
		"If-None-Match with anything":          {lines{"If-None-Match", "*"}, false},

		"both, of which one does not hold":        {lines{"If-Match", current, "If-None-Match", current}, false},
		"both, of which the other does not hold":  {lines{"If-Match", other, "If-None-Match", other}, false},
		"both, for any user but none of that tag": {lines{"If-Match", "*", "If-None-Match", other}, true},
		"both, for any user and for none":         {lines{"If-Match", "*", "If-None-Match", "*"}, false},
	} {
		for method, w := range writesTo {
			t.Run(method+" and "+name, func(t *testing.T) {
				g := populated(t)
				a := g.conditional(w.write, c.lines...)
				if c.goesAhead {
					a.wantStatus(w.status)
					if n := g.directory.writes.Load(); n != 1 {
						t.Errorf("%s: %d writes, want one", a.call, n)
					}
					return
				}
				p := a.problem(http.StatusPreconditionFailed, "precondition_failed")
				if p.Outcome != "" || p.RetrySafe != nil {
					t.Errorf("%s: outcome %q, want none: it is clear", a.call, p.Outcome)
				}
				a.wantState("directory", "live", "")
				a.wantHeader("Cache-Control", "no-store")
				if writes, calls := g.directory.writes.Load(), g.directory.Sent(); writes != 0 || calls != 1 {
					t.Errorf("%s: %d writes in %d requests, want none in one", a.call, writes, calls)
				}
			})
		}
	}
}

func TestPreconditionsAndTheirReads(t *testing.T) {
	for method, w := range writesTo {
		missing := w.write
		missing.path = "/v1/users/99"
		t.Run(method+" of an unknown user is a 404 before the precondition is checked", func(t *testing.T) {
			for _, lines := range [][]string{{"If-Match", "*"}, {"If-Match", `"x"`}, {"If-None-Match", "*"}} {
				g := populated(t)
				g.conditional(missing, lines...).problem(http.StatusNotFound, "not_found")
				if n := g.directory.Sent(); n != 1 {
					t.Errorf("%d requests, want the read alone", n)
				}
			}
		})
		for _, c := range []struct {
			name   string
			does   behaviour
			status int
			code   string
		}{
			{"is not there", refuses, 502, "connection"},
			{"breaks the connection", resets, 502, "connection"},
			{"answers garbage", answers(200, "<html>"), 502, "invalid_response"},
			{"answers with another user", answers(200, `{"id":2,"name":"B"}`), 502, "invalid_response"},
			{"asks for quiet", answers(429, "{}", "Retry-After", "7"), 503, "rate_limited"},
			{"does not answer", hangs, 504, "timeout"},
		} {
			it(t, method+" is not sent when the directory "+c.name, func(t *testing.T) {
				g := populated(t)
				g.directory.Now(c.does)
				g.conditional(w.write, "If-Match", "*").wantOutcome(c.status, "not_done", true, c.code)
			})
		}
		t.Run(method+" bypasses all caches, and invalidates the stored user", func(t *testing.T) {
			g := populated(t)
			old := g.get(one).Header.Get("ETag")
			g.directory.mu.Lock()
			g.directory.users[0]["phone"] = "2" // another client has changed the user
			g.directory.mu.Unlock()
			g.conditional(w.write, "If-Match", old).problem(http.StatusPreconditionFailed, "precondition_failed")
			a := g.get(one)
			a.wantState("directory", "live", "")
			w := w.write
			w.key = "" // a new request
			if again := g.conditional(w, "If-Match", a.Header.Get("ETag")); again.StatusCode >= 300 {
				t.Errorf("%s with the new tag: %d %s", again.call, again.StatusCode, again.body)
			}
		})
	}
}

func TestPreconditionsOfTheDirectory(t *testing.T) {
	for method, w := range writesTo {
		for _, c := range []struct {
			name   string
			header []string
			sent   string // If-Match of the write
		}{
			{"a tag", []string{"If-Match", ""}, `"v7"`},
			{"any tag", []string{"If-Match", "*"}, ""},
			{"a tag that it must not have", []string{"If-None-Match", `"x.y"`}, `"v7"`},
		} {
			for _, refuses := range []bool{false, true} {
				t.Run(method+" with "+c.name, func(t *testing.T) {
					g := populated(t)
					lines := []string{c.header[0], c.header[1]}
					if lines[1] == "" {
						lines[1] = g.get(one).Header.Get("ETag")
					}
					g.directory.Now(func(r *http.Request) (*http.Response, error) {
						if r.Method != http.MethodGet {
							if refuses {
								return answers(http.StatusPreconditionFailed, "{}")(r)
							}
							return g.directory.serve(r)
						}
						response, err := g.directory.serve(r)
						if err == nil {
							response.Header.Set("ETag", `"v7"`)
						}
						return response, err
					})
					a := g.conditional(w.write, lines...)
					if got := g.directory.Last().Header.Get("If-Match"); got != c.sent {
						t.Errorf("%s: the directory is sent If-Match %s, want %s", a.call, got, c.sent)
					}
					switch {
					case !refuses:
						a.wantStatus(w.status)
					case c.sent != "":
						a.problem(http.StatusPreconditionFailed, "precondition_failed")
						a.wantState("directory", "failed", "bad_request")
					default:
						a.wantOutcome(http.StatusBadGateway, "not_done", true, "bad_request")
					}
				})
			}
		}
	}
}

func TestPreconditionAndKey(t *testing.T) {
	it(t, "is replayed once it has an answer", func(t *testing.T) {
		g := populated(t)
		first := g.conditional(keyedPatch, "If-Match", `"nonsense"`)
		first.problem(http.StatusPreconditionFailed, "precondition_failed")
		calls := g.directory.Sent()
		time.Sleep(time.Minute)
		g.conditional(keyedPatch, "If-Match", `"nonsense"`).wantReplay(first)
		if n := g.directory.Sent(); n != calls {
			t.Errorf("%d requests for a replay", n-calls)
		}
	})
	it(t, "is checked once for a replayed request", func(t *testing.T) {
		g := populated(t)
		tag := g.get(one).Header.Get("ETag")
		first := g.conditional(keyedPatch, "If-Match", tag)
		first.wantStatus(http.StatusOK)
		g.conditional(keyedPatch, "If-Match", tag).wantReplay(first) // the precondition does not hold any more
		if n := g.directory.writes.Load(); n != 1 {
			t.Errorf("%d writes, want one", n)
		}
	})
}
