package users

import (
	"net/url"
	"strings"
)

// maxLink is the greatest length of a link that is followed.
const maxLink = 2000

// queryOf returns the query of a link to another page of the list at path; ok is false
// for any other link. Only the query is used: a directory behind a proxy may see
// another host and prefix, and an answer must not decide which host is called.
func queryOf(link, path string) (query string, ok bool) {
	target, err := url.Parse(link)
	if err != nil || len(link) > maxLink || strings.ContainsFunc(link, splits) {
		return "", false
	}
	target = (&url.URL{Path: path}).ResolveReference(target)
	if target.RawQuery == "" || !strings.HasSuffix(target.Path, path) {
		return "", false
	}
	return target.RawQuery, true
}

// splits reports whether a character would end the target of a request line (RFC 9112
// section 3). No URI has it (RFC 3986 section 2).
func splits(c rune) bool { return c <= ' ' || c == 0x7f }
