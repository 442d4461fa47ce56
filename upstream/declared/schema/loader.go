// Package schema reads the JSON Schemas of declared endpoints: what an upstream's
// answer must look like, and which types its values have. Schemas come from files
// below one folder and from nowhere else.
package schema

import (
	"crypto/sha256"
	"io/fs"
	"path"

	"go.yaml.in/yaml/v3"
)

// Loader reads schemas. It reads each file once, so a new Loader is needed to see
// changes. It is not safe for concurrent use; the schemas that it gives are.
type Loader struct {
	fsys   fs.FS
	files  map[string]*file
	loaded map[string]loaded
}

type loaded struct {
	schema   *Schema
	mistakes []Mistake
}

// NewLoader reads from a folder, nil for none: all files are added then. References cannot name what is outside it; that
// symbolic links do not lead outside either is up to fsys (os.Root sees to that).
func NewLoader(fsys fs.FS) *Loader {
	return &Loader{fsys: fsys, files: map[string]*file{}, loaded: map[string]loaded{}}
}

// Add gives the loader the content of a file, which it then does not read.
func (l *Loader) Add(name string, content []byte) {
	f := &file{name: name, dir: path.Dir(name)}
	f.setContent(content)
	l.files[name] = f
}

// Load reads the schema that ref names: schemas/order.json, or a part of a file,
// openapi.yaml#/components/schemas/Order. The schema is nil if there are mistakes.
// The same ref gives the same *Schema, or the same mistakes.
func (l *Loader) Load(ref string) (*Schema, []Mistake) {
	if known, ok := l.loaded[ref]; ok {
		return known.schema, known.mistakes
	}
	s, found := l.load(ref)
	l.loaded[ref] = loaded{s, found}
	return s, found
}

func (l *Loader) load(ref string) (*Schema, []Mistake) {
	f, node, problem := l.resolve(&file{dir: "."}, ref)
	switch {
	case problem != "":
		return nil, []Mistake{{What: problem}}
	case f.root == nil:
		return nil, f.list
	}
	return l.compile(f, node)
}

// Inline reads a schema that is written inside another file, by its node. file is
// that file's name in mistakes. Its `$ref`s start from the loader's folder, or with
// `#` from the schema itself.
func (l *Loader) Inline(node *yaml.Node, name string) (*Schema, []Mistake) {
	f := &file{name: name, dir: "."}
	f.checkNodes(node)
	if len(f.list) > 0 {
		return nil, f.list
	}
	f.root = node
	return l.compile(f, node)
}

// Files are the files that were looked at, with the SHA-256 of their contents; zero
// for one that could not be read. When one differs, schemas are to be loaded anew.
func (l *Loader) Files() map[string][sha256.Size]byte {
	sums := make(map[string][sha256.Size]byte, len(l.files))
	for name, f := range l.files {
		sums[name] = f.sum
	}
	return sums
}

// file is a file, read at its first use.
func (l *Loader) file(name string) *file {
	f := l.files[name]
	if f == nil {
		f = readFile(l.fsys, name)
		l.files[name] = f
	}
	return f
}
