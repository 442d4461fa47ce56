package api_test

import (
	"testing"
	"time"

	"tributary/api"
)

func TestDeprecationHeaders(t *testing.T) {
	g := populated(t, func(s *setup) {
		s.V1 = api.Lifecycle{
			Deprecated: time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC),
			Sunset:     time.Date(2028, 1, 1, 0, 0, 0, 0, time.UTC),
			Successor:  "/v2",
		}
		s.Origins = []string{"*"}
	})
	for _, path := range []string{here, "/v1/weather", "/v1/status", "/v1/users"} {
		a := g.get(path, "Origin", "https://app.example")
		a.wantHeader("Deprecation", "@1798761600")
		a.wantHeader("Sunset", "Sat, 01 Jan 2028 00:00:00 GMT")
		const successor = `</v2>; rel="successor-version"`
		if path != "/v1/users" {
			a.wantHeader("Link", successor)
			continue
		}
		a.wantHeader("Link", successor+` | </v1/users?page=1&per_page=20>; rel="first", </v1/users?page=1&per_page=20>; rel="last"`)
	}
	g.get("/openapi.yaml").wantHeader("Deprecation", "")

	current := newGateway(t).get(here)
	current.wantHeader("Deprecation", "")
	current.wantHeader("Sunset", "")
}
