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

// GitHub's waits after a rate limit: the least one if the answer names none, as its
// guide says, and the length of the window, which is the longest wait accepted.
const (
	gitHubPause  = time.Minute
	gitHubWindow = time.Hour
)

// gitHubUser gets a GitHub account (a person, bot or organization) by its login.
// https://docs.github.com/en/rest/users/users#get-a-user
func gitHubUser() upstream.Spec[string, *GitHub] {
	return upstream.Spec[string, *GitHub]{
		Name:  "github",
		Route: "/users/{login}",
		Key:   strings.ToLower, // logins ignore case
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
		Exhausted:  gitHubExhausted,
		LimitPause: gitHubPause,
		Private:    true, // a login is personal data
	}
}

// isLogin reports whether a name can be a login: letters, digits and hyphens, an
// underscore in managed accounts, brackets in bots. Other names are not requested,
// because a name such as ".." would change the path.
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
	// A five-digit year, which UTC can make of 9999, has no JSON form.
	if at, err := time.Parse(time.RFC3339, string(w.CreatedAt)); err == nil && at.UTC().Year() > 0 && at.UTC().Year() < 10000 {
		g.CreatedAt = at.UTC()
	}
	return g, nil
}

// gitHubRefusal recognises GitHub's two rate limits, which come as 403 or 429. Any
// other 403 is about credentials.
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

// gitHubExhausted is the time until the quota is renewed if this answer used the last
// call of it.
func gitHubExhausted(r upstream.Response) time.Duration {
	if !nothingRemains(r) {
		return 0
	}
	return untilReset(r)
}

func nothingRemains(r upstream.Response) bool {
	return strings.TrimSpace(r.Header.Get("X-RateLimit-Remaining")) == "0"
}

// untilReset is the time until the quota is renewed. A time in the past, which clock
// differences can cause, counts as one second.
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

// saysSecondary recognises a secondary limit that names no wait by its message, in
// its current or earlier wording.
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

// retryAfter reads Retry-After, in seconds or as a date (RFC 9110 §10.2.3).
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
