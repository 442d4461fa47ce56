package users

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// Change is what a caller wants to write: a whole user, from [ParseUser], or the
// fields to change, from [ParsePatch].
type Change struct {
	// members are in the directory's words. As in a merge patch, nil stands for
	// what is to go, and a map for changes within an object.
	members map[string]any
}

// MalformedError is the error of a body that is not JSON.
type MalformedError struct{ Detail string }

func (e *MalformedError) Error() string { return e.Detail }

// InvalidError is the error of JSON that breaks rules. It lists every mistake, up
// to a bound.
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

// mostMistakes bounds the list of mistakes.
const mostMistakes = 100

// ParseUser reads a whole user, who is to be created or to replace another.
// null is the same as absence. Its errors are a *MalformedError or an
// *InvalidError.
func ParseUser(body []byte) (Change, error) { return parse(body, true) }

// ParsePatch reads a JSON merge patch (RFC 7396) of a user. null removes a
// field; name cannot be removed, and of a pair of coordinates not the one
// without the other. Its errors are those of [ParseUser].
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
	return Change{}, &InvalidError{Fields: c.mistakes[:min(len(c.mistakes), mostMistakes)]}
}

// Empty reports whether there is nothing to change.
func (c Change) Empty() bool { return len(c.members) == 0 }

// Wire is the whole user in the directory's words.
func (c Change) Wire() []byte { return encode(present(c.members)) }

// encode writes what is made of texts and of JSON, which has a JSON form.
func encode(members map[string]any) []byte {
	b, _ := json.Marshal(members)
	return b
}

// present are the members that are there, without what is to go.
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

// Apply is the body of the PATCH that changes a record, in the directory's terms.
// It has the members that the change names. An object in it is complete, with all
// that the record has in it: some directories merge deeply (RFC 7396), others
// exchange whole members (json-server), and both then come to the same result. A
// member that is to be removed is null, which both understand.
//
// Applying the change twice gives the same body, as a repetition with the same
// Idempotency-Key needs. The exception is a record with a null of its own in such
// an object: a deep merge removes it. It is sent all the same, or a directory that
// exchanges members would lose it.
func (c Change) Apply(to *Record) []byte { return encode(merged(to.raw, c.members, false)) }

func merged(into json.RawMessage, members map[string]any, whole bool) map[string]any {
	var old map[string]json.RawMessage
	_ = json.Unmarshal(into, &old) // what is not an object has no members
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

// checker holds an object against the rules and puts it into the directory's
// words. It goes on after a mistake.
type checker struct {
	whole    bool // not a patch
	mistakes []FieldError
}

func (c *checker) refuse(pointer, format string, args ...any) {
	c.mistakes = append(c.mistakes, FieldError{pointer, fmt.Sprintf(format, args...)})
}

func (c *checker) object(pointer string, object map[string]any, fields []field) map[string]any {
	members := map[string]any{}
	for _, f := range fields {
		at := pointer + "/" + f.name
		v, given := object[f.name]
		switch {
		case f.required && v == nil && c.whole:
			c.refuse(at, "is required")
		case f.required && v == nil && given:
			c.refuse(at, "cannot be removed")
		case !given:
		case v == nil:
			set(members, nil, f.wire)
		case f.fields != nil:
			if nested, ok := v.(map[string]any); !ok {
				c.refuse(at, "must be an object")
			} else {
				set(members, c.object(at, nested, f.fields), f.wire)
			}
		default:
			wire, detail := f.rule(v)
			if detail != "" {
				c.refuse(at, "%s", detail)
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

// set puts v under a path of names.
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

// pair wants both coordinates or neither: half a place is none.
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
		c.refuse(pointer+"/"+missing, "goes together with the other coordinate")
	}
}

func (c *checker) unknown(pointer, name string) {
	at := pointer + "/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(name)
	if pointer == "" && slices.Contains(readOnly, name) {
		c.refuse(at, "is read-only")
		return
	}
	c.refuse(at, "is not a field that is known")
}
