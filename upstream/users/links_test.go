package users

import (
	"strings"
	"testing"
)

func TestQueryOf(t *testing.T) {
	for name, tt := range map[string]struct {
		link, query string // "": the link is not followed
	}{
		"a path":                  {"/users/1/posts?_page=2", "_page=2"},
		"a URL":                   {"http://directory.test/users/1/posts?_page=2&_limit=10", "_page=2&_limit=10"},
		"a URL below a prefix":    {"https://directory.test/api/users/1/posts?_page=2", "_page=2"},
		"a query alone":           {"?_page=2", "_page=2"},
		"a name and a query":      {"posts?_page=2", "_page=2"},
		"another name of a host":  {"http://10.0.0.7:3000/users/1/posts?_page=2", "_page=2"},
		"a fragment":              {"/users/1/posts?_page=2#top", "_page=2"},
		"another list":            {"/users/1/todos?_page=2", ""},
		"another user":            {"/users/2/posts?_page=2", ""},
		"another path":            {"/admin?_page=2", ""},
		"a path beyond it":        {"/users/1/posts/../../../admin?_page=2", ""},
		"no query":                {"/users/1/posts", ""},
		"an empty query":          {"/users/1/posts?", ""},
		"an invalid URL":          {"http://[::1/users/1/posts?_page=2", ""},
		"a line break":            {"/users/1/posts?a\r\nb", ""},
		"a space in the query":    {"/users/1/posts?_page=2 rel=n", ""},
		"a space in the path":     {"/a b/users/1/posts?_page=2", ""},
		"a tab":                   {"/users/1/posts?_page=2\t", ""},
		"a link that is too long": {"/users/1/posts?_page=" + strings.Repeat("2", maxLink), ""},
		"nothing":                 {"", ""},
	} {
		t.Run(name, func(t *testing.T) {
			if got, ok := queryOf(tt.link, "/users/1/posts"); got != tt.query || ok != (tt.query != "") {
				t.Errorf("query = %q, %t; want %q", got, ok, tt.query)
			}
		})
	}
}
