package schema

import (
	"fmt"
	"io/fs"
	"net/url"
	"path"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

var scheme = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+.-]*:`)

// resolve finds what a reference in a file leads to, or says why it leads nowhere.
// A file that has mistakes has no root; then the node is nil.
func (l *Loader) resolve(from *file, ref string) (*file, *yaml.Node, string) {
	name, fragment, _ := strings.Cut(ref, "#")
	pointer, err := url.PathUnescape(fragment)
	if err != nil {
		return nil, nil, fmt.Sprintf("%s is not a reference: %v", quoted(ref), err)
	}
	f := from
	if name != "" {
		target, problem := below(from.dir, name)
		if problem != "" {
			return nil, nil, problem
		}
		f = l.file(target)
	} else if from.root == nil {
		return nil, nil, "the reference names no file"
	}
	if f.missing {
		return nil, nil, "there is no file " + quoted(f.name)
	}
	if f.root == nil {
		return f, nil, ""
	}
	return find(f, pointer)
}

// below is the path of a file that a reference names, from the folder's root.
func below(dir, name string) (string, string) {
	switch {
	case scheme.MatchString(name) || strings.HasPrefix(name, "//"):
		return "", fmt.Sprintf("%s is not a file: schemas are read from below the folder only", quoted(name))
	case strings.HasPrefix(name, "/") || strings.Contains(name, `\`):
		return "", fmt.Sprintf("%s is not a relative path with `/`", quoted(name))
	}
	plain, err := url.PathUnescape(name)
	if err != nil {
		return "", fmt.Sprintf("%s is not a reference: %v", quoted(name), err)
	}
	target := path.Join(dir, plain)
	if !fs.ValidPath(target) || strings.ContainsAny(target, "\x00\\") {
		return "", fmt.Sprintf("%s leads out of the folder", quoted(name))
	}
	return target, ""
}

// find follows a JSON pointer (RFC 6901) from a file's root.
func find(f *file, pointer string) (*file, *yaml.Node, string) {
	switch {
	case pointer == "" && f.openapi:
		return nil, nil, quoted(f.name) + " is an OpenAPI document: name a schema in it, as `#/components/schemas/NAME`"
	case pointer == "":
		return f, f.root, ""
	case pointer[0] != '/':
		return nil, nil, fmt.Sprintf("%s is not a pointer, which begins with `#/`", quoted("#"+pointer))
	}
	at := f.root
	for token := range strings.SplitSeq(pointer[1:], "/") {
		next := child(at, unescape(token))
		if next == nil {
			return nil, nil, fmt.Sprintf("there is no %s in %s", quoted("#"+pointer), quoted(f.name)) + near(at, unescape(token))
		}
		at = next
	}
	return f, at, ""
}

func unescape(token string) string {
	return strings.ReplaceAll(strings.ReplaceAll(token, "~1", "/"), "~0", "~")
}

// child is the member or item that a pointer's token names.
func child(n *yaml.Node, token string) *yaml.Node {
	if n.Kind == yaml.MappingNode {
		return member(n, token)
	}
	i, err := strconv.Atoi(token)
	if n.Kind != yaml.SequenceNode || err != nil || i < 0 || i >= len(n.Content) {
		return nil
	}
	return n.Content[i]
}

// near suggests the member of n whose name is most like one that n does not have.
func near(n *yaml.Node, token string) string {
	if n.Kind != yaml.MappingNode {
		return ""
	}
	return didYouMean(token, func(yield func(string) bool) {
		for i := 0; i+1 < len(n.Content); i += 2 {
			if !yield(n.Content[i].Value) {
				return
			}
		}
	})
}
