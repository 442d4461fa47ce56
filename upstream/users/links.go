package users

import (
	"net/http"
	"net/url"
	"strings"
)

// linkTargets are the targets of an answer's Link headers by their relation
// types, in lower case (RFC 8288 §3). Of two links of one type the first counts.
func linkTargets(h http.Header) map[string]string {
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

// relOf is the value of the first rel among a link's parameters, in lower case.
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

// maxLink bounds a link that is followed.
const maxLink = 2000

// queryOf is the query of a link that leads to another page of the list at
// path. The rest of the link is not used: behind a proxy a directory may know
// itself by another host and prefix, and no answer decides which host is asked.
// It is not ok for a link to anything else.
func queryOf(link, path string) (query string, ok bool) {
	target, err := url.Parse(link)
	if err != nil || len(link) > maxLink {
		return "", false
	}
	target = (&url.URL{Path: path}).ResolveReference(target)
	if target.RawQuery == "" || !strings.HasSuffix(target.Path, path) {
		return "", false
	}
	return target.RawQuery, true
}
