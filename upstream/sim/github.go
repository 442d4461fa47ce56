package sim

import (
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// gitHub simulates https://docs.github.com/en/rest/users/users for single users.
type gitHub struct {
	now      func() time.Time
	accounts map[string]account // by login in lower case

	// GitHub counts calls by token, or by address without one. Here all callers with a
	// token share one window, and all others another.
	anonymous, authorized *window
}

// GitHub's hourly limits, which its headers always announce. Without a quota the
// simulator never refuses a call and never announces 0 remaining.
const (
	anonymousCalls  = 60
	authorizedCalls = 5000
)

func newGitHub(now func() time.Time, q Quota) (provider, error) {
	accounts, err := newAccounts()
	if err != nil {
		return provider{}, err
	}
	g := &gitHub{
		now:        now,
		accounts:   accounts,
		anonymous:  &window{Quota: Quota{anonymousCalls, time.Hour}, lenient: true},
		authorized: &window{Quota: Quota{authorizedCalls, time.Hour}, lenient: true},
	}
	if q.set() {
		g.anonymous, g.authorized = &window{Quota: q}, &window{Quota: q}
	}
	return readOnly(provider{
		name:        GitHub,
		contentType: jsonUTF8,
		answer:      g.answer,
		fail:        gitHubFailure,
	}), nil
}

func (g *gitHub) answer(r *http.Request) answer {
	if r.UserAgent() == "" {
		return bytesAnswer(http.StatusForbidden, "text/html", []byte("\r\nRequest forbidden by administrative rules. "+
			"Please make sure your request has a User-Agent header "+
			"(https://docs.github.com/en/rest/overview/resources-in-the-rest-api#user-agent-required). "+
			"Check https://developer.github.com for other possible causes.\r\n"))
	}
	token := r.Header.Get("Authorization") != ""
	a, calls := g.user(r, token), 1
	if a.status == http.StatusNotModified && token {
		calls = 0 // a 304 is free of charge only with a valid token
	}
	limits := g.anonymous
	if token {
		limits = g.authorized
	}
	used := limits.count(g.now(), calls)
	if used.refused {
		a = gitHubExhausted(r, token)
	}
	return a.
		with("X-RateLimit-Limit", strconv.Itoa(limits.Calls)).
		with("X-RateLimit-Remaining", strconv.Itoa(used.left)).
		with("X-RateLimit-Used", strconv.Itoa(used.used)).
		with("X-RateLimit-Reset", strconv.FormatInt(used.reset.Unix(), 10)).
		with("X-RateLimit-Resource", "core").
		with("X-GitHub-Media-Type", "github.v3; format=json").
		with("Access-Control-Allow-Origin", "*")
}

func (g *gitHub) user(r *http.Request, token bool) answer {
	login, ok := strings.CutPrefix(r.URL.Path, "/users/")
	found, known := g.accounts[strings.ToLower(login)]
	if !ok || !known {
		return gitHubFailure(http.StatusNotFound)
	}
	a := bytesAnswer(http.StatusOK, jsonUTF8, found.body).
		with("ETag", found.etag).
		with("Last-Modified", found.modified).
		with("Cache-Control", "public, max-age=60, s-maxage=60").
		with("Vary", "Accept,Accept-Encoding, Accept, X-Requested-With")
	if token {
		a = a.with("Cache-Control", "private, max-age=60, s-maxage=60").
			with("Vary", "Accept, Authorization, Cookie, X-GitHub-OTP,Accept-Encoding, Accept, X-Requested-With")
	}
	if matchesETag(r, found.etag) {
		a.status, a.body = http.StatusNotModified, nil
	}
	return a
}

// gitHubExhausted is the error of the primary limit: 403 without Retry-After.
func gitHubExhausted(r *http.Request, token bool) answer {
	message := "API rate limit exceeded for user ID 1."
	if !token {
		address, _, _ := net.SplitHostPort(r.RemoteAddr)
		message = "API rate limit exceeded for " + address + ". (But here's the good news: Authenticated requests " +
			"get a higher rate limit. Check out the documentation for more details.)"
	}
	return gitHubError(http.StatusForbidden, message,
		"https://docs.github.com/rest/overview/resources-in-the-rest-api#rate-limiting")
}

func gitHubFailure(status int) answer {
	message := http.StatusText(status)
	switch {
	case status == http.StatusUnauthorized:
		message = "Bad credentials"
	case status == http.StatusTooManyRequests:
		message = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again"
	case status >= 500:
		message = "Server Error"
	}
	return gitHubError(status, message, "https://docs.github.com/rest")
}

func gitHubError(status int, message, documentation string) answer {
	return jsonAnswer(status, struct {
		Message          string `json:"message"`
		DocumentationURL string `json:"documentation_url"`
		Status           string `json:"status"`
	}{message, documentation, strconv.Itoa(status)})
}
