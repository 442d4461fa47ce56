package aggregate

import (
	"net/http"
	"strings"
)

// LinkTargets maps the relation types of the Link headers, in lower case, to their
// targets (RFC 8288 §3). The first link of a type counts.
func LinkTargets(h http.Header) map[string]string {
	targets := make(map[string]string)
	for _, line := range h.Values("Link") {
		for {
			_, rest, found := strings.Cut(line, "<")
			target, rest, closed := strings.Cut(rest, ">")
			if !found || !closed {
				break
			}
			var parameters string
			parameters, line = cutUnquoted(rest, ',')
			for rel := range strings.FieldsSeq(relOf(parameters)) {
				if _, known := targets[rel]; !known {
					targets[rel] = target
				}
			}
		}
	}
	return targets
}

// relOf returns the first rel parameter of a link, in lower case.
func relOf(parameters string) string {
	for parameters != "" {
		var parameter string
		parameter, parameters = cutUnquoted(parameters, ';')
		name, value, _ := strings.Cut(parameter, "=")
		if strings.EqualFold(strings.TrimSpace(name), "rel") {
			return strings.ToLower(strings.Trim(strings.TrimSpace(value), `"`))
		}
	}
	return ""
}

// cutUnquoted cuts s at the first separator outside quotes.
func cutUnquoted(s string, separator byte) (before, after string) {
	quoted := false
	for i := range len(s) {
		switch {
		case s[i] == '"' && (i == 0 || s[i-1] != '\\'):
			quoted = !quoted
		case s[i] == separator && !quoted:
			return s[:i], s[i+1:]
		}
	}
	return s, ""
}
