package call

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Providers repeat names and break characters now and then; neither makes the
// rest of an answer wrong. Of two members with one name the last counts, and a
// broken character becomes U+FFFD, as encoding/json has it.
var lenient = json.JoinOptions(jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))

// DecodeJSON reads a body that is one JSON value beginning with open: '{' or
// '['. Names of members are matched exactly, as RFC 8259 has them: with
// encoding/json a member "Email" would overwrite "email". Its errors name the
// field and the rule and quote nothing: a body can be anything, and what is in
// it may be personal.
func DecodeJSON(body []byte, open byte, into any) error {
	body = bytes.TrimLeft(body, " \t\r\n")
	switch {
	case len(body) == 0:
		return errors.New("body: empty")
	case body[0] != open && open == '{':
		return errors.New("body: not a JSON object")
	case body[0] != open:
		return errors.New("body: not a JSON array")
	}
	err := json.Unmarshal(body, into, lenient)
	if wrong, ok := errors.AsType[*json.SemanticError](err); ok {
		field := strings.TrimPrefix(strings.ReplaceAll(string(wrong.JSONPointer), "/", "."), ".")
		return fmt.Errorf("%.80s: a JSON %s that cannot be read", field, KindName(wrong.JSONKind))
	}
	if err != nil {
		return errors.New("body: not JSON, or cut off")
	}
	return nil
}

// KindName names a kind of JSON value in words: jsontext writes "{" for an object.
func KindName(k jsontext.Kind) string {
	switch k {
	case jsontext.KindBeginObject:
		return "object"
	case jsontext.KindBeginArray:
		return "array"
	case jsontext.KindTrue, jsontext.KindFalse:
		return "boolean"
	}
	return k.String()
}
