package users

import (
	"encoding/json"
	"fmt"
	"math"
	"net/url"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// field is one thing that may be written.
type field struct {
	name     string
	wire     []string // where the directory has it, within the object that it has for the field's own
	required bool
	rule     rule
	fields   []field // of an object, which has no rule
}

// rule turns a value into the directory's, or says what is wrong with it.
type rule func(v any) (wire any, detail string)

// userFields are all that may be written, and under which rules.
var userFields = []field{
	{name: "name", wire: []string{"name"}, required: true, rule: textOf(200)},
	{name: "username", wire: []string{"username"}, rule: textOf(39, isUsername)},
	{name: "email", wire: []string{"email"}, rule: textOf(254, isEmail)},
	{name: "phone", wire: []string{"phone"}, rule: textOf(50)},
	{name: "website", wire: []string{"website"}, rule: textOf(2048, isWebsite)},
	{name: "address", wire: []string{"address"}, fields: []field{
		{name: "street", wire: []string{"street"}, rule: textOf(200)},
		{name: "suite", wire: []string{"suite"}, rule: textOf(200)},
		{name: "city", wire: []string{"city"}, rule: textOf(200)},
		{name: "postal_code", wire: []string{"zipcode"}, rule: textOf(20)},
		{name: "latitude", wire: []string{"geo", "lat"}, rule: degreesTo(90)},
		{name: "longitude", wire: []string{"geo", "lng"}, rule: degreesTo(180)},
	}},
	{name: "company", wire: []string{"company"}, fields: []field{
		{name: "name", wire: []string{"name"}, rule: textOf(200)},
	}},
}

// readOnly are the members of a user that nobody writes.
var readOnly = []string{"id", "github", "activity", "weather"}

// form is a further demand on a text; it says what is wrong, or nothing.
type form func(s string) (detail string)

// textOf is a text of 1 to most characters, all printable and not all blank.
func textOf(most int, forms ...form) rule {
	return func(v any) (any, string) {
		s, ok := v.(string)
		n := utf8.RuneCountInString(s)
		switch {
		case !ok:
			return nil, "must be a string"
		case n < 1 || n > most:
			return nil, fmt.Sprintf("must have 1 to %d characters", most)
		case strings.ContainsFunc(s, isUnprintable):
			return nil, "must have printable characters only"
		case strings.TrimSpace(s) == "":
			return nil, "must not be blank"
		}
		for _, f := range forms {
			if detail := f(s); detail != "" {
				return nil, detail
			}
		}
		return s, ""
	}
}

// isUnprintable is true of what shows nothing or moves what is around it:
// control characters, line separators, and marks that turn the direction of
// writing. Other marks, such as the joiners of some scripts, are part of words.
func isUnprintable(r rune) bool {
	return unicode.In(r, unicode.Cc, unicode.Zl, unicode.Zp, unicode.Bidi_Control) || r == utf8.RuneError
}

func isUsername(s string) string {
	if strings.ContainsFunc(s, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsMark(r) && !unicode.IsDigit(r) && !strings.ContainsRune("-_.[]", r)
	}) {
		return "must have letters, digits and - _ . [ ] only"
	}
	return ""
}

// isEmail wants what looks like an address; whether it is one, only a letter
// can tell.
func isEmail(s string) string {
	at := strings.LastIndexByte(s, '@')
	if at < 1 || at > 64 || strings.ContainsFunc(s, unicode.IsSpace) || strings.ContainsAny(s[:at], `@<>(),;:\"`) || !isDomain(s[at+1:]) {
		return "must look like an email address"
	}
	return ""
}

// isWebsite wants a URL, which may lack its scheme: a host, as a rule. Only
// schemes that a browser shows a page for are let through.
func isWebsite(s string) string {
	full := s
	if !strings.Contains(s, "://") {
		full = "https://" + s
	}
	u, err := url.Parse(full)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.User != nil || !isDomain(u.Hostname()) || strings.ContainsFunc(s, unicode.IsSpace) {
		return "must be an http or https URL, or a host name"
	}
	return ""
}

// isDomain wants at least two labels of letters, digits and inner hyphens,
// those of other scripts included.
func isDomain(s string) bool {
	labels := strings.Split(s, ".")
	if len(s) > 253 || len(labels) < 2 {
		return false
	}
	for _, l := range labels {
		if l == "" || len(l) > 63 || l[0] == '-' || l[len(l)-1] == '-' || strings.ContainsFunc(l, func(r rune) bool {
			return !unicode.IsLetter(r) && !unicode.IsMark(r) && !unicode.IsDigit(r) && r != '-'
		}) {
			return false
		}
	}
	return true
}

// degreesTo is a coordinate, which the directory has as a text.
func degreesTo(limit float64) rule {
	return func(v any) (any, string) {
		n, ok := v.(json.Number)
		if !ok {
			return nil, "must be a number"
		}
		degrees, err := n.Float64()
		if err != nil || !(math.Abs(degrees) <= limit) {
			return nil, fmt.Sprintf("must be from %g to %g", -limit, limit)
		}
		return strconv.FormatFloat(degrees+0, 'f', -1, 64), "" // -0 is 0
	}
}
