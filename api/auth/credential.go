package auth

import (
	"net/http"
	"strings"
)

// credential is what a caller shows, not yet looked at.
type credential struct {
	value  string // "": nothing was sent
	bearer bool   // it may be a token
}

// readCredential takes the one credential out of a request's headers. A header
// that is there counts as a credential even when it is empty or of another
// scheme: its sender does not mean to be anonymous.
//
// The same key in both headers is fine. Two different credentials are not,
// though one may be good: whichever we took, somebody in front of us, a proxy
// or a cache, may have looked at the other and believe that it was used.
func readCredential(h http.Header) (credential, error) {
	authorization, apiKey := h["Authorization"], h["X-Api-Key"]
	if len(authorization) > 1 || len(apiKey) > 1 {
		return credential{}, errSeveral
	}
	var sent credential
	if len(authorization) == 1 {
		value, err := bearerValue(authorization[0])
		if err != nil {
			return credential{}, err
		}
		sent = credential{value: value, bearer: true}
	}
	if len(apiKey) == 1 {
		switch {
		case apiKey[0] == "":
			return credential{}, errEmpty
		case sent.value != "" && sent.value != apiKey[0]:
			return credential{}, errSeveral
		}
		sent.value = apiKey[0]
	}
	return sent, nil
}

// bearerValue is what follows the scheme, which has no case (RFC 9110 §11.1).
func bearerValue(authorization string) (string, error) {
	scheme, value, _ := strings.Cut(authorization, " ")
	value = strings.Trim(value, " ")
	switch {
	case authorization == "":
		return "", errEmpty
	case !strings.EqualFold(scheme, "Bearer"):
		return "", errScheme
	case value == "":
		return "", errEmpty
	}
	return value, nil
}
