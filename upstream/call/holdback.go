package call

import (
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"tributary/telemetry/story"
)

// How long no requests are sent after an upstream has refused one. Each refusal in a
// row doubles the time.
const (
	// RefusedFor and RefusedMost are for refused credentials, and for a 403 or 451 about
	// one thing. A provider may lock credentials that keep asking, and MET Norway bans
	// such callers permanently.
	RefusedFor  = 30 * time.Second
	RefusedMost = 5 * time.Minute

	// bannedFor is for a 403 by which a provider bans us, because a ban lasts longer than
	// half a minute.
	bannedFor = time.Minute

	// limitedMost is for a 429 that names no time.
	limitedMost = 15 * time.Minute

	// MaxHoldBack bounds the time that an upstream can set. The longest real one is
	// GitHub's, whose quota is renewed every hour.
	MaxHoldBack = time.Hour
)

// holdBack is a time during which no request is sent to an endpoint, or to a whole
// upstream. The zero value holds nothing back. It is safe for concurrent use.
type holdBack struct {
	current atomic.Pointer[holding]
}

// holding is one such time.
type holding struct {
	until   time.Time
	code    Code // of the answer that caused it
	doubled int  // how often in a row
}

// left is how long the time still runs.
func (h *holdBack) left(now time.Time) time.Duration {
	if c := h.current.Load(); c != nil {
		return max(0, c.until.Sub(now))
	}
	return 0
}

// refusal is the error of a call while the time runs, nil otherwise.
func (h *holdBack) refusal(now time.Time) *failure {
	c := h.current.Load()
	if c == nil || !now.Before(c.until) {
		return nil
	}
	detail := "the upstream asked us to wait"
	switch c.code {
	case CodeUnauthorized:
		detail = "not asked: it refused our credentials a moment ago"
	case CodeForbidden:
		detail = "not asked: it refused us access a moment ago"
	case CodeRateLimited:
		detail = "not asked: it has answered that we send too many requests"
	}
	return refusal(c.code, c.until.Sub(now), detail)
}

// refusal is the failure of a call that our policies refuse for the time wait.
func refusal(code Code, wait time.Duration, detail string) *failure {
	f := failuref(code, "%s", detail)
	f.RetryAfter, f.refused, f.final = wait, true, true
	return f
}

// forTime holds back for d, unless a longer time already runs.
func (h *holdBack) forTime(now time.Time, d time.Duration, code Code) {
	if d <= 0 {
		return
	}
	next := &holding{until: now.Add(min(d, MaxHoldBack)), code: code}
	for {
		old := h.current.Load()
		if old != nil && !old.until.Before(next.until) || h.current.CompareAndSwap(old, next) {
			return
		}
	}
}

// doubling holds back for first. Each time that the upstream refuses again after the
// time, the next time is twice as long, up to most. Answers to calls that were in flight
// when the time began do not double it.
func (h *holdBack) doubling(now time.Time, first, most time.Duration, code Code) {
	old := h.current.Load()
	next := &holding{code: code}
	if old != nil && old.code == code {
		if now.Before(old.until) {
			return
		}
		next.doubled = old.doubled + 1
	}
	next.until = now.Add(Doubled(first, most, next.doubled))
	if old == nil || old.until.Before(next.until) {
		h.current.CompareAndSwap(old, next) // if another call was faster, its time counts
	}
}

// accepted ends the doubling, because the upstream has accepted a request.
func (h *holdBack) accepted(now time.Time) {
	if old := h.current.Load(); old != nil && !now.Before(old.until) {
		h.current.CompareAndSwap(old, nil)
	}
}

// Doubled is first doubled n times, but not more than most.
func Doubled(first, most time.Duration, n int) time.Duration {
	for ; n > 0 && first < most; n-- {
		first *= 2
	}
	return min(first, most)
}

// holdBackFor holds back the endpoint, or the whole upstream, after a refusal
// that will not be different for the next request.
func (a *attempt) holdBackFor(f *failure, now time.Time) {
	free := a.held(now) == 0
	a.holdBackAfter(f, now)
	if held := a.held(now); free && held > 0 {
		a.client.record.Happened(story.RefusedUs, f.Brief()+"; it is not asked for "+story.Duration(held))
	}
}

// held is how long the endpoint or the upstream is held back, from now on.
func (a *attempt) held(now time.Time) time.Duration {
	return max(a.client.admission.holdBack.left(now), a.holdBack.left(now))
}

func (a *attempt) holdBackAfter(f *failure, now time.Time) {
	upstream := &a.client.admission.holdBack
	forbidden := f.Code == CodeForbidden && f.Status != http.StatusUnavailableForLegalReasons
	switch {
	case a.aboutCaller(f):
	case f.Code == CodeUnauthorized:
		a.holdBack.doubling(now, RefusedFor, RefusedMost, f.Code)
		if a.client.refused.add(a.holdBack) > 1 { // it is not about one endpoint
			upstream.doubling(now, RefusedFor, RefusedMost, f.Code)
		}
	case forbidden && a.Forbidden == ThisUpstream:
		upstream.doubling(now, bannedFor, RefusedMost, f.Code)
	case forbidden && a.Forbidden == ThisSource:
		a.holdBack.doubling(now, RefusedFor, RefusedMost, f.Code)
	case f.RetryAfter > 0:
		upstream.forTime(now, f.RetryAfter, f.Code)
	case f.Code == CodeRateLimited && a.LimitPause > 0:
		upstream.doubling(now, a.LimitPause, limitedMost, f.Code)
	case f.Code == CodeRateLimited:
		upstream.forTime(now, a.client.policies.RetryMaxDelay, f.Code)
	case f.Code == CodeNotFound, f.Code == CodeNoData:
		a.accepted(now)
	}
}

// exhausted holds the upstream back after an answer which says that the quota is used up.
func (a *attempt) exhausted(r Response) {
	d := a.Exhausted(r)
	if d > 0 && a.held(r.At) == 0 {
		a.client.record.Happened(story.QuotaExhausted, "its answer says that our quota is used up; it is not asked for "+story.Duration(d))
	}
	a.client.admission.holdBack.forTime(r.At, d, CodeRateLimited)
}

// accepted ends the doubling, for the endpoint and for the upstream.
func (a *attempt) accepted(now time.Time) {
	a.client.admission.holdBack.accepted(now)
	a.holdBack.accepted(now)
	a.client.refused.clear()
}

// refusedEndpoints are the endpoints of an upstream whose credentials were refused
// since the upstream last accepted them. The zero value is ready.
type refusedEndpoints struct {
	n atomic.Int32 // their number; good answers read it without the lock

	mu sync.Mutex
	by map[*holdBack]struct{}
}

// add adds an endpoint and returns how many there are.
func (r *refusedEndpoints) add(endpoint *holdBack) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.by == nil {
		r.by = make(map[*holdBack]struct{})
	}
	r.by[endpoint] = struct{}{}
	r.n.Store(int32(len(r.by)))
	return len(r.by)
}

// remove removes one of them, if it is there.
func (r *refusedEndpoints) remove(endpoint *holdBack) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.by, endpoint)
	r.n.Store(int32(len(r.by)))
}

// clear removes all, because the upstream has accepted the credentials.
func (r *refusedEndpoints) clear() {
	if r.n.Load() == 0 {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	clear(r.by)
	r.n.Store(0)
}
