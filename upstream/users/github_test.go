package users

import (
	"strconv"
	"testing"
	"time"

	"tributary/upstream"
	"tributary/upstream/upstreamtest"
)

func TestGitHubRequest(t *testing.T) {
	r, err := gitHubUser().Request(t.Context(), "renovate[bot]")
	if err != nil {
		t.Fatal(err)
	}
	if got := r.URL.EscapedPath(); got != "/users/renovate%5Bbot%5D" {
		t.Errorf("path = %s, want brackets escaped", got)
	}
	if r.Header.Get("Accept") != "application/vnd.github+json" || r.Header.Get("X-GitHub-Api-Version") != "2022-11-28" {
		t.Errorf("headers = %v", r.Header)
	}
	if key := gitHubUser().Key("Leopoldo_Corkery"); key != "leopoldo_corkery" {
		t.Errorf("key = %s, want lower case", key)
	}
}

func TestIsLogin(t *testing.T) {
	for login, want := range map[string]bool{
		"ada": true, "Ada-L": true, "ada_corp": true, "Elwyn.Skiles": true, "x[bot]": true,
		"": false, ".": false, "..": false, "a/b": false, "a b": false, "añb": false, "a%2e": false, "a?b": false,
		string(make([]byte, 101)): false,
	} {
		if got := isLogin(login); got != want {
			t.Errorf("isLogin(%q) = %t, want %t", login, got, want)
		}
	}
}

func TestDecodeGitHub(t *testing.T) {
	for name, tt := range map[string]struct{ body, want string }{
		"has all known fields": {testdata(t, "github.json"), `{"login":"Ada","name":"Ada Example","url":"https://github.com/Ada",` +
			`"avatar_url":"https://avatars.githubusercontent.com/u/12?v=4","bio":"Counts","public_repos":10,"followers":0,"created_at":"2015-12-10T09:30:00Z"}`},
		"leaves out null and empty":      {`{"login":"a","name":null,"bio":"","public_repos":null}`, `{"login":"a"}`},
		"leaves out what is wrong":       {`{"login":"a","name":true,"followers":-1,"public_repos":"x","created_at":"yesterday"}`, `{"login":"a"}`},
		"leaves out a year too late":     {`{"login":"a","created_at":"9999-12-31T23:59:59-01:00"}`, `{"login":"a"}`},
		"treats names as case-sensitive": {`{"Login":"b","login":"a","LOGIN":"c","Bio":"x"}`, `{"login":"a"}`},
		"has times in UTC":               {`{"login":"a","created_at":"2015-12-10T09:30:00+01:00"}`, `{"login":"a","created_at":"2015-12-10T08:30:00Z"}`},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := decodeGitHub(respond(200, tt.body))
			if err != nil || asJSON(t, got) != tt.want {
				t.Errorf("account = %s, %v; want %s", asJSON(t, got), err, tt.want)
			}
		})
	}
	_, err := decodeGitHub(respond(200, `{"id":1}`))
	wantError(t, err, "login: missing")
	_, err = decodeGitHub(respond(200, `{"Login":"a"}`))
	wantError(t, err, "login: missing")
	upstreamtest.RefusesGarbage(t, decodeGitHub, respond(200, testdata(t, "github.json")))
}

func TestGitHubCheck(t *testing.T) {
	for _, tt := range []struct {
		asked, answered string
		same            bool
	}{
		{"ada", "Ada", true},
		{"ADA", "ada", true},
		{"kim", "\u212aim", false}, // the Kelvin sign, which Unicode folds to k
		{"ada", "ada-l", false},
		{"ada", "bob", false},
	} {
		if err := gitHubUser().Check(tt.asked, &GitHub{Login: tt.answered}); (err == nil) != tt.same {
			t.Errorf("asked for %s, answer about %s: %v, want it accepted: %t", tt.asked, tt.answered, err, tt.same)
		}
	}
}

