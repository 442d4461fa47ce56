package aggregate

import (
	"errors"
	"slices"
	"time"

	"tributary/upstream"
)

// Outcome is the result of one source of an aggregate: an answer without its value.
type Outcome struct {
	Name        string
	Attribution string // what the provider's licence wants said
	Unused      bool   // it had a value, but none of it went into the aggregate
	upstream.Provenance

	// Sources are the sources of a part that is itself made of several.
	Sources []Outcome
}

// Incomplete reports whether something was left out of the source's current value; Err
// says what.
func (o Outcome) Incomplete() bool {
	return o.Err != nil && o.Useful() && o.State != upstream.Stale
}

// Degraded reports whether an answer that is made of this source is degraded:
// the source, or one of its own, is stale, failed or incomplete.
func (o Outcome) Degraded() bool {
	return o.State == upstream.Stale || o.State == upstream.Failed || o.Incomplete() || slices.ContainsFunc(o.Sources, Outcome.Degraded)
}

// ErrSwitchedOff is wrapped by the error of an aggregate whose sources are all disabled
// in this gateway.
var ErrSwitchedOff = errors.New("switched off")

// NoAnswerError is the error of an aggregate if no source had a value.
type NoAnswerError struct {
	Subject string // what was asked about, in a few words
	Sources []Outcome
}

func (e *NoAnswerError) Error() string { return "no source could answer about " + e.Subject }

// NotFound reports whether no source failed: there is no value because the thing does
// not exist.
func (e *NoAnswerError) NotFound() bool {
	for _, o := range e.Sources {
		if o.State == upstream.Failed {
			return false
		}
	}
	return true
}

// NoData reports whether the thing exists, but no source has a value for the present:
// all failures have CodeNoData, and there is at least one.
func (e *NoAnswerError) NoData() bool {
	some := false
	for _, o := range e.Sources {
		if o.State != upstream.Failed {
			continue
		}
		if o.Err == nil || o.Err.Code != upstream.CodeNoData {
			return false
		}
		some = true
	}
	return some
}

// decline is the order of states, from the best to the worst.
var decline = []upstream.State{upstream.Live, upstream.Cached, upstream.Revalidating, upstream.Stale, upstream.Skipped, upstream.Failed}

// Together is the provenance of what is made of several answers: as good as
// the worst of them. Its attempts are those of the answer that was waited for
// longest.
func Together(first upstream.Provenance, others ...upstream.Provenance) upstream.Provenance {
	p := first
	for _, o := range others {
		if slices.Index(decline, o.State) > slices.Index(decline, p.State) {
			p.State = o.State
			if o.Err != nil {
				p.Err = o.Err
			}
		}
		if p.Err == nil {
			p.Err = o.Err
		}
		if o.Latency > p.Latency || o.Latency == p.Latency && o.Attempts > p.Attempts {
			p.Latency, p.Attempts = o.Latency, o.Attempts
		}
		p.Age = max(p.Age, o.Age)
		p.FreshUntil = sooner(p.FreshUntil, o.FreshUntil)
		p.Version = max(p.Version, o.Version)
		p.Forward = max(p.Forward, o.Forward)
		p.FwdStatus = max(p.FwdStatus, o.FwdStatus)
		p.Stored = p.Stored || o.Stored
		p.Collapsed = p.Collapsed || o.Collapsed
	}
	return p
}

// sooner is the earlier of two ends, where there are two.
func sooner(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}
