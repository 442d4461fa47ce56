package api

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"time"

	"tributary/api/admission"
	"tributary/upstream"
	"tributary/upstream/aggregate"
)

// gatewayOverloaded is the problem of a request that was refused because the gateway has
// more to do than it can.
var gatewayOverloaded = newKind("gateway-overloaded", http.StatusServiceUnavailable, "The gateway is overloaded",
	"More requests came than this gateway can answer, so it asked no upstream for this one, to answer the others in time. Answers from memory go on. Nothing was changed: a write has the `outcome` \"not_done\". Send the request again after Retry-After, which is 1 or 2 seconds at random, so that not all come back at once.")

const overloadedDetail = "the gateway has more to do than it can, and asked no upstream for this; try again after Retry-After"

// overload is the problem of a request that was refused with these sources.
func overload(sources []aggregate.Outcome) *problem {
	p := gatewayOverloaded.with(overloadedDetail)
	p.sources, p.retryAfter = sources, retryAfterOverload()
	return p
}

// isOverloaded reports whether there is no answer because nobody may be asked.
func isOverloaded(err error) bool {
	silent, ok := errors.AsType[*aggregate.NoAnswerError](err)
	return ok && slices.ContainsFunc(silent.Sources, refusedByUs)
}

// allOverloaded reports whether no entry of a batch has an answer, because nobody may be asked:
// a batch of problems would not tell its caller to come back.
func allOverloaded(entries []entry) bool {
	return !slices.ContainsFunc(entries, func(e entry) bool { return !isOverloaded(e.err) })
}

func refusedByUs(o aggregate.Outcome) bool {
	return o.Err != nil && o.Err.Gateway || slices.ContainsFunc(o.Sources, refusedByUs)
}

// retryAfterOverload is a Retry-After at random.
func retryAfterOverload() time.Duration { return time.Duration(1+rand.IntN(2)) * time.Second }

// permit is the leave of one request to ask upstreams. It is taken when the first question
// cannot be answered from memory, and holds for all others of the request. The zero permit
// admits everything.
type permit struct {
	limiter *admission.Limiter // nil: everything is admitted
	class   admission.Class

	mu    sync.Mutex
	state permitState
	leave func() // of an admitted one
}

type permitState int

const (
	notAsked permitState = iota
	admitted
	refused
	over
)

// take admits the request, or refuses it for good. client is called only if it is asked
// for the first time.
func (p *permit) take(client func() string) *upstream.Error {
	if p.limiter == nil {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.state == notAsked {
		p.state = refused
		if leave, ok := p.limiter.Enter(p.class, client()); ok {
			p.state, p.leave = admitted, leave
		}
	}
	if p.state == admitted {
		return nil
	}
	return upstream.ErrGatewayOverloaded
}

// end gives the permit back. Nothing is admitted afterwards.
func (p *permit) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.state == admitted {
		p.leave()
	}
	if p.state != refused {
		p.state = over
	}
}

func (p *permit) wasRefused() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.state == refused
}

// Admit implements upstream.Admission.
func (f *facts) Admit(ctx context.Context) *upstream.Error {
	return f.permit.take(func() string { return clientOf(ctx) })
}

// admit gives the requests below /v1 their permits, and takes these back at the end, also
// after a panic. It comes after the limit of a client, who has to learn that it is its own.
func (s *server) admit(next http.Handler) http.Handler {
	if s.Admission == nil {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p := &factsOf(r.Context()).permit
		p.limiter = s.Admission
		defer p.end()
		next.ServeHTTP(w, r)
	})
}

// AdmissionStatus is the state of the limit on requests that ask upstreams: admitting,
// refusing, or off. The words differ from a breaker's, whose open is the bad state.
type AdmissionStatus struct {
	State    string `json:"state"`
	Limit    *int   `json:"limit,omitempty"`
	InFlight *int   `json:"in_flight,omitempty"`
}

func (s *server) admissionStatus() AdmissionStatus {
	if s.Admission == nil {
		return AdmissionStatus{State: "off"}
	}
	now := s.Admission.Status()
	a := AdmissionStatus{State: "admitting", Limit: &now.Limit, InFlight: &now.InFlight}
	if now.Closed {
		a.State = "refusing"
	}
	return a
}
