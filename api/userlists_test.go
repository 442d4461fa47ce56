package api_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"tributary/upstream/users"
)

// list decodes a list that must be a 200.
func (a *answer) list() envelope[[]users.User] {
	a.t.Helper()
	a.wantStatus(http.StatusOK)
	return decode[envelope[[]users.User]](a)
}

// links returns the pages of a Link header as "rel=page".
func (a *answer) links() string {
	a.t.Helper()
	var pages []string
	for link := range strings.SplitSeq(a.Header.Get("Link"), ", ") {
		target, rel, ok := strings.Cut(link, `>; rel="`)
		request, err := http.NewRequest(http.MethodGet, strings.TrimPrefix(target, "<"), nil)
		if !ok || err != nil {
			a.t.Fatalf("%s: Link = %q", a.call, a.Header.Get("Link"))
		}
		pages = append(pages, strings.TrimSuffix(rel, `"`)+"="+request.URL.Query().Get("page"))
	}
	return strings.Join(pages, " ")
}

func TestUsersArePaged(t *testing.T) {
	for _, c := range []struct {
		name, query string
		silent      bool
		ids         []int64
		links       string
		total       string
		compared    bool // it was compared with the first page, which it may repeat
	}{
		{"the first page", "per_page=1", false, []int64{1}, "first=1 next=2 last=3", "3", false},
		{"a page in the middle", "page=2&per_page=1", false, []int64{2}, "first=1 prev=1 next=3 last=3", "3", true},
		{"the last page", "page=3&per_page=1", false, []int64{3}, "first=1 prev=2 last=3", "3", true},
		{"a last page that is not full", "page=2&per_page=2", false, []int64{3}, "first=1 prev=1 last=2", "3", false},
		{"everything on one page", "", false, []int64{1, 2, 3}, "first=1 last=1", "3", false},
		{"a full page that is everything", "per_page=3", false, []int64{1, 2, 3}, "first=1 last=1", "3", false},
		{"the page after the last", "page=4&per_page=1", false, []int64{}, "first=1 prev=3 last=3", "3", false},
		{"a page far after the last", "page=2147483647&per_page=100", false, []int64{}, "first=1 prev=1 last=1", "3", false},
		{"no match", "q=nobody", false, []int64{}, "first=1 last=1", "0", false},
		{"a page without users", "q=nobody&page=2", false, []int64{}, "first=1 prev=1 last=1", "0", false},
		{"a full page without a count", "per_page=2", true, []int64{1, 2}, "first=1 next=2", "", false},
		{"a page in the middle without a count", "per_page=1&page=2", true, []int64{2}, "first=1 prev=1 next=3", "", true},
		{"the last page without a count", "per_page=2&page=2", true, []int64{3}, "first=1 prev=1", "", true},
		{"a page after the last without a total", "per_page=2&page=3", true, []int64{}, "first=1 prev=2", "", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := populated(t)
			g.directory.silent.Store(c.silent)
			a := g.get("/v1/users?" + c.query)
			ids := []int64{}
			for _, u := range a.list().Data {
				ids = append(ids, u.ID)
			}
			if !slices.Equal(ids, c.ids) {
				t.Errorf("%s: users %v, want %v", a.call, ids, c.ids)
			}
			if got := a.links(); got != c.links {
				t.Errorf("%s: links %s, want %s", a.call, got, c.links)
			}
			a.wantHeader("X-Total-Count", c.total)
			want := 1
			if c.compared {
				want = 2 // page 1 was requested too
			}
			if n := g.directory.Sent(); n != want {
				t.Errorf("%s asks the directory %d times, want %d", a.call, n, want)
			}
			head := g.send(http.MethodHead, "/v1/users?"+c.query)
			head.wantHeader("Link", a.Header.Get("Link"))
			head.wantHeader("X-Total-Count", c.total)
		})
	}
}

func TestUsersOfADirectoryWithoutPages(t *testing.T) {
	g := populated(t)
	g.directory.Now(func(*http.Request) (*http.Response, error) { return sendsJSON(g.directory.users)(nil) })
	a := g.get("/v1/users?page=2&per_page=2")
	if got := a.list().Data; len(got) != 1 || got[0].ID != 3 {
		t.Errorf("%s: users %v, want the third only", a.call, got)
	}
	if got := a.links(); got != "first=1 prev=1 last=2" {
		t.Errorf("%s: links %s", a.call, got)
	}
	a.wantHeader("X-Total-Count", "3")
}

func TestUsersByText(t *testing.T) {
	g := populated(t)
	text := "Clementine%20B%26%C3%BC%3E" // with characters that are special in a query and in Link
	a := g.get("/v1/users?q=" + text)
	if got := g.directory.Last().URL.Query(); got.Get("q") != "Clementine B&ü>" || got.Get("_page") != "1" || got.Get("_limit") != "20" {
		t.Errorf("%s asks the directory for %v", a.call, got)
	}
	a.wantHeader("Link", `</v1/users?page=1&per_page=20&q=Clementine+B%26%C3%BC%3E>; rel="first", </v1/users?page=1&per_page=20&q=Clementine+B%26%C3%BC%3E>; rel="last"`)

	link := g.get("/v1/users?per_page=1&q=April").Header.Get("Link") // no user matches
	if strings.Contains(link, "next") {
		t.Errorf("Link = %s, want no next page", link)
	}
	next := g.get("/v1/users?per_page=1&q=april").Header.Get("Link")
	target := next[strings.LastIndex(next[:strings.Index(next, `rel="next"`)], "<")+1:]
	b := g.get(target[:strings.Index(target, ">")])
	if got := b.list().Data; len(got) != 1 || got[0].ID != 2 {
		t.Errorf("%s: users %v, want the second", b.call, got)
	}
}

