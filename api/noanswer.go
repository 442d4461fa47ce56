package api

import (
	"net/http"
	"slices"
	"time"

	"tributary/upstream"
	"tributary/upstream/aggregate"
)

// noAnswerProblem answers for an aggregate none of whose sources had data.
func noAnswerProblem(e *aggregate.NoAnswerError) *problem {
	var p *problem
	switch {
	case e.NotFound():
		p = notFound.with(e.Subject + " is not known to any source")
	case e.NoData():
		p = noData.with("no source has data about " + e.Subject + " now")
	case slices.ContainsFunc(e.Sources, refusedByUs):
		return overload(e.Sources)
	case slices.ContainsFunc(e.Sources, notCachedOutcome):
		p = notCached.with("not cached, and only-if-cached forbids asking the sources")
	default:
		p = allSourcesFailed.with("no source could answer, and no earlier answer is recent enough")
		p.Status, p.retryAfter = allFailed(e.Sources)
	}
	p.sources = e.Sources
	return p
}

// allFailed returns the status of an answer whose sources all failed: 503 if one of them
// was not called but may be called later, and then also the shortest wait until that;
// 504 if all timed out; else 502.
func allFailed(sources []aggregate.Outcome) (status int, retryAfter time.Duration) {
	timeouts, failures := 0, 0
	for _, o := range sources {
		if o.Err == nil || o.State != upstream.Failed {
			continue
		}
		failures++
		switch {
		case temporarilyRefused(o):
			if wait := max(time.Second, o.Err.RetryAfter); retryAfter == 0 || wait < retryAfter {
				retryAfter = wait
			}
		case o.Err.Code == upstream.CodeTimeout:
			timeouts++
		}
	}
	switch {
	case retryAfter > 0:
		return http.StatusServiceUnavailable, retryAfter
	case failures > 0 && timeouts == failures:
		return http.StatusGatewayTimeout, 0
	}
	return http.StatusBadGateway, 0
}

// temporarilyRefused reports whether a source was not called because of a policy, a
// quota or the upstream's Retry-After, and may be called later. An upstream that
// rejects our credentials does not count: it never says when it will accept them.
func temporarilyRefused(o aggregate.Outcome) bool {
	switch o.Err.Code {
	case upstream.CodeCircuitOpen, upstream.CodeRateLimited, upstream.CodeOverloaded:
		return true
	case upstream.CodeUnauthorized, upstream.CodeForbidden:
		return false
	}
	return o.Attempts == 0 && o.Err.RetryAfter > 0
}

func notCachedOutcome(o aggregate.Outcome) bool {
	return o.Err != nil && o.Err.Code == upstream.CodeNotCached
}
