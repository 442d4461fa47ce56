package call

import "net/http"

// credentials returns the function that adds the credentials to the request, which is
// the last step; nil: none.
func (a *attempt) credentials() func(*http.Request) {
	if a.Callers {
		return a.call.Credentials
	}
	return a.client.sender.credentials
}

// secrets are what the credentials of the request add to it.
func (a *attempt) secrets() []string {
	if a.Callers {
		return secretsOf(a.call.Credentials)
	}
	return a.client.sender.secrets
}

// aboutCaller reports whether a failure is about the caller's credentials alone.
func (a *attempt) aboutCaller(f *failure) bool {
	switch f.Code {
	case CodeUnauthorized, CodeForbidden, CodeRateLimited:
		return a.Callers
	}
	return false
}
