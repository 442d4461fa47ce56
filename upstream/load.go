package upstream

import (
	"context"
	"time"

	"tributary/cache"
	"tributary/telemetry/story"
	"tributary/upstream/call"
)

// Load is how busy the gateway itself is. Its methods are safe for concurrent use.
type Load interface {
	call.Load

	// Background admits a refresh in the background, and the caller calls leave when it
	// ends. A refresh that is not admitted is left out.
	Background() (leave func(), ok bool)
}

// unlimited is the Load of an upstream that was given none.
type unlimited struct{ call.Unloaded }

func (unlimited) Background() (leave func(), ok bool) { return func() {}, true }

// Admission decides whether a request may ask upstreams. It is in the context of the
// request, under AdmissionKey.
type Admission interface {
	// Admit is called each time that the request needs an upstream. It returns nil, or why
	// nobody may be asked; a request that was admitted once stays admitted. ctx is that of
	// the request, or derived from it.
	Admit(ctx context.Context) *Error
}

// AdmissionKey is the key of a context's Admission. A context without one admits all.
type AdmissionKey struct{}

// ErrGatewayOverloaded is the error of a question for which no upstream may be asked,
// because the gateway itself is overloaded. It has the code of a busy upstream; only its
// Gateway member differs.
var ErrGatewayOverloaded = &Error{Code: CodeOverloaded, Detail: "not asked: the gateway itself is overloaded", Gateway: true}

// admit returns nil if the request of ctx may ask upstreams.
func admit(ctx context.Context) *Error {
	if a, ok := ctx.Value(AdmissionKey{}).(Admission); ok {
		return a.Admit(ctx)
	}
	return nil
}

// refused is the answer to a question that must not be asked: an old value where there is
// one, else the refusal.
func (s *Source[Q, A]) refused(ctx context.Context, key string, why *Error) Answer[A] {
	now, old := time.Now(), s.memory.Get(key)
	s.tell(ctx, story.Step{What: story.NotAsked, Code: string(why.Code), Text: why.Detail})
	s.tellFallback(ctx, old, why)
	a := s.staleIfError(old, why, now)
	a.Forward = forward(old, now)
	if a.State == Stale {
		s.up.counters.staleServed.Add(1)
	}
	s.answers.count(a.State)
	return a
}

// glance is the answer of Directives.Peek: what memory has, an old value included. While
// a fetch runs that will bring a value, the answer is not_cached and not a refusal.
// Nothing is counted, refreshed or asked.
func (s *Source[Q, A]) glance(key string, e *cache.Entry, now time.Time, d Directives) Answer[A] {
	switch state := s.reuse(e, now, d); {
	case state != "":
		return s.stored(e, now, state)
	case d.OnlyIfCached:
		return failure[A](errNotCached(), now)
	}
	if s.isFetching(key) {
		return failure[A](errNotCached(), now)
	}
	return s.staleIfError(e, ErrGatewayOverloaded, now)
}
