package document_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	validator "github.com/pb33f/libopenapi-validator"
	"go.yaml.in/yaml/v3"

	"tributary"
	"tributary/api/contracttest"
	"tributary/cache/redistest"
	"tributary/upstream/declared"
)

var update = flag.Bool("update", false, "write the golden files anew")

// definitionOf compiles a file with nothing built in, but the checks of tokens.
func definitionOf(t testing.TB, folder, file string) *declared.Definition {
	t.Helper()
	files := os.DirFS(folder)
	f, mistakes := declared.Read(files, file)
	if len(mistakes) > 0 {
		t.Fatal(mistakes)
	}
	d, mistakes := f.Compile(declared.Known{Files: files, Tokens: true})
	if len(mistakes) > 0 {
		t.Fatal(mistakes)
	}
	return d
}

func documentOf(t testing.TB, hidden []string, d *declared.Definition) []byte {
	t.Helper()
	document, err := declared.Document(tributary.OpenAPI, hidden, d)
	if err != nil {
		t.Fatal(err)
	}
	return document
}

// golden compares with a file of testdata.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, got, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("it is not %s (-update writes it anew):\n%s", file, got)
	}
}

// added are the lines of a document that the contract does not have. It fails the test
// if the document lacks one of the contract's.
func added(t *testing.T, document []byte) []byte {
	t.Helper()
	var more []byte
	rest := bytes.SplitAfter(tributary.OpenAPI, []byte("\n"))
	for line := range bytes.Lines(document) {
		if len(rest) > 0 && bytes.Equal(line, rest[0]) {
			rest = rest[1:]
			continue
		}
		more = append(more, line...)
	}
	if len(rest) > 1 || len(rest[0]) > 0 {
		t.Errorf("the contract's line %q is missing, or changed", rest[0])
	}
	return more
}

func wantValid(t *testing.T, document []byte) *contracttest.Contract {
	t.Helper()
	contract, err := contracttest.New(document)
	if err != nil {
		t.Fatal(err)
	}
	v, errs := validator.NewValidator(contract.Document)
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	if _, found := v.ValidateDocument(); len(found) > 0 {
		t.Error(contracttest.Describe(found))
	}
	return contract
}

func TestDocumentDescribesEndpoints(t *testing.T) {
	document := documentOf(t, nil, definitionOf(t, "testdata", "document.yaml"))
	golden(t, "document.golden.yaml", added(t, document))
	contract := wantValid(t, document)
	for _, path := range []string{"/v1/things/{id}", "/v1/things-x", "/v1/things/x"} {
		if contract.Model.Paths.PathItems.GetOrZero(path) == nil {
			t.Errorf("it does not have %s", path)
		}
	}
}

func TestDocumentWithoutEndpointsIsTheContract(t *testing.T) {
	if !bytes.Equal(documentOf(t, nil, nil), tributary.OpenAPI) {
		t.Error("it is not the contract")
	}
}

func TestDocumentHidesPaths(t *testing.T) {
	for name, hidden := range map[string][]string{
		"the first":             {"/v1/weather"},
		"one in the middle":     {"/v1/users/{id}"},
		"neighbours":            {"/v1/users", "/v1/users/{id}"},
		"one that is not there": {"/v1/nothing"},
		"the last":              {"/problems/{slug}"},
	} {
		t.Run(name, func(t *testing.T) {
			document := documentOf(t, hidden, nil)
			var before, after struct {
				Paths map[string]yaml.Node
				Rest  map[string]any `yaml:",inline"`
			}
			if err := yaml.Unmarshal(tributary.OpenAPI, &before); err != nil {
				t.Fatal(err)
			}
			if err := yaml.Unmarshal(document, &after); err != nil {
				t.Fatal(err)
			}
			for path := range before.Paths {
				if _, is := after.Paths[path]; is == slices.Contains(hidden, path) {
					t.Errorf("%s is there: %t", path, is)
				}
			}
			if fmt.Sprint(before.Rest) != fmt.Sprint(after.Rest) {
				t.Error("it has changed more than the paths")
			}
			lines := bytes.SplitAfter(tributary.OpenAPI, []byte("\n"))
			for line := range bytes.Lines(document) { // what is left is in order
				i := slices.IndexFunc(lines, func(l []byte) bool { return bytes.Equal(l, line) })
				if i < 0 {
					t.Fatalf("the line %q is not the contract's", line)
				}
				lines = lines[i+1:]
			}
		})
	}
}

