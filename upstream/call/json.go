package call

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// lenient accepts repeated names and invalid UTF-8, which providers sometimes send: the
// rest of such an answer is not wrong. As in encoding/json, the last member of a name
// counts, and an invalid character becomes U+FFFD.
var lenient = json.JoinOptions(jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))

// DecodeJSON decodes a body that is one JSON value beginning with open: '{' or '['. It
// matches member names exactly; with encoding/json a member "Email" would overwrite
// "email". Its errors name the field and the rule, and quote nothing, because a body
// may have personal data.
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
