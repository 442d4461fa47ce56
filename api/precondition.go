package api

import (
	"encoding/json"
	"net/http"
	"strings"

	"tributary/upstream/aggregate"
	"tributary/upstream/users"
)

// profileOf encodes a profile and returns its entity tag, "U.R": U is a hash of the
// directory's user, R a hash of the other parts.
func profileOf(p users.Profile) (data []byte, tag string, err error) {
	user, err := json.Marshal(p.User)
	if err != nil {
		return nil, "", err
	}
	parts, err := json.Marshal(p.Parts)
	if err != nil {
		return nil, "", err
	}
	tag = aggregate.Tag(user) + "." + aggregate.Tag(parts)
	if len(parts) > len("{}") {
		user[len(user)-1] = ',' // every user has an id, so the object is not empty
		user = append(user, parts[1:]...)
	}
	return user, tag, nil
}

// precondition returns the condition that a write's If-Match and If-None-Match set
// on the user (RFC 9110 §13.1 and §13.2.2), nil if neither is sent.
//
// Only U is compared, because a degraded answer or one with other parts has the same
// user. Weak tags match, because all our tags are weak; by §13.1.1 If-Match would fail
// for each of them.
func precondition(r *http.Request) *users.Precondition {
	match, noneMatch := r.Header.Values("If-Match"), r.Header.Values("If-None-Match")
	if len(match) == 0 && len(noneMatch) == 0 {
		return nil
	}
	return &users.Precondition{
		Holds: func(u users.User) bool {
			user, err := json.Marshal(u)
			if err != nil {
				return false
			}
			same := sameUser(aggregate.Tag(user))
			return (len(match) == 0 || anyTag(match, same)) && (len(noneMatch) == 0 || !anyTag(noneMatch, same))
		},
		// "*" requires only that the user exists, in any version.
		Exact: !anyTag(match, func(string) bool { return false }),
	}
}

// sameUser returns a function that reports whether a tag has the same U as tag.
func sameUser(tag string) func(opaque string) bool {
	return func(opaque string) bool {
		u, _, ok := strings.Cut(strings.Trim(opaque, `"`), ".")
		return ok && u == tag
	}
}
