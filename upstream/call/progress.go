package call

import (
	"sync/atomic"
	"time"
)

// Progress is what can be seen of a call while it runs. Its methods are safe
// for concurrent use.
type Progress struct {
	start, deadline time.Time

	attemptBy atomic.Int64 // deadline of the running attempt and its hedge, ns after start
	sent      atomic.Int32 // requests
	running   atomic.Int32 // attempts
	last      atomic.Pointer[failure]
	uncertain atomic.Bool  // it is a write that may have been carried out
	invalid   atomic.Int32 // whether its invalid answers count, see countsInvalid
}

// NewProgress is of a call that begins now and may take as long as budget.
func NewProgress(budget time.Duration) *Progress {
	now := time.Now()
	return &Progress{start: now, deadline: now.Add(budget)}
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

// Uncertain reports of a write whether it may have been carried out.
func (p *Progress) Uncertain() bool { return p.uncertain.Load() }

// attemptDeadline is when an attempt that begins now has to end. An attempt
// and its hedge share it, or the pair would last longer than one may.
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

// countsInvalid reports whether the call's invalid answers count against the
// breaker. All its attempts count alike; first is asked once.
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
