package call

import (
	"sync/atomic"
	"time"
)

// Progress is the state of a running call. Its methods are safe for concurrent use.
type Progress struct {
	start, deadline time.Time

	attemptBy atomic.Int64 // deadline of the running attempt and its hedge, ns after start
	sent      atomic.Int32 // requests
	running   atomic.Int32 // attempts
	last      atomic.Pointer[failure]
	uncertain atomic.Bool  // a write may have been carried out
	invalid   atomic.Int32 // see countsInvalid
}

// NewProgress returns the state of a call that begins now and may take as long as budget.
func NewProgress(budget time.Duration) *Progress {
	now := time.Now()
	return &Progress{start: now, deadline: now.Add(budget)}
}

// Next returns the state of a further call for the same question, which ends at the same
// deadline.
func (p *Progress) Next() *Progress {
	next := &Progress{start: p.start, deadline: p.deadline}
	next.sent.Store(p.sent.Load())
	return next
}

// Sent is the number of requests so far, hedges included.
func (p *Progress) Sent() int { return int(p.sent.Load()) }

// LastError is the failure of the last attempt that has ended, nil if none has
// failed yet.
func (p *Progress) LastError() *Error {
	if f := p.last.Load(); f != nil {
		return &f.public
	}
	return nil
}

// Uncertain reports whether a write may have been carried out.
func (p *Progress) Uncertain() bool { return p.uncertain.Load() }

// attemptDeadline is the deadline of an attempt that begins now. An attempt and its
// hedge share it, so that both together take no longer than one attempt may.
func (p *Progress) attemptDeadline(now time.Time, limit time.Duration, hedge bool) time.Time {
	if by := p.attemptBy.Load(); hedge && by > 0 {
		return p.start.Add(time.Duration(by))
	}
	by := now.Add(limit)
	if by.After(p.deadline) {
		by = p.deadline
	}
	p.attemptBy.Store(int64(by.Sub(p.start)))
	return by
}

// countsInvalid reports whether the call's invalid answers count for the breaker. The
// first invalid answer decides it, by calling first, for all attempts of the call.
func (p *Progress) countsInvalid(first func() bool) bool {
	const unknown, counts, doesNot = 0, 1, 2
	if p.invalid.Load() == unknown {
		verdict := int32(doesNot)
		if first() {
			verdict = counts
		}
		p.invalid.CompareAndSwap(unknown, verdict)
	}
	return p.invalid.Load() == counts
}
