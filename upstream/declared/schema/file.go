package schema

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// maxFile is the size of the largest schema file that is read.
const maxFile = 16 << 20

// file is one schema file, read once. Its nodes have the positions of mistakes.
type file struct {
	name    string // below the folder
	dir     string // what relative references start from
	root    *yaml.Node
	openapi bool // an OpenAPI document: its root is not a schema
	sum     [sha256.Size]byte
	missing bool
	mistakes
}

func readFile(fsys fs.FS, name string) *file {
	f := &file{name: name, dir: path.Dir(name)}
	raw, err := read(fsys, name)
	if err != nil {
		f.missing = errors.Is(err, fs.ErrNotExist)
		f.add(Mistake{File: name, What: "cannot be read: " + plainError(err)})
		return f
	}
	f.setContent(raw)
	return f
}

func (f *file) setContent(raw []byte) {
	f.sum = sha256.Sum256(raw)
	if len(raw) > maxFile {
		f.add(Mistake{File: f.name, What: fmt.Sprintf("is larger than %d MiB", maxFile>>20)})
		return
	}
	f.parse(raw)
	if f.root != nil {
		f.checkVersion()
	}
	if len(f.list) > 0 {
		f.root = nil
	}
}

func read(fsys fs.FS, name string) ([]byte, error) {
	in, err := fsys.Open(name)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	return io.ReadAll(io.LimitReader(in, maxFile+1))
}

// plainError is err without the path, which may lead outside the folder.
func plainError(err error) string {
	if pathErr, ok := errors.AsType[*fs.PathError](err); ok {
		return pathErr.Err.Error()
	}
	return err.Error()
}

// parse sets the root. A file with mistakes has none.
func (f *file) parse(raw []byte) {
	var root *yaml.Node
	switch ext := path.Ext(f.name); {
	case !utf8.Valid(raw):
		f.add(Mistake{File: f.name, What: "is not valid UTF-8"})
	case ext == ".json":
		root = f.parseJSON(bytes.TrimPrefix(raw, []byte("\ufeff")))
	case ext == ".yaml" || ext == ".yml":
		root = f.parseYAML(raw)
	default:
		f.add(Mistake{File: f.name, What: "is neither .json nor .yaml nor .yml"})
	}
	if root == nil {
		return
	}
	f.checkNodes(root)
	f.root = root
}

// checkVersion recognises an OpenAPI document, and refuses other versions than 3.1:
// before it, schemas are not JSON Schema.
func (f *file) checkVersion() {
	if n := member(f.root, "swagger"); n != nil && n.Kind == yaml.ScalarNode {
		f.at(f, n, "this is an OpenAPI document of version %s: only 3.1 is read", n.Value)
	}
	version := member(f.root, "openapi")
	if version == nil || version.Kind != yaml.ScalarNode {
		return
	}
	f.openapi = true
	if !strings.HasPrefix(version.Value, "3.1.") {
		f.at(f, version, "this is an OpenAPI document of version %s: only 3.1 is read", version.Value)
	}
	if n := member(f.root, "jsonSchemaDialect"); n != nil && !knownDialect(n.Value) {
		f.at(f, n, "`jsonSchemaDialect` is %q: only JSON Schema 2020-12 is read", n.Value)
	}
}

// knownDialect reports whether a `$schema` names the rules that we check.
func knownDialect(uri string) bool {
	switch strings.TrimSuffix(uri, "#") {
	case "https://json-schema.org/draft/2020-12/schema", "https://json-schema.org/schema",
		"https://spec.openapis.org/oas/3.1/dialect/base":
		return true
	}
	return false
}

// member is the value of a mapping's key; nil if it has none.
func member(n *yaml.Node, key string) *yaml.Node {
	if n == nil || n.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return n.Content[i+1]
		}
	}
	return nil
}
