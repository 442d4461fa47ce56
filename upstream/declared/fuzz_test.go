package declared_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"unicode/utf8"

	"tributary/upstream"
	"tributary/upstream/declared"
)

// FuzzFile checks that any file is either a definition or has mistakes, each at a place
// that the file has. A file is one of those here, with a text in place of the rest of a
// line, or the text alone.
func FuzzFile(f *testing.F) {
	var valid []string
	for _, name := range []string{"testdata/mistakes/endpoints.yaml", "../../examples/orders/orders.yaml", "../../examples/users.yaml"} {
		content, err := os.ReadFile(filepath.FromSlash(name))
		if err != nil {
			f.Fatal(err)
		}
		valid = append(valid, string(content))
	}
	for _, files := range []map[string]string{shop, rates, places, orders, thing(typed, "{a: 'thing[\"a\"].b', c: {each: thing.list, as: {d: .id}}}")} {
		valid = append(valid, files["endpoints.yaml"])
	}
	for i, text := range []string{
		"version: 1\nsources: {a: {get: \"b /c\", answer: d.json}}\n---\n...", "a: &b [*b, !!c d, ? e]\n<<: *b\n", "\ufeffversion: 1\r\nendpoints: |\r\n  \t\u2028\x00",
		"", " ", ":", "{", "[a, b]", "{a: b}", "# x", "*a", "&a b", "!t", "'", `"\x"`, "|", ">-", "? a", "- a", "\n", "\t", "null", "~", "1e3", "thing", "\r", "# \u0085", "a: \u2029", "max(a, b)", "a.b[0]", ".", "\U0001f600", "{a: max(b, c)}", "<<: {}",
	} {
		f.Add(uint8(len(valid)), uint16(0), uint16(0), text)
		for n := range valid {
			f.Add(uint8(n), uint16(7*n+3*i)%60, uint16(i)%30, text)
		}
	}
	f.Fuzz(func(t *testing.T, file uint8, line, column uint16, text string) {
		content := []byte(text)
		if int(file) < len(valid) {
			content = []byte(spliced(valid[file], int(line), int(column), text))
		}
		checkFile(t, content)
	})
}

// spliced puts a text in place of the rest of a line.
func spliced(content string, line, column int, text string) string {
	lines := strings.Split(content, "\n")
	line %= len(lines)
	lines[line] = lines[line][:min(column, len(lines[line]))] + text
	return strings.Join(lines, "\n")
}

func checkFile(t *testing.T, content []byte) {
	t.Helper()
	fsys := fstest.MapFS{
		"endpoints.yaml": {Data: content},
		"thing.json":     {Data: []byte(typed)}, "any.json": {Data: []byte("{}")}, "rate.json": {Data: []byte(rates["rate.json"])},
	}
	known := gateway(".")
	known.Files = fsys
	file, mistakes := declared.Read(fsys, "endpoints.yaml")
	definition, more := file.Compile(known)
	if (definition == nil) != (len(more) > 0) {
		t.Fatalf("a definition (%v) with mistakes %v", definition != nil, more)
	}
	lines := strings.Split(string(content), "\n")
	for _, m := range append(mistakes, more...) {
		if m.What == "" || !utf8.ValidString(m.String()) && utf8.Valid(content) {
			t.Errorf("the mistake %q says nothing that can be read", m)
		}
		if m.File != "endpoints.yaml" {
			continue
		}
		if m.Line < 1 || m.Line > len(lines) || m.Column < 1 || m.Column > 1+utf8.RuneCountInString(lines[m.Line-1]) {
			t.Errorf("%v: the file has no such place", m)
		}
	}
}

// FuzzAnswer checks that whatever an upstream sends, the data is valid JSON or the part
// has an error with a code, and that it is the same when it comes from the cache.
func FuzzAnswer(f *testing.F) {
	files := thing(typed, `
  text: thing.text
  n: thing.n
  more: thing.n + 1
  ratio: thing.x / thing.n
  upper: upper(thing.text)
  names: {each: thing.names, as: .}
  list: {each: thing.list, as: {id: .id, label: string(.id) + .name}}
  all: join(map(thing.list, .name), ",")
  inner: thing.inner
  dotted: thing.inner["f.g"]`)
	for _, body := range []string{
		"", "null", "{}", "[]", `{"text":"a","n":1,"x":1.5}`, `{"n":9223372036854775807}`, `{"n":0,"x":1e400}`, `{"n":1e2}`, `{"x":-0}`,
		`{"list":[{"id":1,"name":"x"},{"id":2}],"names":["a",null]}`, `{"inner":{"a":"b","f.g":"h","z":[null,{"q":1.10}]}}`,
		"\ufeff{}", `{"text":"\ud800"}`, `{"text":"\u0000<>&"}`, `{"a":1,"a":2}`, "{\"text\":\"\xff\"}", `{"n":` + strings.Repeat("9", 400) + `}`,
	} {
		f.Add(200, []byte(body))
	}
	f.Add(204, []byte(""))
	f.Add(404, []byte("{}"))
	f.Add(500, []byte("oops"))
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		if status < 200 || status > 599 {
			return
		}
		w := open(t, files, map[string]behaviour{"things": answers(status, string(body))})
		first := w.get("/v1/thing")
		if first.err != nil {
			for _, o := range first.noAnswer(t).Sources {
				if o.Err == nil || o.Err.Code == "" || o.State != upstream.Failed && o.Err.Code != upstream.CodeNotFound {
					t.Errorf("outcome = %+v, want an error with a code", o)
				}
			}
			return
		}
		if !json.Valid([]byte(first.data)) || !utf8.ValidString(first.data) {
			t.Errorf("data = %q for %q", first.data, body)
		}
		if second := w.get("/v1/thing"); second.data != first.data || second.err != nil {
			t.Errorf("data = %q, then %q (%v)", first.data, second.data, second.err)
		}
	})
}
