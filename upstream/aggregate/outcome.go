package aggregate

import (
	"errors"
	"slices"

	"tributary/upstream"
)

// Outcome is the result of one source of an aggregate: an answer without its value.
type Outcome struct {
	Name        string
	Attribution string // the text that the provider's licence requires
	Source      string // who answered, where one of several sources did
	Origin      string // the source's own name, where a declared part has another
	Unused      bool   // it had a value, but the aggregate does not use it
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

// Together is the provenance of what is made of several answers; see
// upstream.Together.
func Together(first upstream.Provenance, others ...upstream.Provenance) upstream.Provenance {
	return upstream.Together(first, others...)
}
