package declared_test

import (
	"slices"
	"testing"
	"testing/fstest"

	"tributary/upstream/declared"
)

// A stream is served below its endpoint's path, where nothing else may be.
func TestPathsOfStreams(t *testing.T) {
	const before = `version: 1
upstreams: {shop: {url: "http://shop.test"}}
sources: {thing: {get: shop /thing, answer: thing.json}}
endpoints:
`
	const body = "scope: none, parts: {thing: {ask: {}}}, data: thing"
	for _, c := range []struct{ name, endpoints, want string }{
		{"a stream beside other endpoints",
			"  /v1/a: {stream: true, " + body + "}\n  /v1/a/{x}: {parameters: {x: {type: string}}, " + body + "}\n", ""},
		{"an endpoint at the path of a stream",
			"  /v1/a: {stream: true, " + body + "}\n  /v1/a/stream: {" + body + "}\n",
			"endpoints.yaml:6:3: endpoints./v1/a/stream: is the same path as /v1/a/stream in line 5"},
		{"a stream at the path of an endpoint",
			"  /v1/{x}/stream: {parameters: {x: {type: string}}, " + body + "}\n  /v1/{y}: {stream: true, parameters: {y: {type: string}}, " + body + "}\n",
			"endpoints.yaml:6:3: endpoints./v1/{y}: its stream would be at /v1/{y}/stream, which is the same path as /v1/{x}/stream in line 5"},
		{"a stream at a built-in path",
			"  /v1/{y}: {stream: true, parameters: {y: {type: string}}, " + body + "}\n",
			"endpoints.yaml:5:3: endpoints./v1/{y}: its stream would be at /v1/{y}/stream, and the gateway itself serves /v1/weather/stream (BUILTIN_ENDPOINTS can turn that off)"},
	} {
		t.Run(c.name, func(t *testing.T) {
			known := declared.Known{
				Files: fstest.MapFS{"endpoints.yaml": {Data: []byte(before + c.endpoints)}, "thing.json": {Data: []byte(`{"type": "object"}`)}},
			}
			if c.name == "a stream at a built-in path" {
				known.Paths = []string{"/v1/weather/stream"}
			}
			_, got := load(known, "endpoints.yaml")
			var want []string
			if c.want != "" {
				want = []string{c.want}
			}
			if !slices.Equal(got, want) {
				t.Errorf("mistakes = %q, want %q", got, want)
			}
		})
	}
}
