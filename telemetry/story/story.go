// Package story keeps how recent requests were answered: which sources were asked, what
// failed, was retried or hedged, and why an answer is old. It also counts answers and
// calls for the operators' console. A story has names, route templates, codes and
// durations, and never a query, a body or a credential.
//
// Without a Recorder nothing is recorded: all methods accept nil.
package story

import (
	"context"
	"sync"
	"time"

	"go.opentelemetry.io/otel/trace"
)

// maxSteps is the greatest number of steps that a story keeps.
const maxSteps = 64

// Story is how one request was answered. It is safe for concurrent use: fetches that
// outlive their request still add steps.
type Story struct {
	recorder *Recorder
	id       trace.TraceID
	at       time.Time
	method   string
	number   uint64 // stories that are kept later have greater ones

	mu       sync.Mutex // guards what follows
	route    string
	status   int
	took     time.Duration
	known    bool // the API has said what became of the request
	degraded bool
	problem  string // its code; "": an answer
	sources  []Source
	steps    []Step
	lost     int // steps that were not kept
}

// Source is what one source contributed to an answer.
type Source struct {
	Name      string
	State     string
	Useful    bool          // there is a value, whose age is Age
	Age       time.Duration // since the upstream gave or confirmed the value
	Attempts  int
	Took      time.Duration
	Code      string // of the error; "": none
	Detail    string
	Collapsed bool
	Unused    bool
	Asked     bool     // the cache could not answer
	Sources   []Source // of a part that is made of several
}

// ContextKey is the key of a *Story in contexts.
type ContextKey struct{}

// Begin begins the story of a request. The context is for the work on it.
func (r *Recorder) Begin(ctx context.Context, id trace.TraceID, method string) (context.Context, *Story) {
	s := r.New(id, method)
	if s == nil {
		return ctx, nil
	}
	return context.WithValue(ctx, ContextKey{}, s), s
}

// New begins the story of a request whose context has it under ContextKey.
func (r *Recorder) New(id trace.TraceID, method string) *Story {
	if r == nil {
		return nil
	}
	return &Story{recorder: r, id: id, at: time.Now(), method: method}
}

// FromContext is the story of the request that ctx belongs to, nil if none is recorded.
func FromContext(ctx context.Context) *Story {
	s, _ := ctx.Value(ContextKey{}).(*Story)
	return s
}

// Add adds a step that happens now.
func (s *Story) Add(step Step) {
	if s == nil {
		return
	}
	step.at = time.Since(s.at)
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.steps) >= maxSteps {
		s.lost++
		return
	}
	s.steps = append(s.steps, step)
}

// Answered says that the request got an answer made of sources.
func (s *Story) Answered(degraded bool, sources []Source) {
	s.outcome(degraded, "", sources)
}

// Refused says that the request got a problem with a code.
func (s *Story) Refused(problem string, sources []Source) {
	s.outcome(false, problem, sources)
}

func (s *Story) outcome(degraded bool, problem string, sources []Source) {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.known, s.degraded, s.problem, s.sources = true, degraded, problem, sources
}

// End ends a story, counts it and keeps it. A story without an outcome is dropped: it is
// of a page, a health check, or a caller that left.
func (s *Story) End(route string, status int, took time.Duration) {
	if s == nil {
		return
	}
	s.mu.Lock()
	s.route, s.status, s.took = route, status, took
	known, result := s.known, s.result()
	s.mu.Unlock()
	if known {
		s.recorder.keep(s, result)
	}
}

// result is what became of the request. s.mu is held.
func (s *Story) result() result {
	r := result{route: s.route, sources: s.sources}
	switch {
	case s.problem == "" && s.degraded:
		r.kind = degraded
	case s.problem == "":
		r.kind = complete
	case s.status >= 500 && s.problem != "not_cached": // which the caller has wanted so
		r.kind = failed
	default:
		r.kind = clientError
	}
	return r
}
