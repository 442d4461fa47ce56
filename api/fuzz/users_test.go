package fuzz_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	"tributary/upstream/users"
)

// FuzzUserListParameters sends arbitrary queries. The status is 200 if and only if the
// query is valid.
func FuzzUserListParameters(f *testing.F) {
	for _, query := range []string{
		"", "page=2&per_page=1", "page=0", "per_page=101", "q=Leanne", "q=%FF", "q=+", "page=1&page=1", "include=github", "page=%2B1", "page=007",
		"page=2147483648", "per_page=1e1", "q=" + strings.Repeat("%C3%BC", 101), "q=%E2%80%A8%3E;rel", "page=1;per_page=1", "%zz", "&&=&q=a&x=%20",
	} {
		f.Add(query)
	}
	gateway := newGateway(f)
	f.Fuzz(func(t *testing.T, raw string) {
		r := httptest.NewRequest(http.MethodGet, "/v1/users", nil)
		r.URL.RawQuery = raw
		a := ask(t, gateway, r)
		if !keepsTheRulesOfLists(raw) {
			a.want(http.StatusBadRequest)
			return
		}
		a.want(http.StatusOK)
		for _, user := range decode[[]users.User](a, "application/json", a.data()) {
			if user.ID < 1 || user.Name == "" {
				a.errorf("a user lacks something")
			}
		}
	})
}

func keepsTheRulesOfLists(raw string) bool {
	q, err := url.ParseQuery(raw)
	if err != nil || q.Has("include") || len(q["page"]) > 1 || len(q["per_page"]) > 1 || len(q["q"]) > 1 {
		return false
	}
	return (!q.Has("page") || isNumber(q.Get("page"), 1<<31-1)) && (!q.Has("per_page") || isNumber(q.Get("per_page"), 100)) && (!q.Has("q") || isName(q.Get("q")))
}

// isNumber checks the number digit by digit.
func isNumber(s string, most uint64) bool {
	n := uint64(0)
	for _, c := range []byte(s) {
		if c < '0' || c > '9' || n > most {
			return false
		}
		n = n*10 + uint64(c-'0')
	}
	return n >= 1 && n <= most
}

// FuzzUser requests an arbitrary id with an arbitrary include.
func FuzzUser(f *testing.F) {
	for _, c := range [][2]string{
		{"1", ""}, {"2", "github,activity,weather,air_quality"}, {"0", "github"}, {"-1", ","}, {"+1", "Github"}, {"007", "weather,weather"}, {"9007199254740991", "activity"},
		{"9007199254740992", ""}, {"abc", "friends"}, {"1 ", " github"}, {"10", "air_quality"}, {"11", ""}, {"%31", "github%2Cweather"}, {"..", "\xff"}, {"1?", "x"},
	} {
		f.Add(c[0], c[1])
	}
	gateway := newGateway(f)
	f.Fuzz(func(t *testing.T, id, include string) {
		if id == "" || strings.Contains(id, "/") {
			t.Skip("another path")
		}
		r := httptest.NewRequest(http.MethodGet, "/v1/users/1", nil)
		r.URL = &url.URL{Path: "/v1/users/" + id, RawPath: "/v1/users/" + url.PathEscape(id), RawQuery: url.Values{"include": {include}}.Encode()}
		a := ask(t, gateway, r)
		parts := strings.Split(include, ",")
		known := include == "" || !slices.ContainsFunc(parts, func(part string) bool { return !slices.Contains(users.PartNames, part) })
		n, _ := strconv.ParseInt(id, 10, 64)
		switch {
		case !known || !isNumber(id, 1<<53-1):
			a.want(http.StatusBadRequest)
		case n > 10:
			a.want(http.StatusNotFound)
		default:
			a.want(http.StatusOK)
			profile := decode[users.Profile](a, "application/json", a.data())
			if profile.ID != n || profile.Name == "" || slices.Contains(parts, "activity") != (profile.Activity != nil) {
				a.errorf("it is another user, or lacks something")
			}
		}
	})
}