func TestUserListsRefuse(t *testing.T) {
	const (
		noPage    = "page: is not a whole number from 1 to 2147483647"
		noPerPage = "per_page: is not a whole number from 1 to 100"
		noInclude = "include: goes with one user only: for a list it would be a call a user"
	)
	checkRefusals(t, "/v1/users", []refusal{
		{"page 0", "page=0", []string{noPage}},
		{"a negative page", "page=-1", []string{noPage}},
		{"an empty page", "page=", []string{noPage}},
		{"a page with a plus", "page=%2B1", []string{noPage}},
		{"half a page", "page=1.5", []string{noPage}},
		{"a page by name", "page=last", []string{noPage}},
		{"a page beyond 32 bits", "page=2147483648", []string{noPage}},
		{"a page beyond 64 bits", "page=99999999999999999999", []string{noPage}},
		{"a page of no users", "per_page=0", []string{noPerPage}},
		{"101 on a page", "per_page=101", []string{noPerPage}},
		{"two pages", "page=1&page=1", []string{"page: is given 2 times; once is enough"}},
		{"an empty text", "q=", []string{"q: " + noText}},
		{"blanks for a text", "q=+%09", []string{"q: " + noControl}},
		{"101 characters", "q=" + strings.Repeat("%C3%BC", 101), []string{"q: " + tooLong}},
		{"a byte that is not UTF-8", "q=%FF", []string{"q: " + noUTF8}},
		{"an include, even a known one", "include=github", []string{noInclude}},
		{"an empty include", "include=", []string{noInclude}},
		{"everything at once", "page=0&per_page=0&q=&include=x", []string{noPage, noPerPage, "q: " + noText, noInclude}},
		{"what cannot be read", "page=%zz", []string{unreadable}},
	})
}

func TestUserListsAreCached(t *testing.T) {
	it(t, "until they are not", func(t *testing.T) {
		g := populated(t)
		a := g.get("/v1/users")
		a.wantState("directory", "live", "")
		a.wantHeader("Cache-Control", "private, no-cache")
		if got := strings.Join(a.values("Vary"), ", "); got != "Accept, Authorization, X-API-Key" {
			t.Errorf("Vary = %q", got)
		}
		g.get("/v1/users").wantState("directory", "cached", "")

		b := g.get("/v1/users", "If-None-Match", a.Header.Get("ETag"))
		b.wantStatus(http.StatusNotModified)
		for _, name := range []string{"ETag", "Link", "X-Total-Count", "Cache-Control"} {
			b.wantHeader(name, a.Header.Get(name))
		}
		if n := g.directory.Sent(); n != 1 {
			t.Errorf("%d calls, want one for all", n)
		}

		time.Sleep(time.Hour)
		g.directory.Now(breaks)
		c := g.get("/v1/users", "If-None-Match", a.Header.Get("ETag"))
		c.wantStatus(http.StatusOK) // a degraded answer has another tag
		c.wantState("directory", "stale", "server_error")
		c.wantHeader("Cache-Control", "private, no-cache")
		c.wantHeader("X-Total-Count", "3")
	})
}

func TestUserListsFail(t *testing.T) {
	for _, c := range []struct {
		name   string
		does   behaviour
		status int
		code   string
	}{
		{"with 502 when the directory is not there", refuses, 502, "connection"},
		{"with 502 when the directory is broken", breaks, 502, "server_error"},
		{"with 502 when an item is none", answers(200, `[{"id":0}]`), 502, "invalid_response"},
		{"with 502 when our credentials are refused", answers(401, "{}"), 502, "unauthorized"},
		{"with 503 when the directory asks for quiet", answers(429, "{}", "Retry-After", "7"), 503, "rate_limited"},
		{"with 504 when the directory hangs", hangs, 504, "timeout"},
	} {
		it(t, c.name, func(t *testing.T) {
			g := populated(t)
			g.directory.Now(c.does)
			a := g.get("/v1/users")
			a.problem(c.status, "all_sources_failed")
			a.wantState("directory", "failed", c.code)
			a.wantHeader("Cache-Control", "no-store")
			a.wantHeader("Link", "")
			if wait := a.Header.Get("Retry-After"); (wait != "") != (c.status == 503) || c.status == 503 && wait != "7" {
				t.Errorf("Retry-After = %q", wait)
			}
		})
	}
}

func TestUsersWithoutAList(t *testing.T) {
	g := populated(t)
	g.directory.Now(answers(404, `{}`))
	a := g.get("/v1/users")
	p := a.problem(http.StatusNotFound, "not_found")
	a.wantHeader("Cache-Control", "max-age=30")
	a.wantState("directory", "skipped", "not_found")
	if p.Detail != "the list of users is not known to any source" {
		t.Errorf("detail = %q", p.Detail)
	}
}