func TestGitHubRefusal(t *testing.T) {
	const secondary = `{"message":"You have exceeded a secondary rate limit. Please wait a few minutes before you try again"}`
	unix := func(d time.Duration) string { return strconv.FormatInt(now.Add(d).Unix(), 10) }
	for name, tt := range map[string]struct {
		status int
		body   string
		header []string
		wait   time.Duration // 0: none
	}{
		"waits for the quota's renewal":                 {403, `{}`, []string{"X-RateLimit-Remaining", "0", "X-RateLimit-Reset", unix(9 * time.Minute)}, 9 * time.Minute},
		"waits for the quota's renewal after a 429 too": {429, `{}`, []string{"X-RateLimit-Remaining", "0", "X-RateLimit-Reset", unix(9 * time.Minute)}, 9 * time.Minute},
		"waits a minute without a reset time":           {403, ``, []string{"X-RateLimit-Remaining", "0"}, time.Minute},
		"waits a second for one that is past":           {403, ``, []string{"X-RateLimit-Remaining", "0", "X-RateLimit-Reset", unix(-time.Hour)}, time.Second},
		"waits an hour at most":                         {403, ``, []string{"X-RateLimit-Remaining", "0", "X-RateLimit-Reset", "9223372036854775807"}, time.Hour},
		"waits a second for one before time":            {403, ``, []string{"X-RateLimit-Remaining", "0", "X-RateLimit-Reset", "-9223372036854775808"}, time.Second},
		"obeys a wait of a secondary limit":             {403, secondary, []string{"Retry-After", "8", "X-RateLimit-Remaining", "4000"}, 8 * time.Second},
		"obeys a wait without a message":                {429, ``, []string{"Retry-After", "8"}, 8 * time.Second},
		"obeys a wait until a date":                     {403, ``, []string{"Retry-After", "Tue, 24 Nov 2026 06:21:30 GMT"}, 90 * time.Second},
		"obeys no wait of years":                        {403, ``, []string{"Retry-After", "2147483647"}, time.Hour},
		"waits a minute for an invalid Retry-After":     {403, ``, []string{"Retry-After", "soon"}, time.Minute},
		"waits a second for a Retry-After of 0":         {403, ``, []string{"Retry-After", "0"}, time.Second},
		"knows a secondary limit by its message":        {403, secondary, []string{"X-RateLimit-Remaining", "4000"}, time.Minute},
		"knows the message of earlier years":            {403, `{"message":"You have triggered an abuse detection mechanism."}`, nil, time.Minute},
		"leaves a refused credential to the status":     {403, `{"message":"Resource not accessible by personal access token"}`, []string{"X-RateLimit-Remaining", "4000"}, 0},
		"leaves a page to the status":                   {403, `<html>secondary rate limit</html>`, nil, 0},
		"leaves a 429 without a reason to it":           {429, ``, nil, 0},
		"leaves a 404 to it though nothing is left":     {404, `{}`, []string{"X-RateLimit-Remaining", "0"}, 0},
		"leaves a 401 to it though there is a wait":     {401, `{}`, []string{"Retry-After", "5"}, 0},
		"leaves an invalid message to the status":       {403, `{"message":{"abuse":1}}`, nil, 0},
		"leaves a 500 that speaks of a limit to it":     {500, secondary, nil, 0},
		"leaves a 403 of an unknown remainder to it":    {403, ``, []string{"X-RateLimit-Remaining", ""}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			e := gitHubRefusal(respond(tt.status, tt.body, tt.header...))
			switch {
			case tt.wait == 0 && e != nil:
				t.Errorf("refusal = %v, want it left to the status", e)
			case tt.wait > 0 && (e == nil || e.Code != upstream.CodeRateLimited || e.RetryAfter != tt.wait):
				t.Errorf("refusal = %+v, want rate_limited for %v", e, tt.wait)
			}
		})
	}
}

func TestGitHubExhausted(t *testing.T) {
	reset := strconv.FormatInt(now.Add(30*time.Minute).Unix(), 10)
	for remaining, want := range map[string]time.Duration{"0": 30 * time.Minute, "1": 0, "": 0} {
		if got := gitHubExhausted(respond(200, `{}`, "X-RateLimit-Remaining", remaining, "X-RateLimit-Reset", reset)); got != want {
			t.Errorf("spent with %q remaining = %v, want %v", remaining, got, want)
		}
	}
}