func TestDocumentIsWellFormedOpenAPIForRedocly(t *testing.T) {
	redocly := filepath.Join(os.Getenv("TRIBUTARY_NODE_MODULES"), ".bin", "redocly")
	if _, err := os.Stat(redocly); os.Getenv("TRIBUTARY_NODE_MODULES") == "" || err != nil {
		redistest.Missing(t, "Redocly", "npm install @redocly/cli@2.77.0 brings it; name its node_modules in TRIBUTARY_NODE_MODULES")
	}
	rules, err := os.ReadFile("../../../redocly.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for name, d := range map[string]*declared.Definition{
		"one of everything": definitionOf(t, "testdata", "document.yaml"),
		"300 endpoints":     definitionOf(t, manyEndpoints(t, 300), "many.yaml"),
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			for file, content := range map[string][]byte{"redocly.yaml": rules, "openapi.yaml": documentOf(t, nil, d)} {
				if err := os.WriteFile(filepath.Join(dir, file), content, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			lint := exec.CommandContext(t.Context(), redocly, "lint", "openapi.yaml")
			lint.Dir = dir
			lint.Env = append(os.Environ(), "REDOCLY_TELEMETRY=off", "REDOCLY_SUPPRESS_UPDATE_NOTICE=true")
			if out, err := lint.CombinedOutput(); err != nil {
				t.Errorf("redocly lint: %v\n%s", err, out)
			}
		})
	}
}

// manyEndpoints writes a file of n endpoints, and returns its folder.
func manyEndpoints(t testing.TB, n int) (folder string) {
	t.Helper()
	var b strings.Builder
	b.WriteString("version: 1\nupstreams: {shop: {url: 'http://shop.test'}}\nsources:\n" +
		"  thing: {get: 'shop /things/{id}', answer: thing.json}\nendpoints:\n")
	for i := range n {
		fmt.Fprintf(&b, `  /v1/things%d/{id}:
    summary: Things of kind %d
    scope: things:read
    parameters: {id: {type: string, pattern: "^[0-9]+$"}, units: {type: string, enum: [metric, imperial], default: metric}}
    parts: {thing: {ask: {id: id}, required: true}, other: {source: thing, ask: {id: thing.other}}}
    data:
      id: id
      name: thing.name
      title: upper(thing.name)
      other: {name: other.name, both: thing.name + other.name}
      lines: {each: thing.lines, as: {sku: .sku, twice: .count * 2}}
`, i, i)
	}
	const schema = `{"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}, "other": {"type": "string"},
		"lines": {"type": "array", "items": {"type": "object", "properties": {"sku": {"type": "string"}, "count": {"type": "integer"}}}}}}`
	folder = t.TempDir()
	for name, content := range map[string]string{"many.yaml": b.String(), "thing.json": schema} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

func TestDocumentOfManyEndpointsHasNoExamples(t *testing.T) {
	for n, want := range map[int]int{200: 200, 201: 0} {
		document := documentOf(t, nil, definitionOf(t, manyEndpoints(t, n), "many.yaml"))
		if got := bytes.Count(document, []byte("madeUp:")); got != want {
			t.Errorf("of %d endpoints it has %d examples, want %d", n, got, want)
		}
	}
}

func BenchmarkDocument(b *testing.B) {
	for _, n := range []int{1, 200, 1000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			d := definitionOf(b, manyEndpoints(b, n), "many.yaml")
			b.ReportAllocs()
			for b.Loop() {
				document := documentOf(b, nil, d)
				b.ReportMetric(float64(len(document)), "bytes")
			}
		})
	}
}
