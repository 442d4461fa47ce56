package declared_test

import (
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"tributary/upstream/declared"
	"tributary/upstream/declared/shape"
)

var update = flag.Bool("update", false, "write the golden files anew")

// gateway is what the declared files of these tests are compiled against.
func gateway(folder string) declared.Known {
	place := []declared.BuiltInParameter{{Name: "lat", Kind: shape.Number}, {Name: "lon", Kind: shape.Number}}
	return declared.Known{
		Files:     os.DirFS(folder),
		Upstreams: []string{"openmeteo"},
		Sources:   map[string]*declared.BuiltIn{"weather": {Parameters: place, Type: &shape.Type{}}, "air_quality": {Parameters: place, Type: &shape.Type{}}},
		Paths:     []string{"/v1/weather", "/v1/users/{id}"},
	}
}

// load is Read and Compile, with all mistakes as lines.
func load(known declared.Known, name string) (*declared.Definition, []string) {
	file, mistakes := declared.Read(known.Files, name)
	definition, more := file.Compile(known)
	var lines []string
	for _, m := range declared.Sorted(append(mistakes, more...)) {
		lines = append(lines, m.String())
	}
	if len(lines) > 0 {
		return nil, lines
	}
	return definition, nil
}

func TestEveryMistakeIsNamedAtItsPlace(t *testing.T) {
	folder := filepath.Join("testdata", "mistakes")
	_, lines := load(gateway(folder), "endpoints.yaml")
	golden := filepath.Join(folder, "want.txt")
	if *update {
		if err := os.WriteFile(golden, []byte(strings.Join(lines, "\n")+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	expected := strings.Split(strings.TrimSuffix(string(want), "\n"), "\n")
	for _, line := range lines {
		if !slices.Contains(expected, line) {
			t.Errorf("unexpected: %s", line)
		}
	}
	for _, line := range expected {
		if !slices.Contains(lines, line) {
			t.Errorf("missing: %s", line)
		}
	}
}

func TestMistakesInTheFormOfTheFile(t *testing.T) {
	const valid = "version: 1\nendpoints: {}\n"
	for _, c := range []struct{ name, file, want string }{
		{"an empty file", "", "1:1: the file is empty"},
		{"only a comment", "# nothing\n", "1:1: the file is empty"},
		{"a list", "[]", "1:1: must be a mapping"},
		{"broken YAML", "version: 1\nsources: {get: [}\n", "2:1: not valid YAML"},
		{"a line that is no key", "version: 1\nsources:\n  a: {}\n  b\n  c: {}\n", "4:1: not valid YAML"},
		{"an expression with a colon", "version: 1\nsources:\n  a: b: c\n", "3:1: not valid YAML"},
		{"a second document", valid + "---\nversion: 1\n", "3:1: a second document"},
		{"a broken second document", valid + "---\na: [\n", "4:1: not valid YAML"},
		{"CR LF ends a line", "version: 1\r\nendpoints: {}\r\nsources: []\r\n", "3:10: sources: must be a mapping"},
		{"CR alone", "version: 1\n# a\rb\n", "2:4: a character that YAML takes for the end of a line"},
		{"CR at the end", "version: 1\r", "1:11: a character that YAML takes for the end of a line"},
		{"NEL", "version: 1\n# ä\u0085\n", "2:4: a character that YAML takes for the end of a line"},
		{"LS", "\u2028version: 1\n", "1:1: a character that YAML takes for the end of a line"},
		{"PS", "version: 1\n\n'\u2029': 1\n", "3:2: a character that YAML takes for the end of a line"},
		{"a directive of YAML 1.2", "# ours\n%YAML 1.2\n---\nversion: 2\n", "4:10: version: must be 1"},
		{"a directive of YAML 1.2 and CR LF", "%YAML 1.2\r\n---\r\nversion: 2\r\n", "3:10: version: must be 1"},
		{"a directive of another YAML", "%YAML 2.0\n---\nversion: 1\n", "1:1: not valid YAML"},
		{"another version", "version: 2\n", "1:10: version: must be 1"},
		{"a version in a list", "version: [1]\n", "1:10: version: must be a single value, not a list"},
		{"a merge key", "version: 1\nsources:\n  <<: {}\n", "3:3: sources: a key must be text"},
		{"an alias", "version: 1\nsources: &a {}\n", "2:10: sources: anchors and aliases"},
		{"a key that is a mapping", "version: 1\nsources:\n  {a: b}: c\n", "3:3: sources: a key must be text"},
	} {
		t.Run(c.name, func(t *testing.T) {
			known := declared.Known{Files: fstest.MapFS{"endpoints.yaml": {Data: []byte(c.file)}}}
			_, got := load(known, "endpoints.yaml")
			if len(got) != 1 || !strings.HasPrefix(got[0], "endpoints.yaml:"+c.want) {
				t.Errorf("mistakes = %q, want one, %s…", got, c.want)
			}
		})
	}
}

func TestAFileThatCannotBeReadIsOneMistake(t *testing.T) {
	_, got := load(declared.Known{Files: fstest.MapFS{}}, "endpoints.yaml")
	if want := "endpoints.yaml:1:1: the file cannot be read: file does not exist"; len(got) != 1 || got[0] != want {
		t.Errorf("mistakes = %q, want %q", got, want)
	}
}

func TestAMistakeInAnExpressionIsAtItsCharacter(t *testing.T) {
	const before = `version: 1
upstreams: {orders: {url: "http://orders.test"}}
sources: {order: {get: orders /orders, answer: order.json}}
endpoints:
  /v1/orders:
    scope: none
    parts: {order: {ask: {}}}
    data:
`
	for _, c := range []struct {
		name, data   string
		line, column int
	}{
		{"plain", "      a: order.id + order.no\n", 9, 27},
		{"plain in braces", "      a: {b: order.id + order.no}\n", 9, 31},
		{"after letters of two bytes", "      ä: order.id + 'é' + order.no\n", 9, 33},
		{"single quotes", "      a: 'order.id + ''x'' + order.no'\n", 9, 36},
		{"double quotes", `      a: "order.id + \"x\" + order.no"` + "\n", 9, 36},
		{"an escape in double quotes", `      a: "order.id + '\u0041' + order.no"` + "\n", 9, 39},
		{"over two lines", "      a: order.id +\n         order.no\n", 10, 16},
		{"an end", "      a: order.id +\n      b: order.id\n", 9, 20},
		{"folded", "      a: >\n        order.id +\n        order.no\n", 11, 15},
		{"literal", "      a: |\n        order.id +\n        order.no\n", 11, 15},
	} {
		t.Run(c.name, func(t *testing.T) {
			known := declared.Known{Files: fstest.MapFS{
				"endpoints.yaml": {Data: []byte(before + c.data)},
				"order.json":     {Data: []byte(`{"type": "object", "properties": {"id": {"type": "string"}}}`)},
			}}
			file, _ := declared.Read(known.Files, "endpoints.yaml")
			_, got := file.Compile(known)
			if len(got) != 1 || got[0].Line != c.line || got[0].Column != c.column {
				t.Errorf("mistakes = %v, want one at %d:%d", got, c.line, c.column)
			}
		})
	}
}
