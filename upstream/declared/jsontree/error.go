package jsontree

import (
	"errors"
	"io"
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// Error says which rule an answer breaks, and where. It never has the value: that
// may be somebody's name or address.
type Error struct {
	Place string // JSON Pointer, RFC 6901; "" is the root
	Rule  string
}

// Error is the rule and the place.
func (e *Error) Error() string {
	if e.Place == "" {
		return e.Rule
	}
	return e.Rule + " at " + printable(e.Place)
}

// printable keeps an upstream's own characters from breaking a log line, and a place
// from filling it.
func printable(place string) string {
	const most = 200
	if len(place) > most {
		place = strings.ToValidUTF8(place[:most], "") + "…"
	}
	if strings.ContainsFunc(place, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return strconv.Quote(place)
	}
	return place
}

var unicodeEscape = regexp.MustCompile(`^\\u[0-9a-fA-F]{4}`)

// asError names the rule that the decoder found broken. Its own text is not used, as
// it quotes the answer.
func asError(raw []byte, err error) error {
	var own *Error
	if errors.As(err, &own) {
		return own
	}
	e := &Error{Rule: "not valid JSON"}
	var syntax *jsontext.SyntacticError
	if errors.As(err, &syntax) {
		e.Place = string(syntax.JSONPointer)
		e.Rule = rule(raw, syntax)
	} else if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		e.Rule = "ends before the value does"
	}
	return e
}

func rule(raw []byte, err *jsontext.SyntacticError) string {
	rest := raw[min(max(err.ByteOffset, 0), int64(len(raw))):]
	switch r, size := utf8.DecodeRune(rest); {
	case errors.Is(err, jsontext.ErrDuplicateName):
		return "a member's name appears twice"
	case errors.Is(err, io.ErrUnexpectedEOF):
		return "ends before the value does"
	case r == utf8.RuneError && size == 1:
		return "broken UTF-8"
	case unicodeEscape.Match(rest):
		return "half of a surrogate pair"
	}
	return "not valid JSON"
}
