package declared_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/fstest"
	"unicode/utf8"

	"tributary/upstream/declared"
)

// definition is what a file declares whose sources all have the schema things.json,
// which has members of any name.
func definition(t testing.TB, sources string) *declared.Definition {
	t.Helper()
	files := fstest.MapFS{
		"f.yaml": {Data: []byte("version: 1\nupstreams:\n  shop: {}\n  bank: {credentials: bearer}\n  post: {credentials: {header: X-Key}}\n" +
			"  mill: {credentials: {query: key}}\n  club: {credentials: caller}\n  idle:\nsources:\n" + sources)},
		"thing.json": {Data: []byte(`{"type": "object", "required": ["id", "kind"], "properties": {
			"id": {"type": "string"}, "number": {"type": "integer"}, "kind": {"type": "string"}, "a": {"type": "string"}, "b": {"type": "string"},
			"code": {"type": "string", "pattern": "^[A-Z]{2}$"}, "size": {"enum": ["S", "M", "L"]}, "x~/y": {"type": "string"},
			"owner": {"type": "object", "required": ["id"], "properties": {"id": {"type": "string"}}},
			"lines": {"type": "array", "minItems": 2, "items": {"type": "object", "required": ["thing"], "properties": {"thing": {"type": "string"}}}}}}`)},
	}
	file, mistakes := declared.Read(files, "f.yaml")
	d, more := file.Compile(declared.Known{Files: files, Upstreams: []string{"github"}, Tokens: true})
	for _, m := range append(mistakes, more...) {
		t.Error(m)
	}
	if d == nil {
		t.FailNow()
	}
	return d
}

func ask(d *declared.Definition, upstream, target string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, target, nil)
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	declared.NewSimulation(d).Handler(upstream).ServeHTTP(w, r)
	return w
}

// at is the value in an answer where a JSON Pointer leads.
func at(t *testing.T, w *httptest.ResponseRecorder, pointer string) any {
	t.Helper()
	var v any
	if err := json.Unmarshal(w.Body.Bytes(), &v); err != nil || w.Code != http.StatusOK {
		t.Fatalf("answer %d %s: %v", w.Code, w.Body, err)
	}
	for name := range strings.FieldsFuncSeq(pointer, func(c rune) bool { return c == '/' }) {
		switch in := v.(type) {
		case map[string]any:
			v = in[strings.NewReplacer("~1", "/", "~0", "~").Replace(name)]
		case []any:
			i := 0
			if fmt.Sscan(name, &i); i < len(in) {
				v = in[i]
			}
		}
	}
	return v
}

func TestSimulationGivesBackWhatItIsAskedFor(t *testing.T) {
	for name, tt := range map[string]struct{ source, target, pointer, want string }{
		"a parameter of the path":      {"get: shop /things/{id}", "/things/7", "id", "7"},
		"a parameter of the query":     {"get: shop /things?x={id}", "/things?x=7", "id", "7"},
		"escaped characters":           {"get: shop /things/{id}", "/things/a%2Fb%20%C3%A9%3F", "id", "a/b é?"},
		"escaped text in the query":    {"get: shop /things?x={id}", "/things?x=a+b%26c%3D", "id", "a b&c="},
		"text beside a parameter":      {"get: shop /things/{id}.json?at=v-{kind}", "/things/7.json?at=v-2", "kind", "2"},
		"text that clients escape":     {"get: shop /größe/{id}", "/gr%C3%B6%C3%9Fe/7", "id", "7"},
		"a number":                     {"get: shop /things/{number}", "/things/7", "number", "7"},
		"an equation of the rule":      {"get: shop /things/{thing}\n    valid: answer.id == thing", "/things/7", "id", "7"},
		"its sides the other way":      {"get: shop /things/{thing}\n    valid: thing == answer.id", "/things/7", "id", "7"},
		"an equation below":            {"get: shop /things/{thing}\n    valid: answer.owner.id == thing", "/things/7", "owner/id", "7"},
		"one of two equations":         {"get: shop /things/{thing}?k={sort}\n    valid: answer.id == thing && answer.kind == sort", "/things/7?k=x", "kind", "x"},
		"equations joined by and":      {"get: shop /things/{thing}?k={sort}\n    valid: answer.id == thing and answer.kind == sort", "/things/7?k=x", "id", "7"},
		"a conversion":                 {"get: shop /things/{thing}\n    valid: string(answer.number) == thing", "/things/7", "number", "7"},
		"a constant":                   {"get: shop /things/{id}\n    valid: answer.kind == \"order\"", "/things/7", "kind", "order"},
		"a name that is escaped":       {"get: shop /things/{thing}\n    valid: answer[\"x~/y\"] == thing", "/things/7", "x~0~1y", "7"},
		"each item of a list":          {"get: shop /things/{other}\n    valid: all(answer.lines, .thing == other)", "/things/7", "lines/1/thing", "7"},
		"a rule that is no equation":   {"get: shop /things/{id}\n    valid: answer.size != \"S\" && answer.size != \"M\"", "/things/7", "size", "L"},
		"a parameter twice":            {"get: shop /things/{id}?again={id}", "/things/7?again=7", "id", "7"},
		"the more specific of two":     {"get: shop /things/{kind}\n    answer: thing.json\n  two:\n    get: shop /things/{kind}?x={id}", "/things/7?x=8", "id", "8"},
		"text rather than a parameter": {"get: shop /{kind}/{a}\n    answer: thing.json\n  two:\n    get: shop /things/{id}", "/things/7", "id", "7"},
	} {
		t.Run(name, func(t *testing.T) {
			d := definition(t, "  one:\n    "+tt.source+"\n    answer: thing.json\n")
			if got := fmt.Sprint(at(t, ask(d, "shop", tt.target), tt.pointer)); got != tt.want {
				t.Errorf("%s of %s = %q, want %q", tt.pointer, tt.target, got, tt.want)
			}
		})
	}
}

