package sim_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"tributary/upstream/sim"
)

func TestGitHubAccountOfEveryDirectoryUser(t *testing.T) {
	s := start(t, sim.Config{})
	for _, u := range decode[[]directoryUser](t, get(t, s.URL(sim.Directory)+"/users")) {
		got := get(t, s.URL(sim.GitHub)+"/users/"+strings.ToUpper(u.Username))
		account := decode[struct{ Login, Name string }](t, got)
		if got.status != http.StatusOK || account.Login != u.Username || account.Name != u.Name {
			t.Errorf("%s: %d %+v, want 200 with login and name of %+v", u.Username, got.status, account, u)
		}
	}
}

func TestGitHubUserHasItsFields(t *testing.T) {
	s := start(t, sim.Config{})
	got := decode[map[string]any](t, get(t, s.URL(sim.GitHub)+"/users/octocat"))
	for _, name := range strings.Fields("login id node_id avatar_url gravatar_id url html_url followers_url following_url gists_url " +
		"starred_url subscriptions_url organizations_url repos_url events_url received_events_url type site_admin name company blog " +
		"location email hireable bio twitter_username public_repos public_gists followers following created_at updated_at") {
		if _, ok := got[name]; !ok {
			t.Errorf("no %s", name)
		}
	}
	if got["login"] != "octocat" || got["id"] != 583231.0 || got["node_id"] != "MDQ6VXNlcjU4MzIzMQ==" || got["email"] != nil || got["hireable"] != nil {
		t.Errorf("octocat = %v", got)
	}
}

func TestGitHubHeaders(t *testing.T) {
	s := start(t, sim.Config{})
	url := s.URL(sim.GitHub) + "/users/octocat"
	first := get(t, url)
	for name, want := range map[string]string{
		"Content-Type":          "application/json; charset=utf-8",
		"Last-Modified":         "Sun, 23 Aug 2020 14:28:27 GMT",
		"Cache-Control":         "public, max-age=60, s-maxage=60",
		"X-RateLimit-Limit":     "60",
		"X-RateLimit-Remaining": "59",
		"X-RateLimit-Used":      "1",
		"X-RateLimit-Reset":     "1795525200", // 13:00 UTC
		"X-RateLimit-Resource":  "core",
	} {
		if got := first.header.Get(name); got != want {
			t.Errorf("%s = %q, want %q", name, got, want)
		}
	}
	etag := first.header.Get("ETag")
	if !strings.HasPrefix(etag, `W/"`) {
		t.Errorf("ETag = %q, want a weak one", etag)
	}
	if got := get(t, url, "If-None-Match", etag); got.status != http.StatusNotModified || got.body != "" || got.header.Get("X-RateLimit-Used") != "2" {
		t.Errorf("unchanged, without a token: %d, used %s, want 304, 2", got.status, got.header.Get("X-RateLimit-Used"))
	}
	authorized := get(t, url, "Authorization", "Bearer token")
	if got := authorized.header; got.Get("X-RateLimit-Limit") != "5000" || got.Get("X-RateLimit-Used") != "1" || !strings.HasPrefix(got.Get("Cache-Control"), "private") || !strings.Contains(got.Get("Vary"), "Authorization") {
		t.Errorf("with a token: %v", got)
	}
	if got := get(t, url, "Authorization", "Bearer token", "If-None-Match", etag); got.status != http.StatusNotModified || got.header.Get("X-RateLimit-Used") != "1" {
		t.Errorf("unchanged, with a token: %d, used %s, want 304, 1", got.status, got.header.Get("X-RateLimit-Used"))
	}
}

func TestGitHubWithoutAQuotaNeverRunsOut(t *testing.T) {
	s := start(t, sim.Config{})
	for range 65 {
		got := get(t, s.URL(sim.GitHub)+"/users/octocat")
		if got.status != http.StatusOK || got.header.Get("X-RateLimit-Remaining") == "0" {
			t.Fatalf("%d with %s left", got.status, got.header.Get("X-RateLimit-Remaining"))
		}
	}
}

func TestGitHubRefuses(t *testing.T) {
	s := start(t, sim.Config{})
	const notFound = `{"message":"Not Found","documentation_url":"https://docs.github.com/rest","status":"404"}`
	for _, path := range []string{"/users/nobody", "/users/", "/users/octocat/repos", "/user"} {
		if got := get(t, s.URL(sim.GitHub)+path); got.status != http.StatusNotFound || got.body != notFound {
			t.Errorf("%s: %d %s, want 404 %s", path, got.status, got.body, notFound)
		}
	}
	got := get(t, s.URL(sim.GitHub)+"/users/octocat", "User-Agent", "")
	if got.status != http.StatusForbidden || json.Valid([]byte(got.body)) || !strings.Contains(got.body, "User-Agent") {
		t.Errorf("no User-Agent: %d %s, want 403 in plain words", got.status, got.body)
	}
}

func TestGitHubSpentQuota(t *testing.T) {
	s := start(t, sim.Config{Quotas: map[string]sim.Quota{sim.GitHub: {Calls: 1, Per: time.Hour}}})
	url := s.URL(sim.GitHub) + "/users/octocat"
	last := get(t, url)
	if last.status != http.StatusOK || last.header.Get("X-RateLimit-Remaining") != "0" || last.header.Get("X-RateLimit-Limit") != "1" {
		t.Errorf("the last call allowed: %d, %s left of %s, want 200, 0 of 1", last.status, last.header.Get("X-RateLimit-Remaining"), last.header.Get("X-RateLimit-Limit"))
	}
	spent := get(t, url)
	if spent.status != http.StatusForbidden || spent.header.Get("X-RateLimit-Remaining") != "0" || spent.header.Get("Retry-After") != "" || spent.header.Get("X-RateLimit-Reset") != "1795525200" {
		t.Errorf("a call too many: %d %v, want 403, 0 left until 13:00", spent.status, spent.header)
	}
	authorized := get(t, url, "Authorization", "Bearer token")
	if authorized.status != http.StatusOK {
		t.Errorf("with a token: %d, want 200 of a quota of its own", authorized.status)
	}
	if got := get(t, url, "Authorization", "Bearer token", "If-None-Match", last.header.Get("ETag")).status; got != http.StatusNotModified {
		t.Errorf("unchanged costs nothing: %d, want 304", got)
	}
}
