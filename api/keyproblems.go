package api

import (
	"errors"
	"net/http"
	"time"
)

// refusedKey is the problem response when begin refuses a key: the key was used for
// another request, or there is no room.
func refusedKey(err error) error {
	full, ok := errors.AsType[*fullError](err)
	if !ok {
		return keyReused.with("this Idempotency-Key came with another request before; a new request wants a new key")
	}
	p := overloaded.with("the gateway remembers as many Idempotency-Keys as it has room for; the oldest one expires after Retry-After")
	if full.caller {
		p = overloaded.with("this caller has used as many Idempotency-Keys within a day as one caller may; the oldest one expires after Retry-After")
	}
	p.retryAfter = full.freeIn
	return p
}

// running is the problem of a request whose key is in use by a request that is not
// answered yet.
func running() *problem {
	p := stillRunning.with("the first request with this Idempotency-Key is still running")
	p.retryAfter = time.Second
	return p
}

// outcomeLost is the problem response when a write with this key was sent, but its
// outcome is unknown.
func outcomeLost(retrySafe bool) *problem {
	p := writeFailed.with("a request with this Idempotency-Key was sent to the directory before, and its answer was lost: look whether it was carried out before you send it with a new key")
	if retrySafe {
		p = writeFailed.with("a request with this Idempotency-Key was sent to the directory before, and its answer was lost: send it again with the same key")
	}
	p.Outcome, p.RetrySafe = outcomeUnknown, &retrySafe
	return p
}

// notSent is the problem of a write that was not sent because of its key.
func notSent(detail string) *problem {
	p := writeFailed.with(detail)
	p.Status, p.Outcome, p.RetrySafe, p.retryAfter = http.StatusServiceUnavailable, outcomeNotDone, new(true), time.Second
	return p
}

// unclaimed is the problem of a key that could not be claimed.
func unclaimed() *problem {
	return notSent("nothing was sent: Redis did not answer, so a request with this Idempotency-Key may be running in another replica; send it again after Retry-After")
}

// tooLate is the problem of a request that waited for another with its key until too
// little time was left to send it.
func tooLate() *problem {
	return notSent("nothing was sent: another request with this Idempotency-Key ended without an answer, and this one has waited too long to be sent; send it again after Retry-After")
}