func TestSimulationAnswersBatches(t *testing.T) {
	for name, tt := range map[string]struct{ get, batch, target, list, key, want string }{
		"a repeated parameter": {"/things?id={ids}", "by: .id", "/things?id=7&id=8&id=7", "", "id", "7 8"},
		"joined keys":          {"/things?id={ids}", "by: .id, join: ','", "/things?id=7%2C8", "", "id", "7 8"},
		"keys in the path":     {"/things/{ids}", "by: .id, join: ';'", "/things/7%3B8", "", "id", "7 8"},
		"a key below":          {"/things?id={ids}", "by: .owner.id", "/things?id=7", "", "owner/id", "7"},
		"keys of numbers":      {"/things?id={ids}", "by: .number", "/things?id=7&id=x", "", "number", "7"},
		"keys with a pattern":  {"/things?id={ids}", "by: .code", "/things?id=AB&id=ABC", "", "code", "AB"},
		"a list that is below": {"/things?id={ids}", "by: .id, items: '.page[1][\"the list\"]'", "/things?id=7", "page/1/the list", "id", "7"},
		"text beside a key":    {"/things?id=n{ids}", "by: .id", "/things?id=n7", "", "id", "7"},
	} {
		t.Run(name, func(t *testing.T) {
			d := definition(t, "  one:\n    get: shop "+tt.get+"\n    answer: thing.json\n    batch: {over: ids, most: 9, "+tt.batch+"}\n")
			w := ask(d, "shop", tt.target)
			var keys []string
			for i := range len(at(t, w, tt.list).([]any)) {
				keys = append(keys, fmt.Sprint(at(t, w, fmt.Sprintf("%s/%d/%s", tt.list, i, tt.key))))
			}
			if got := strings.Join(keys, " "); got != tt.want {
				t.Errorf("keys of %s = %s, want %s", tt.target, got, tt.want)
			}
		})
	}
}

func TestSimulatedItemIsTheSameInEachBatch(t *testing.T) {
	d := definition(t, "  one:\n    get: shop /things?id={ids}\n    answer: thing.json\n    batch: {over: ids, by: .id, most: 9}\n")
	alone, among := at(t, ask(d, "shop", "/things?id=7"), "0"), at(t, ask(d, "shop", "/things?id=8&id=7"), "1")
	if fmt.Sprint(alone) != fmt.Sprint(among) {
		t.Errorf("item 7 alone is %v, among others %v", alone, among)
	}
}

