package api

import (
	"encoding/json"
	"net/http"
	"strings"

	"tributary/upstream/aggregate"
	"tributary/upstream/users"
)

// profileOf is the data of a profile and its tag, "U.R": U changes with the
// directory's user alone, R with the parts.
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
		user[len(user)-1] = ',' // a user has an id at least
		user = append(user, parts[1:]...)
	}
	return user, tag, nil
}

// precondition is what a write's If-Match and If-None-Match demand of the user
// that it is about (RFC 9110 §13.1 and §13.2.2), nil without either.
//
// Of a tag only U is compared: a reader whose answer was degraded, or had parts,
// has seen the same user as any other. Weak tags count like strong ones, as they
// are all that there are. §13.1.1 would have If-Match never be true of a weak
// tag.
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
		// "*" demands that there is a user, whichever version it has.
		Exact: !anyTag(match, func(string) bool { return false }),
	}
}

// sameUser is true of tags with this U.
func sameUser(tag string) func(opaque string) bool {
	return func(opaque string) bool {
		u, _, ok := strings.Cut(strings.Trim(opaque, `"`), ".")
		return ok && u == tag
	}
}
