package auth

import "net/http"

// Refuse answers a request that is rejected with err, an *Error.
type Refuse func(http.ResponseWriter, *http.Request, error)

// Middleware identifies the caller and stores it for FromContext: where the context has a
// *Caller under ContextKey, in that one.
func (a *Authenticator) Middleware(refuse Refuse) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			caller, err := a.Authenticate(r)
			if err != nil {
				refuse(w, r, err)
				return
			}
			if c, ok := r.Context().Value(ContextKey{}).(*Caller); ok {
				*c = caller
			} else {
				r = r.WithContext(NewContext(r.Context(), caller))
			}
			next.ServeHTTP(w, r)
		})
	}
}

// Require rejects callers without a scope. It must run inside Middleware.
func (a *Authenticator) Require(scope string, refuse Refuse) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if err := a.Authorize(FromContext(r.Context()), scope); err != nil {
				refuse(w, r, err)
				return
			}
			next.ServeHTTP(w, r)
		})
	}
}