func TestSimulationRefuses(t *testing.T) {
	d := definition(t, `
  thing: {get: "shop /things/{id}", answer: thing.json}
  parts: {get: "shop /parts?of={id}&all=yes", answer: thing.json}
  coin: {get: "bank /coins/{id}", answer: thing.json}
  parcel: {get: "post /parcels/{id}", answer: thing.json}
  flour: {get: "mill /flour/{id}", answer: thing.json}
  member: {get: "club /members/{id}", answer: thing.json}
  account: {get: "github /accounts/{id}", answer: thing.json}
`)
	for name, tt := range map[string]struct {
		upstream, target, header, value string
		status                          int
		text                            string
	}{
		"another path":             {"shop", "/nothing", "", "", 404, "no source asks for this path; sources ask for /parts?of={id}&all=yes /things/{id}"},
		"a longer path":            {"shop", "/things/7/8", "", "", 404, ""},
		"an empty segment":         {"shop", "/things/", "", "", 404, ""},
		"a path of another":        {"shop", "/coins/7", "", "", 404, ""},
		"an upstream without any":  {"idle", "/things/7", "", "", 404, "sources ask for nothing here"},
		"an upstream that is gone": {"none", "/things/7", "", "", 404, ""},
		"a query that is missing":  {"shop", "/parts", "", "", 400, "the request is not of the form /parts?of={id}&all=yes"},
		"a query with other text":  {"shop", "/parts?of=7&all=no", "", "", 400, ""},
		"no token":                 {"bank", "/coins/7", "", "", 401, "credentials are missing: the header Authorization: Bearer TOKEN"},
		"an empty token":           {"bank", "/coins/7", "Authorization", "Bearer ", 401, ""},
		"another scheme":           {"bank", "/coins/7", "Authorization", "Basic eDp5", 401, ""},
		"a token":                  {"bank", "/coins/7", "Authorization", "bearer any", 200, ""},
		"no key in a header":       {"post", "/parcels/7", "", "", 401, "credentials are missing: the header X-Key"},
		"a key in a header":        {"post", "/parcels/7", "X-Key", "any", 200, ""},
		"no key in the query":      {"mill", "/flour/7?other=1", "", "", 401, "credentials are missing: the query parameter key"},
		"a key in the query":       {"mill", "/flour/7?key=any", "", "", 200, ""},
		"no token of the caller":   {"club", "/members/7", "", "", 401, "credentials are missing: the header Authorization: Bearer TOKEN"},
		"a token of the caller":    {"club", "/members/7", "Authorization", "Bearer any", 200, ""},
		"a built-in upstream":      {"github", "/accounts/7", "", "", 404, ""},
		"no token for no path":     {"bank", "/nothing", "", "", 401, ""},
	} {
		t.Run(name, func(t *testing.T) {
			w := ask(d, tt.upstream, tt.target, tt.header, tt.value)
			if w.Code != tt.status || w.Header().Get("Content-Type") != "application/json" || !strings.Contains(w.Body.String(), tt.text) {
				t.Errorf("%s = %d %s, want %d and %q", tt.target, w.Code, w.Body, tt.status, tt.text)
			}
		})
	}
}

func TestSimulationReadsOnly(t *testing.T) {
	s := declared.NewSimulation(definition(t, "  one: {get: 'shop /things/{id}', answer: thing.json}\n"))
	for method, status := range map[string]int{http.MethodGet: 200, http.MethodHead: 200, http.MethodPost: 405, http.MethodDelete: 405} {
		w := httptest.NewRecorder()
		s.Handler("shop").ServeHTTP(w, httptest.NewRequest(method, "/things/7", nil))
		if w.Code != status || status == 405 && w.Header().Get("Allow") != "GET, HEAD" {
			t.Errorf("%s: status = %d, Allow = %q; want %d", method, w.Code, w.Header().Get("Allow"), status)
		}
	}
}

func TestSimulationHasValidators(t *testing.T) {
	d := definition(t, "  one: {get: 'shop /things/{id}', answer: thing.json}\n")
	first := ask(d, "shop", "/things/7")
	tag := first.Header().Get("ETag")
	for known, status := range map[string]int{tag: 304, `"other", ` + strings.TrimPrefix(tag, "W/"): 304, `"other"`: 200, "": 200} {
		if w := ask(d, "shop", "/things/7", "If-None-Match", known); w.Code != status || w.Header().Get("ETag") != tag {
			t.Errorf("If-None-Match %s: %d with %s, want %d with %s", known, w.Code, w.Header().Get("ETag"), status, tag)
		}
	}
	if other := ask(d, "shop", "/things/8").Header().Get("ETag"); other == tag {
		t.Error("two things have the same ETag")
	}
}

func TestSimulationUsesAnotherDefinition(t *testing.T) {
	s := declared.NewSimulation(definition(t, "  one: {get: 'shop /things/{id}', answer: thing.json}\n"))
	shop := s.Handler("shop")
	s.Use(definition(t, "  one: {get: 'shop /others/{id}', answer: thing.json}\n"))
	for target, status := range map[string]int{"/things/7": 404, "/others/7": 200} {
		w, r := httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, target, nil)
		if shop.ServeHTTP(w, r); w.Code != status {
			t.Errorf("%s = %d, want %d", target, w.Code, status)
		}
		if route := s.Route("shop", r); (route == "/others/{id}") != (status == 200) {
			t.Errorf("route of %s = %q", target, route)
		}
	}
}

func FuzzSimulationGivesBackAnyValue(f *testing.F) {
	d := definition(f, "  one: {get: 'shop /things/{a}/x?q={b}', answer: thing.json}\n")
	shop := declared.NewSimulation(d).Handler("shop")
	f.Add("7", "8")
	f.Add("a/b?c#d%e", "a&b=c+d %e;")
	f.Add("é\n", "\x00")
	f.Fuzz(func(t *testing.T, a, b string) {
		if a == "" || a == "." || a == ".." || !utf8.ValidString(a) || !utf8.ValidString(b) {
			t.Skip("nobody asks for this, or JSON cannot hold it")
		}
		r := httptest.NewRequest(http.MethodGet, "/things/"+url.PathEscape(a)+"/x?q="+url.QueryEscape(b), nil)
		w := httptest.NewRecorder()
		shop.ServeHTTP(w, r)
		var got struct{ A, B string }
		if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || got.A != a || got.B != b {
			t.Errorf("asked for %q, %q: %d %s", a, b, w.Code, w.Body)
		}
	})
}
