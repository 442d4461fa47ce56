package api

import (
	"slices"
	"time"

	"github.com/go-chi/chi/v5"
)

// Routes are the routes of the built-in endpoints.
func (a *API) Routes() chi.Routes { return a.server.builtIn }

// ProblemCodes returns the codes of all problem types, sorted.
func ProblemCodes() []string {
	var codes []string
	for _, k := range kinds {
		codes = append(codes, k.Code)
	}
	slices.Sort(codes)
	return codes
}

// StatusOf returns the status and Retry-After of the answer for an error.
func StatusOf(err error) (status int, retryAfter time.Duration) {
	p := asProblem(err)
	return p.Status, p.retryAfter
}

// NewEvent returns an event of a stream.
var NewEvent = newEvent
