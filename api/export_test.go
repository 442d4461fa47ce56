package api

import (
	"slices"
	"time"
)

// ProblemCodes are the codes of all types of problem, sorted.
func ProblemCodes() []string {
	var codes []string
	for _, k := range kinds {
		codes = append(codes, k.Code)
	}
	slices.Sort(codes)
	return codes
}

// StatusOf is the status that an error is answered with, and its Retry-After.
func StatusOf(err error) (status int, retryAfter time.Duration) {
	p := asProblem(err)
	return p.Status, p.retryAfter
}
