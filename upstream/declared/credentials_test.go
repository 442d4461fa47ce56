package declared_test

import (
	"strings"
	"testing"

	"tributary/upstream/declared"
)

// sourceMistakes are the mistakes of a file with one upstream and one source.
func sourceMistakes(upstream, source string) string {
	_, lines := load(declared.Known{Files: folder(map[string]string{
		"any.json": "{}",
		"endpoints.yaml": "version: 1\nupstreams: {things: " + upstream + "}\nsources: {thing: " + source + "}\n" +
			"endpoints: {/v1/thing: {scope: none, parts: {thing: {ask: {}}}, data: thing}}\n",
	})}, "endpoints.yaml")
	return strings.Join(lines, "\n")
}

func TestCredentials(t *testing.T) {
	const plain = `{get: "things /thing?a=1", answer: any.json}`
	for _, c := range []struct{ name, upstream, source, want string }{
		{"in an empty mapping", `{credentials: {}}`, plain, "endpoints.yaml:2:35: upstreams.things.credentials: must be none, bearer, caller, {header: NAME} or {query: NAME}"},
		{"in a header", `{credentials: {header: X-Api-Key}}`, plain, ""},
		{"in a header of the gateway", `{credentials: {header: User-Agent}}`, plain, "endpoints.yaml:2:44: upstreams.things.credentials.header: the gateway itself decides this header"},
		{"in one written in another case", `{credentials: {header: HOST}}`, plain, "the gateway itself decides this header"},
		{"in one of tracing", `{credentials: {header: traceparent}}`, plain, "the gateway itself decides this header"},
		{"in a condition", `{credentials: {header: If-None-Match}}`, plain, "the gateway itself decides this header"},
		{"in a query parameter", `{credentials: {query: api_key}}`, plain, ""},
		{"in one with a space", `{credentials: {query: "api key"}}`, plain, "endpoints.yaml:2:43: upstreams.things.credentials.query: is not a plain name"},
		{"in one with =", `{credentials: {query: "a=b"}}`, plain, "is not a plain name"},
		{"in one with &", `{credentials: {query: "a&b"}}`, plain, "is not a plain name"},
		{"in one with %", `{credentials: {query: "a%20b"}}`, plain, "is not a plain name"},
		{"in one without a name", `{credentials: {query: ""}}`, plain, "has no value"},
		{"in one that is asked for", `{credentials: {query: a}}`, plain, "sources.thing.get: the query parameter a holds the credentials of things"},
		{"in one that is asked for with an escape", `{credentials: {query: a}}`, `{get: "things /thing?%61=1", answer: any.json}`, "holds the credentials of things"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := sourceMistakes(c.upstream, c.source); !strings.Contains(got, c.want) || (got == "") != (c.want == "") {
				t.Errorf("mistakes = %q, want %q", got, c.want)
			}
		})
	}
}

func TestAPathThatIsAnotherPathIsAMistake(t *testing.T) {
	for path, want := range map[string]string{
		"/": "", "/a/b": "", "/a/": "", "/a/...": "", "/a/%2e%2e%2e": "", "/a/.b": "", "/a?b=c//d": "",
		"//a": "empty segment", "//evil.test/a": "empty segment", "/a//b": "empty segment", "/a//": "empty segment",
		"/a/%2e/b": ". or ..", "/a/%2E%2e": ". or ..", "/a/.%2e/b": ". or ..", "/a/..": ". or ..",
	} {
		t.Run(path, func(t *testing.T) {
			got := sourceMistakes("{}", `{get: "things `+path+`", answer: any.json}`)
			if !strings.Contains(got, want) || (got == "") != (want == "") {
				t.Errorf("mistakes = %q, want %q", got, want)
			}
		})
	}
}

func TestNotFoundInABatchIsOneMistake(t *testing.T) {
	got := sourceMistakes("{}", `{get: "things /thing?k={k}", answer: any.json, not_found: {a: 1}, batch: {over: k, by: .k, most: 3}}`)
	if n := strings.Count(got, "not_found"); n != 1 {
		t.Errorf("mistakes = %q, want one about not_found", got)
	}
}

func TestANameThatIsNotNearIsNotSuggested(t *testing.T) {
	for given, want := range map[string]string{"thnig": "thing", "thin": "thing", "town": "", "thongs": "thing"} {
		_, lines := load(declared.Known{Files: folder(map[string]string{
			"any.json": "{}",
			"endpoints.yaml": "version: 1\nupstreams: {things: {}}\nsources: {thing: {get: things /thing, answer: any.json}, lawn: {get: things /lawn, answer: any.json}, part: {get: things /part, answer: any.json}}\n" +
				"endpoints: {/v1/thing: {scope: none, parts: {a: {source: " + given + ", ask: {}}}, data: a}}\n",
		})}, "endpoints.yaml")
		if want != "" {
			want = "(did you mean " + want + "?)"
		}
		if all := strings.Join(lines, "\n"); !strings.Contains(all, want) || strings.Contains(all, "did you mean") != (want != "") {
			t.Errorf("%s: mistakes = %q, want %q", given, all, want)
		}
	}
}
