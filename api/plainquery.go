package api

import "strings"

// maxPlain is how many parameters a query that is read as it is may have: each of them is
// compared with the others.
const maxPlain = 8

// plainQuery reports whether a query can be read as it is: nothing in it is encoded or
// malformed, and no name occurs twice. Most queries are plain, and reading them
// allocates nothing.
func plainQuery(query string) bool {
	if strings.ContainsAny(query, "%+;") || strings.Count(query, "&") >= maxPlain {
		return false
	}
	for rest := query; rest != ""; {
		var pair string
		pair, rest, _ = strings.Cut(rest, "&")
		name, _, _ := strings.Cut(pair, "=")
		if _, twice := plainValue(rest, name); twice {
			return false
		}
	}
	return true
}

// plainValue returns the first value of a parameter in a plain query.
func plainValue(query, name string) (value string, ok bool) {
	for query != "" {
		var pair string
		pair, query, _ = strings.Cut(query, "&")
		if key, value, _ := strings.Cut(pair, "="); key == name && pair != "" {
			return value, true
		}
	}
	return "", false
}
