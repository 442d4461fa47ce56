package auth

import (
	"net/http"
	"strings"
)

// credential is what a request presents, not yet checked.
type credential struct {
	value  string // "": no credentials
	bearer bool   // was sent as Bearer, so it may be a token
}

// readCredential returns the one credential in a request's headers. A header counts
// even if it is empty or has another scheme: its sender does not mean to be
// anonymous.
//
// The same key may stand in both headers. Two different credentials are an error
// even if one is valid: a proxy or cache in front of us may have used the other one
// to decide.
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

// bearerValue returns the value after the scheme. Case is ignored (RFC 9110 §11.1).
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
