package upstream

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptrace"
	"runtime/debug"
	"strings"
	"sync/atomic"
	"time"

	"github.com/failsafe-go/failsafe-go"

	"tributary/cache"
)

// exchange is what the attempts of one flight send, and what they make of the
// answer.
type exchange struct {
	name    string // of the source, for the log
	route   string
	request func(context.Context) (*http.Request, error)
	read    func(Response) (*outcome, *Error)
	refusal func(Response) *Error // what a status without a value means; nil: by HTTP
	spent   func(Response) time.Duration
	private bool       // its URL is not shown
	write   bool       // it changes something
	once    bool       // and is not repeated when it may have been carried out
	latency *latencies // nil: nobody hedges by it
}

// attempt sends one request and makes an outcome of its answer. It runs inside
// every policy; its error is always an *Error that says what the policies need
// to know. It recovers its own panics: failsafe has no recover, and a permit
// that leaks is gone for ever.
func (u *Upstream) attempt(x failsafe.Execution[*outcome], f *flight, what exchange) (out *outcome, err error) {
	a := attempt{up: u, flight: f, exchange: what, hedge: x.IsHedge(), retries: x.Retries(), start: time.Now()}
	a.by = f.attemptDeadline(a.start, u.policies.Timeout, a.hedge)
	ctx, cancel := context.WithDeadline(x.Context(), a.by)
	defer cancel()

	f.running.Add(1)
	u.inFlight.Add(1)
	var fault *Error
	defer func() {
		if p := recover(); p != nil {
			u.log.LogAttrs(ctx, slog.LevelError, "panic in an attempt",
				slog.String("source", what.name), slog.Any("panic", p), slog.String("stack", string(debug.Stack())))
			fault = Errorf(CodeInvalidResponse, "the answer could not be dealt with")
			fault.final, fault.logged = true, true
		}
		u.inFlight.Add(-1)
		others := f.running.Add(-1) > 0
		if fault != nil {
			out, err = nil, a.judge(ctx, fault, others)
			return
		}
		if a.hedge {
			u.hedgesWon.Add(1)
		}
		took := time.Since(a.start)
		u.latency.add(took)
		if what.latency != nil {
			what.latency.add(took)
		}
	}()

	out, fault = a.send(ctx)
	return out, nil
}

// attempt is what one try knows of itself.
type attempt struct {
	exchange
	up      *Upstream
	flight  *flight
	hedge   bool
	retries int // scheduled before it
	start   time.Time
	by      time.Time   // when it has to end
	reached atomic.Bool // it is a write, and may have arrived; the transport says so from goroutines of its own
}

// send sends the request, and makes an outcome of the whole answer: one that
// cannot be believed is seen on the request's span.
func (a *attempt) send(ctx context.Context) (*outcome, *Error) {
	r, err := a.request(ctx)
	if err != nil {
		e := Errorf(CodeBadRequest, "the question could not be put into a request")
		e.final = true
		return nil, e
	}
	a.up.client.prepare(r)
	ctx, span := a.up.startAttempt(ctx, r, a)
	defer span.End()
	if a.write {
		ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
			GetConn:      func(string) { a.reached.Store(false) }, // the transport tries anew only what did not arrive
			WroteHeaders: func() { a.reached.Store(true) },
		})
	}

	a.up.calls.Add(1)
	a.flight.sent.Add(1)
	if a.up.quota != nil {
		a.up.quota.spend(a.start)
	}
	switch {
	case a.hedge:
		a.up.hedges.Add(1)
	case a.retries > 0:
		a.up.retries.Add(1)
	default:
		a.up.repetitions.deposit()
	}
	begun := time.Now()
	resp, fault := a.up.client.do(r.WithContext(ctx))
	took := time.Since(begun)
	if fault == nil {
		fault = a.refused(resp)
	}
	var out *outcome
	if fault == nil {
		out, fault = a.read(resp)
	}
	end := ending{method: r.Method, route: a.route, status: resp.Status}
	if fault != nil {
		end.code = fault.Code
	}
	a.up.meters.sent(ctx, a.up, end, took)
	endAttempt(ctx, span, resp, fault)
	if fault != nil {
		return nil, fault
	}
	out.status = resp.Status
	if a.spent != nil {
		a.up.gate.holdBack(resp.At, a.spent(resp), CodeRateLimited)
	}
	return out, nil
}

// refused is what an answer without a value means, nil for one with a value.
func (a *attempt) refused(r Response) *Error {
	if r.Status >= 200 && r.Status < 300 {
		return nil
	}
	if r.Status == http.StatusNotModified && a.flight.conditional.Load() {
		return nil
	}
	if r.Status >= 400 && a.refusal != nil {
		if e := a.refusal(r); e != nil {
			c := *e
			c.Status = r.Status
			return &c
		}
	}
	return statusError(r)
}

