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

// field is a member of a user that callers may write.
type field struct {
	name     string
	wire     []string // path of the directory's member, within the enclosing object's member
	required bool
	rule     rule
	fields   []field // of an object, which has no rule
}

// rule converts a value to the directory's form, or returns what is wrong with it.
type rule func(v any) (wire any, detail string)

// userFields are all writable fields with their rules.
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

// readOnly are the members of a user that callers cannot write.
var readOnly = []string{"id", "github", "activity", "weather", "air_quality"}

// form is an additional check of a text. It returns what is wrong, or "".
type form func(s string) (detail string)

// textOf is a text of 1 to most printable characters that is not blank.
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

// isUnprintable is true of characters that are invisible or change the text around
// them: control characters, line separators, and marks that change the direction of
// writing. Other marks, such as joiners, are part of words in some scripts.
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

// isEmail checks only the form of an address, not that it exists.
func isEmail(s string) string {
	at := strings.LastIndexByte(s, '@')
	if at < 1 || at > 64 || strings.ContainsFunc(s, unicode.IsSpace) || strings.ContainsAny(s[:at], `@<>(),;:\"`) || !isDomain(s[at+1:]) {
		return "must look like an email address"
	}
	return ""
}

// isWebsite accepts a URL, with or without its scheme. The scheme must be one for
// which browsers show a page.
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

// isDomain requires two or more labels of letters of any script, digits and inner
// hyphens.
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

// degreesTo is a coordinate, which the directory stores as text.
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
		return strconv.FormatFloat(degrees+0, 'f', -1, 64), "" // adding 0 turns -0 into 0
	}
}
