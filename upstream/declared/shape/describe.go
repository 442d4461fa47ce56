package shape

import "slices"

// Describe is a JSON Schema of the type, as OpenAPI 3.1 has it: plain values for an
// encoder. Where a type contains itself, the second turn is the empty schema. No
// member is required, since what is absent is left out.
func (t *Type) Describe() map[string]any { return t.describe(nil) }

func (t *Type) describe(above []*Type) map[string]any {
	out := map[string]any{}
	if t == nil || len(above) > maxDepth || slices.Contains(above, t) {
		return out
	}
	above = append(above, t)
	if name := jsonTypes[t.Kind]; name != "" {
		out["type"] = name
	}
	if t.Format != "" {
		out["format"] = t.Format
	}
	if t.Description != "" {
		out["description"] = t.Description
	}
	if len(t.Enum) > 0 {
		out["enum"] = t.Enum
	}
	switch t.Kind {
	case List:
		out["items"] = t.Items.describe(above)
	case Object:
		t.describeMembers(out, above)
	}
	return out
}

var jsonTypes = map[Kind]string{
	Text: "string", Integer: "integer", Number: "number", Boolean: "boolean", Object: "object", List: "array",
}

func (t *Type) describeMembers(out map[string]any, above []*Type) {
	if len(t.Fields) > 0 {
		properties := make(map[string]any, len(t.Fields))
		for name, field := range t.Fields {
			properties[name] = field.describe(above)
		}
		out["properties"] = properties
	}
	if t.Rest != nil {
		out["additionalProperties"] = t.Rest.describe(above)
	}
}
