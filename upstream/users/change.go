package users

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// Change is a change to a user: all fields, from [ParseUser], or some, from
// [ParsePatch].
type Change struct {
	// members has the directory's field names. As in a merge patch, nil removes a
	// member, and a map changes members of an object.
	members map[string]any
}

// MalformedError is the error for a body that is not JSON.
type MalformedError struct{ Detail string }

func (e *MalformedError) Error() string { return e.Detail }

// InvalidError is the error for JSON that breaks rules. It lists the mistakes, at
// most maxMistakes.
type InvalidError struct{ Fields []FieldError }

func (e *InvalidError) Error() string {
	mistakes := make([]string, len(e.Fields))
	for i, f := range e.Fields {
		mistakes[i] = f.Pointer + " " + f.Detail
	}
	return strings.Join(mistakes, "; ")
}

// FieldError is one mistake. It does not quote the value.
type FieldError struct {
	Pointer string `json:"pointer"` // RFC 6901; "" is the whole body
	Detail  string `json:"detail"`
}

// maxMistakes limits the list of mistakes.
const maxMistakes = 100

// ParseUser reads all fields of a user to create or replace. A null member counts as
// absent. The error is a *MalformedError or an *InvalidError.
func ParseUser(body []byte) (Change, error) { return parse(body, true) }

// ParsePatch reads a JSON merge patch (RFC 7396) of a user. null removes a field,
// except name, and a coordinate only together with the other. The error is a
// *MalformedError or an *InvalidError.
func ParsePatch(body []byte) (Change, error) { return parse(body, false) }

func parse(body []byte, whole bool) (Change, error) {
	object, err := strictObject(body)
	if err != nil {
		return Change{}, err
	}
	c := checker{whole: whole}
	change := Change{members: c.object("", object, userFields)}
	if len(c.mistakes) == 0 {
		return change, nil
	}
	slices.SortFunc(c.mistakes, func(a, b FieldError) int { return strings.Compare(a.Pointer, b.Pointer) })
	return Change{}, &InvalidError{Fields: c.mistakes[:min(len(c.mistakes), maxMistakes)]}
}

// Empty reports whether c changes nothing.
func (c Change) Empty() bool { return len(c.members) == 0 }

// Wire returns the whole user as the directory's JSON.
func (c Change) Wire() []byte { return encode(present(c.members)) }

// encode cannot fail: members contain only strings and JSON values.
func encode(members map[string]any) []byte {
	b, _ := json.Marshal(members)
	return b
}

// present returns the members without those to remove.
func present(members map[string]any) map[string]any {
	there := make(map[string]any, len(members))
	for name, v := range members {
		if nested, ok := v.(map[string]any); ok {
			if nested = present(nested); len(nested) > 0 {
				there[name] = nested
			}
		} else if v != nil {
			there[name] = v
		}
	}
	return there
}

// Apply returns the body of the PATCH request for a record, as the directory's JSON,
// with the members that c changes. Objects are complete, including members that do
// not change: some directories merge objects (RFC 7396), others replace them
// (json-server), and so both give the same result. A member to remove is null, which
// both understand.
//
// Applying the change twice gives the same body, as a retry with the same
// Idempotency-Key requires. There is one exception: if such an object already has a
// null member, a merging directory removes it. It is sent nevertheless, because a
// replacing directory would lose it otherwise.
func (c Change) Apply(to *Record) []byte { return encode(merged(to.raw, c.members, false)) }

func merged(into json.RawMessage, members map[string]any, whole bool) map[string]any {
	var old map[string]json.RawMessage
	_ = json.Unmarshal(into, &old) // if it is not an object, it has no members to keep
	result := make(map[string]any, len(old)+len(members))
	if whole {
		for name, v := range old {
			result[name] = v
		}
	}
	for name, v := range members {
		if nested, ok := v.(map[string]any); ok {
			v = merged(old[name], nested, true)
		}
		result[name] = v
	}
	return result
}

// checker validates an object and converts it to the directory's field names. It
// continues after a mistake to collect all of them.
type checker struct {
	whole    bool // all fields, not a patch
	mistakes []FieldError
}

func (c *checker) mistake(pointer, format string, args ...any) {
	c.mistakes = append(c.mistakes, FieldError{pointer, fmt.Sprintf(format, args...)})
}

func (c *checker) object(pointer string, object map[string]any, fields []field) map[string]any {
	members := map[string]any{}
	for _, f := range fields {
		at := pointer + "/" + f.name
		v, given := object[f.name]
		switch {
		case f.required && v == nil && c.whole:
			c.mistake(at, "is required")
		case f.required && v == nil && given:
			c.mistake(at, "cannot be removed")
		case !given:
		case v == nil:
			set(members, nil, f.wire)
		case f.fields != nil:
			if nested, ok := v.(map[string]any); !ok {
				c.mistake(at, "must be an object")
			} else {
				set(members, c.object(at, nested, f.fields), f.wire)
			}
		default:
			wire, detail := f.rule(v)
			if detail != "" {
				c.mistake(at, "%s", detail)
			}
			set(members, wire, f.wire)
		}
	}
	c.pair(pointer, object)
	for name := range object {
		if !slices.ContainsFunc(fields, func(f field) bool { return f.name == name }) {
			c.unknown(pointer, name)
		}
	}
	return members
}

// set sets v at a path of names.
func set(members map[string]any, v any, path []string) {
	for _, name := range path[:len(path)-1] {
		nested, ok := members[name].(map[string]any)
		if !ok {
			nested = map[string]any{}
			members[name] = nested
		}
		members = nested
	}
	members[path[len(path)-1]] = v
}

// pair requires both coordinates or neither.
func (c *checker) pair(pointer string, object map[string]any) {
	lat, hasLat := object["latitude"]
	lon, hasLon := object["longitude"]
	if pointer != "/address" || c.whole && (lat == nil) == (lon == nil) || !c.whole && hasLat == hasLon && (lat == nil) == (lon == nil) {
		return
	}
	missing := "latitude"
	if lat != nil || hasLat && !hasLon {
		missing = "longitude"
	}
	if !slices.ContainsFunc(c.mistakes, func(f FieldError) bool { return f.Pointer == pointer+"/"+missing }) {
		c.mistake(pointer+"/"+missing, "goes together with the other coordinate")
	}
}

func (c *checker) unknown(pointer, name string) {
	at := pointer + "/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(name)
	if pointer == "" && slices.Contains(readOnly, name) {
		c.mistake(at, "is read-only")
		return
	}
	c.mistake(at, "is not a field that is known")
}
