package users

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"tributary/upstream"
)

// GitHub's waits: the least after a limit that names none, by its guide, and
// the length of its window, beyond which no wait is believed.
const (
	gitHubPause  = time.Minute
	gitHubWindow = time.Hour
)

// gitHubUser asks GitHub for an account by its login, people, bots and
// organizations alike.
// https://docs.github.com/en/rest/users/users#get-a-user
func gitHubUser() upstream.Spec[string, *GitHub] {
	return upstream.Spec[string, *GitHub]{
		Name:  "github",
		Route: "/users/{login}",
		Key:   strings.ToLower, // GitHub does not tell case either
		Request: func(ctx context.Context, login string) (*http.Request, error) {
			r, err := get(ctx, "/users/"+url.PathEscape(login))
			if err == nil {
				r.Header.Set("Accept", "application/vnd.github+json")
				r.Header.Set("X-GitHub-Api-Version", "2022-11-28")
			}
			return r, err
		},
		Decode: decodeGitHub,
		Check: func(login string, g *GitHub) error {
			if !isLogin(g.Login) || !strings.EqualFold(login, g.Login) {
				return errors.New("login: not the one that was asked for")
			}
			return nil
		},
		Refusal:    gitHubRefusal,
		Exhausted:  gitHubSpent,
		LimitPause: gitHubPause,
		Private:    true, // a login is a name
	}
}

// isLogin reports whether a name could be a login. Logins have letters, digits
// and hyphens; those that a company manages have an underscore, those of bots
// brackets. Others are not asked for: "..", most of all, is another path.
func isLogin(name string) bool {
	if len(name) > 100 || strings.Trim(name, ".") == "" {
		return false
	}
	return !strings.ContainsFunc(name, func(r rune) bool {
		return !(r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || strings.ContainsRune("-_.[]", r))
	})
}

type wireGitHub struct {
	Login       text   `json:"login"`
	Name        text   `json:"name"`
	HTMLURL     text   `json:"html_url"`
	AvatarURL   text   `json:"avatar_url"`
	Bio         text   `json:"bio"`
	PublicRepos number `json:"public_repos"`
	Followers   number `json:"followers"`
	CreatedAt   text   `json:"created_at"`
}

func decodeGitHub(r upstream.Response) (*GitHub, error) {
	var w wireGitHub
	if err := upstream.DecodeJSON(r.Body, '{', &w); err != nil {
		return nil, err
	}
	if w.Login == "" {
		return nil, errors.New("login: missing or blank")
	}
	g := &GitHub{
		Login:       string(w.Login),
		Name:        string(w.Name),
		URL:         string(w.HTMLURL),
		AvatarURL:   string(w.AvatarURL),
		Bio:         string(w.Bio),
		PublicRepos: w.PublicRepos.count(),
		Followers:   w.Followers.count(),
	}
	// A year of five digits, which UTC may make of one of four, has no JSON form.
	if at, err := time.Parse(time.RFC3339, string(w.CreatedAt)); err == nil && at.UTC().Year() > 0 && at.UTC().Year() < 10000 {
		g.CreatedAt = at.UTC()
	}
	return g, nil
}

// gitHubRefusal knows the two limits, which come as 403 or as 429. Any other
// 403 is about credentials.
// https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api
func gitHubRefusal(r upstream.Response) *upstream.Error {
	if r.Status != http.StatusForbidden && r.Status != http.StatusTooManyRequests {
		return nil
	}
	switch {
	case nothingRemains(r):
		e := upstream.Errorf(upstream.CodeRateLimited, "its quota is spent")
		e.RetryAfter = untilReset(r)
		return e
	case r.Header.Get("Retry-After") != "" || saysSecondary(r.Body):
		e := upstream.Errorf(upstream.CodeRateLimited, "too many requests in a short time")
		e.RetryAfter = retryAfter(r)
		return e
	}
	return nil
}

// gitHubSpent is how long nothing more will be answered: the last answer that
// the quota had room for is a good one.
func gitHubSpent(r upstream.Response) time.Duration {
	if !nothingRemains(r) {
		return 0
	}
	return untilReset(r)
}

func nothingRemains(r upstream.Response) bool {
	return strings.TrimSpace(r.Header.Get("X-RateLimit-Remaining")) == "0"
}

// untilReset is the time until the quota is renewed. One that should have been
// renewed already, by a clock that differs from ours, is within a second.
func untilReset(r upstream.Response) time.Duration {
	reset, err := strconv.ParseInt(strings.TrimSpace(r.Header.Get("X-RateLimit-Reset")), 10, 64)
	if err != nil {
		return gitHubPause
	}
	if reset > r.At.Add(gitHubWindow).Unix() {
		return gitHubWindow
	}
	return max(time.Second, time.Unix(max(0, reset), 0).Sub(r.At))
}

// saysSecondary looks for the only mark that a secondary limit has when it
// names no wait: its message, in today's words or the earlier ones.
func saysSecondary(body []byte) bool {
	var said struct {
		Message text `json:"message"`
	}
	if upstream.DecodeJSON(body, '{', &said) != nil {
		return false
	}
	message := strings.ToLower(string(said.Message))
	return strings.Contains(message, "secondary rate limit") || strings.Contains(message, "abuse")
}

// retryAfter is the wait that a Retry-After asks for, in seconds or as a date
// (RFC 9110 §10.2.3).
func retryAfter(r upstream.Response) time.Duration {
	v := strings.TrimSpace(r.Header.Get("Retry-After"))
	if at, err := http.ParseTime(v); err == nil {
		return min(max(time.Second, at.Sub(r.At)), gitHubWindow)
	}
	seconds, err := strconv.ParseUint(v, 10, 31)
	if err != nil {
		return gitHubPause
	}
	return min(max(1, time.Duration(seconds))*time.Second, gitHubWindow)
}
