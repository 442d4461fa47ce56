package declared

import (
	"bytes"
	"fmt"

	"go.yaml.in/yaml/v3"
)

// maxExamples is how many endpoints a definition may have for its description to hold
// an example of each answer.
const maxExamples = 200

// Document is the gateway's contract, openapi.yaml, without the paths that are hidden
// and with the endpoints of d, which may be nil. All other lines of the contract stay
// as they are.
func Document(contract []byte, hidden []string, d *Definition) ([]byte, error) {
	s, err := newSpliced(contract)
	if err != nil {
		return nil, fmt.Errorf("the contract: %w", err)
	}
	for _, path := range hidden {
		s.remove("paths", path)
	}
	if d == nil || len(d.Endpoints) == 0 {
		return s.bytes(), nil
	}
	paths, schemas := yamlMap(), yamlMap()
	names := make(map[string]bool, len(d.Endpoints))
	for _, e := range d.Endpoints {
		o := &operation{Endpoint: e, name: uniqueName(e.Path, names)}
		if len(d.Endpoints) <= maxExamples {
			o.example = d.example(e)
		}
		paths.Content = append(paths.Content, yamlText(e.Path), yamlMap(pair{"get", o.describe()}))
		if e.Stream {
			paths.Content = append(paths.Content, yamlText(e.StreamPath()), yamlMap(pair{"get", o.describeStream()}))
		}
		schemas.Content = append(schemas.Content, yamlText(o.name), o.answer())
	}
	for _, section := range []struct {
		name   []string
		add    *yaml.Node
		indent int
	}{
		{[]string{"paths"}, paths, 2},
		{[]string{"components", "responses"}, yamlMap(pair{nothingFound, notFoundResponse("Cached for 30 seconds.", "HalfAMinute")}), 4},
		{[]string{"components", "schemas"}, schemas, 4},
	} {
		var b bytes.Buffer
		if err := writeYAML(&b, section.add, section.indent, section.name[0] == "paths" || section.name[1] == "schemas"); err != nil {
			return nil, err
		}
		if err := s.append(b.Bytes(), section.name...); err != nil {
			return nil, err
		}
	}
	const tag = "  - name: declared\n    description: Endpoints that the operator of this gateway has declared.\n"
	if err := s.append([]byte(tag), "tags"); err != nil {
		return nil, err
	}
	return s.bytes(), nil
}

// uniqueName is a path as a name: /v1/orders/{id} is v1_orders_id. Where two paths have
// the same, the later one gets a number.
func uniqueName(path string, taken map[string]bool) string {
	var b []byte
	for _, c := range []byte(path[1:]) {
		switch {
		case c == '{' || c == '}':
		case c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9':
			b = append(b, c)
		default:
			b = append(b, '_')
		}
	}
	name := string(b)
	for i := 2; taken[name]; i++ {
		name = fmt.Sprintf("%s_%d", b, i)
	}
	taken[name] = true
	return name
}
