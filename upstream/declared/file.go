package declared

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"regexp"
	"sort"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"tributary/upstream/declared/schema"
)

// File is a file of declared endpoints as it is written: its form is checked, its
// references and expressions are not.
type File struct {
	Name      string
	Upstreams []*Upstream // in the order of the file

	Unread bool // it could not be read, or is not YAML: what it names is not known

	reader    *reader
	read      map[string][sha256.Size]byte // the content of each file that was read; zero: it could not be
	fsys      fs.FS
	sources   []*sourceDecl
	endpoints []*endpointDecl
}

// maxFile is the greatest size of a file of endpoints, in bytes.
const maxFile = 32 << 20

// Read reads the file called name. With mistakes, the file that it returns has all
// that could be read.
func Read(fsys fs.FS, name string) (*File, []Mistake) {
	f := &File{Name: name, fsys: fsys, read: make(map[string][sha256.Size]byte), reader: &reader{file: name, refused: make(map[string]bool)}}
	content, err := readFile(fsys, name, maxFile)
	f.read[name] = sumOf(content)
	if err != nil {
		f.Unread = true
		f.reader.mistakeAt(1, 1, "", "the file cannot be read: %s", reason(err))
		return f, f.reader.mistakes
	}
	f.reader.lines = strings.Split(string(content), "\n")
	root := f.reader.parse(content)
	if f.Unread = root == nil; root != nil {
		f.readRoot(root)
	}
	return f, f.reader.mistakes.sorted()
}

func readFile(fsys fs.FS, name string, most int64) ([]byte, error) {
	file, err := fsys.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	content, err := io.ReadAll(io.LimitReader(file, most+1))
	if err == nil && int64(len(content)) > most {
		err = fmt.Errorf("it is larger than %d MiB", most>>20)
	}
	return content, err
}

// maxSchema is the greatest size of a file of schemas that package schema reads.
const maxSchema = 16 << 20

// Changed reports whether the file, or one of the schemas that were read when it was
// compiled, has another content by now.
func (f *File) Changed() bool {
	for name, sum := range f.read {
		most := int64(maxSchema)
		if name == f.Name {
			most = maxFile
		}
		content, _ := readFile(f.fsys, name, most) // what cannot be read has no content
		if sumOf(content) != sum {
			return true
		}
	}
	return false
}

// sumOf is a digest of what was read, zero for nothing.
func sumOf(content []byte) [sha256.Size]byte {
	if content == nil {
		return [sha256.Size]byte{}
	}
	return sha256.Sum256(content)
}

// reason is an error of the file system without the path, which the message has
// already.
func reason(err error) error {
	if p, ok := errors.AsType[*fs.PathError](err); ok {
		return p.Err
	}
	return err
}

// parse is the root of the one document in the file, nil if there is none.
func (r *reader) parse(content []byte) *yaml.Node {
	if at := strangeBreak(content); at >= 0 {
		before := content[:at]
		column := 1 + utf8.RuneCount(before[1+bytes.LastIndexByte(before, '\n'):])
		r.mistakeAt(1+bytes.Count(before, []byte("\n")), column, "", "a character that YAML takes for the end of a line and editors do not; end lines with LF or CR LF, and write it as an escape within double quotes")
		return nil
	}
	document, second, err := documents(content)
	switch {
	case err != nil:
		r.syntaxError(err)
		return nil
	case document == nil:
		r.mistakeAt(1, 1, "", "the file is empty")
		return nil
	case second != nil:
		r.mistake(second, "", "a second document; the file must hold one")
	}
	return document.Content[0]
}

// strangeBreak is the index of the first CR without LF, NEL, LS or PS, -1 if there is
// none. YAML 1.1 takes each for a line break (section 5.4). Most editors do not, so
// every later mistake would be told at a line that its reader does not find.
func strangeBreak(content []byte) int {
	for i := 0; i < len(content); {
		c, size := utf8.DecodeRune(content[i:])
		switch c {
		case '\u0085', '\u2028', '\u2029':
			return i
		case '\r':
			if i+1 == len(content) || content[i+1] != '\n' {
				return i
			}
		}
		i += size
	}
	return -1
}

// documents are the first two documents of a file, nil where there is none.
func documents(content []byte) (first, second *yaml.Node, err error) {
	decoder := schema.NewDecoder(content)
	next := func() (*yaml.Node, error) {
		var n yaml.Node
		switch err := decoder.Decode(&n); {
		case errors.Is(err, io.EOF):
			return nil, nil
		case err != nil:
			return nil, err
		case n.Kind != yaml.DocumentNode || len(n.Content) != 1:
			return nil, nil
		}
		return &n, nil
	}
	if first, err = next(); first != nil {
		second, err = next()
	}
	return first, second, err
}

var yamlLine = regexp.MustCompile(`^yaml: (line \d+: )?`)

// syntaxError is what YAML itself refuses. Reading ends there, so it stands alone.
func (r *reader) syntaxError(err error) {
	text := yamlLine.ReplaceAllString(err.Error(), "")
	r.mistakeAt(r.lineOf(err), 1, "", "not valid YAML: %s (a value with : # or a leading quote, or with [ ] { } , inside { }, must be in quotes)", text)
}

// lineOf is the line of an error in the file's YAML. The library names the line in
// which the surrounding mapping or list begins, and counts some from 0, so it is looked
// for: it is the first one with which the lines up to there have the same error.
func (r *reader) lineOf(err error) int {
	return 1 + sort.Search(len(r.lines)-1, func(i int) bool {
		_, _, e := documents([]byte(strings.Join(r.lines[:i+1], "\n") + "\n"))
		return e != nil && e.Error() == err.Error()
	})
}

func (f *File) readRoot(root *yaml.Node) {
	r := f.reader
	version := false
	for m := range r.fields(root, "", "version", "upstreams", "sources", "endpoints") {
		switch m.name() {
		case "version":
			version = true
			if s, ok := r.scalar(m.value, m.where); ok && s.text != "1" {
				r.mistake(m.value, m.where, "must be 1, the only version there is")
			}
		case "upstreams":
			f.Upstreams = r.upstreams(m)
		case "sources":
			f.sources = r.sources(m)
		case "endpoints":
			f.endpoints = r.endpoints(m)
		}
	}
	if !version && root.Kind == yaml.MappingNode {
		r.mistake(root, "version", "is missing; write version: 1")
	}
}

// Scopes are the scopes that the file names, none twice.
func (f *File) Scopes() []string {
	var all []string
	seen := map[string]bool{"": true, "none": true}
	for _, e := range f.endpoints {
		if s := e.scope.text; !seen[s] {
			seen[s] = true
			all = append(all, s)
		}
	}
	return all
}