// judge completes a failure with what the policies go by, and counts it.
func (a *attempt) judge(ctx context.Context, fault *Error, others bool) *Error {
	e := *fault // providers may hand out the same one twice
	now := time.Now()
	if ctx.Err() != nil && (e.Code == CodeTimeout || e.Code == CodeConnection || e.Code == CodeCanceled) {
		// The breaker takes what is not a failure for a success: a spent
		// deadline must not look like somebody's change of mind.
		e = *Errorf(CodeCanceled, "no longer wanted")
		if !now.Before(a.by) {
			e = *Errorf(CodeTimeout, "no answer within %s", a.by.Sub(a.start).Round(time.Millisecond))
		}
	}
	if e.Code == CodeRateLimited || e.RetryAfter > 0 {
		wait := e.RetryAfter
		if wait == 0 {
			wait = a.up.policies.RetryMaxDelay
		}
		a.up.gate.holdBack(now, wait, e.Code)
	}
	if a.reached.Load() && (e.Unwell() || e.Code == CodeCanceled) {
		a.flight.uncertain.Store(true) // and stays so, whatever comes of a repetition
	}
	e.Uncertain = a.flight.uncertain.Load()
	e.others = others
	e.backoff = a.up.policies.backoff(a.retries, &e)
	e.final = e.final || fault.final || a.once && e.Uncertain || a.retries >= a.up.policies.Retries || a.flight.deadline.Sub(now) < e.backoff+a.up.policies.Timeout/20
	if e.Code != CodeCanceled {
		a.flight.last.Store(&e)
		a.up.failed(ctx, &e, now)
	}
	return &e
}

// exchange is what the source's flights send for q.
func (s *Source[Q, A]) exchange(f *flight, q Q) exchange {
	return exchange{
		name:  s.spec.Name,
		route: s.spec.Route,
		request: func(ctx context.Context) (*http.Request, error) {
			r, err := s.spec.Request(ctx, q)
			if err == nil {
				s.validators(f, r)
			}
			return r, err
		},
		read: func(r Response) (*outcome, *Error) {
			e, fault := s.entry(f, r)
			if fault == nil {
				fault = s.check(q, e, r)
			}
			return &outcome{entry: e}, fault
		},
		refusal: s.spec.Refusal,
		spent:   s.spec.Spent,
		private: s.spec.Private,
		latency: s.latency,
	}
}

// check is the fault of an answer about something else than q.
func (s *Source[Q, A]) check(q Q, e *cache.Entry, r Response) *Error {
	if s.spec.Check == nil {
		return nil
	}
	err := s.spec.Check(q, e.Value.(A))
	if err == nil {
		return nil
	}
	fault := decodeError(err, r)
	fault.final = true // it would be the same the next time
	return fault
}

// validators asks for nothing but a confirmation of what memory has, where
// that would do (RFC 9110 §13.1).
func (s *Source[Q, A]) validators(f *flight, r *http.Request) {
	if !s.confirmable(f) {
		return
	}
	f.conditional.Store(true)
	old := f.old.Load()
	if old.ETag != "" {
		r.Header.Set("If-None-Match", old.ETag)
	}
	if old.LastModified != "" {
		r.Header.Set("If-Modified-Since", old.LastModified)
	}
}

func (s *Source[Q, A]) confirmable(f *flight) bool {
	old := f.old.Load()
	if old == nil || old.Err != nil || old.ETag == "" && old.LastModified == "" {
		return false
	}
	return s.spec.Renewable == nil || s.spec.Renewable(old.Value.(A), time.Now())
}

// entry is what memory keeps of an answer: a new value, or the old one
// confirmed by a 304.
func (s *Source[Q, A]) entry(f *flight, r Response) (*cache.Entry, *Error) {
	e := &cache.Entry{}
	if r.Status == http.StatusNotModified {
		*e = *f.old.Load()
		e.QuietUntil, e.Why = time.Time{}, nil
	} else {
		value, err := s.spec.Decode(r)
		if err != nil {
			return nil, decodeError(err, r)
		}
		e.Value, e.Size, e.Version = value, len(r.Body), s.up.store.NextVersion()
	}
	if v := r.Header.Get("ETag"); v != "" {
		e.ETag = v
	}
	if v := r.Header.Get("Last-Modified"); v != "" {
		e.LastModified = v
	}
	e.StoredAt = r.At
	life, store := lifetime(r.Header, r.At, s.spec.ObeyExpires)
	if !store {
		e.Spans = cache.Spans{} // gone at once
		return e, nil
	}
	e.Spans = s.up.lifetimes.Spans(r.At, life)
	if life.Given {
		e.ProviderUntil = r.At.Add(life.For)
	}
	return e, nil
}

// decodeError lets a provider's own verdict through; anything else means that
// the answer cannot be believed.
func decodeError(err error, r Response) *Error {
	var e *Error
	if errors.As(err, &e) {
		c := *e
		c.Status = r.Status
		return &c
	}
	const most = 200 // of somebody else's words
	detail := err.Error()
	if len(detail) > most {
		detail = detail[:most]
	}
	// One broken character would cost the exporter a whole batch of spans.
	return &Error{Code: CodeInvalidResponse, Status: r.Status, Detail: strings.ToValidUTF8(detail, "")}
}
