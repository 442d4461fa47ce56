package upstream

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptrace"
	"runtime/debug"
	"sync/atomic"
	"time"

	"github.com/failsafe-go/failsafe-go"
)

// exchange is what the attempts of one fetch send, and how they read the
// answer.
type exchange struct {
	name    string // of the source, for the log
	route   string
	key     string // "" for writes
	request func(context.Context) (*http.Request, error)
	read    func(Response) (*outcome, *Error)
	refusal func(Response) *Error // what a status without a value means; nil: by HTTP
	again   func(Response) bool   // the request is to be built anew and sent once more
	spent   func(Response) time.Duration
	private bool       // its URL is not shown
	write   bool       // it changes something
	once    bool       // and is not repeated when it may have been carried out
	latency *latencies // nil: nobody hedges by it

	asker
	forbidden  Scope         // what a 403 is about
	limitPause time.Duration // after a 429 that names no time; 0: the longest retry delay
}

// attempt sends one request and makes an outcome of its answer. It runs inside
// every policy; its error is always an *Error that says what the policies need
// to know. It recovers its own panics: failsafe has no recover, and would never
// give the permit back.
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
			fault = Errorf(CodeInvalidResponse, "reading the answer failed on our side; the log has the reason")
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

// send sends the request, and a second time where the answer calls for another
// request.
func (a *attempt) send(ctx context.Context) (*outcome, *Error) {
	out, fault, again := a.sendOnce(ctx)
	if !again {
		return out, fault
	}
	if _, ok := a.up.quota.take(time.Now(), a.weight); !ok {
		return nil, fault
	}
	out, fault, _ = a.sendOnce(ctx)
	return out, fault
}

// sendOnce sends one request, and reads and checks the whole answer while its
// span is open: an answer that is not valid is seen on the span. again says
// that the request is to be built anew and sent once more; fault is then the
// error if it cannot be.
func (a *attempt) sendOnce(ctx context.Context) (out *outcome, fault *Error, again bool) {
	r, err := a.request(ctx)
	if err != nil {
		return nil, Errorf(CodeBadRequest, "the request could not be built").asFinal(), false
	}
	a.up.client.prepare(r)
	ctx, span := a.up.startAttempt(ctx, r, a)
	defer span.End()
	if a.write {
		ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
			GetConn:      func(string) { a.reached.Store(false) }, // the transport repeats only what did not arrive
			WroteHeaders: func() { a.reached.Store(true) },
		})
	}

	a.up.calls.Add(1)
	a.flight.sent.Add(1)
	switch {
	case a.hedge:
		a.up.hedges.Add(1)
	case a.retries > 0:
		a.up.retries.Add(1)
	default:
		a.up.repetitions.deposit()
	}
	conditional := r.Header.Get("If-None-Match") != "" || r.Header.Get("If-Modified-Since") != ""
	begun := time.Now()
	resp, fault := a.up.client.do(r.WithContext(ctx))
	took := time.Since(begun)
	if fault == nil {
		fault, again = a.judgeStatus(resp, conditional)
	}
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
		return nil, fault, again
	}
	out.status = resp.Status
	a.accepted(resp.At)
	if a.spent != nil {
		a.up.admission.holdBack.forTime(resp.At, a.spent(resp), CodeRateLimited)
	}
	return out, nil, false
}

// judgeStatus is the error of an answer without a value, nil for one with a
// value. again says that another request may get one.
func (a *attempt) judgeStatus(r Response, conditional bool) (fault *Error, again bool) {
	if r.Status >= 200 && r.Status < 300 {
		return nil, false
	}
	if r.Status == http.StatusNotModified && conditional {
		if confirms(a.flight.old.Load(), r.Header) {
			return nil, false
		}
		again = a.flight.unconditional.CompareAndSwap(false, true)
		return Errorf(CodeInvalidResponse, "a 304 with another validator than we asked with").asFinal(), again
	}
	fault = a.up.client.statusError(r, !a.private && !a.write)
	if r.Status < 400 {
		return fault, false
	}
	if a.refusal != nil {
		if e := a.refusal(r); e != nil {
			c := *e
			c.Status = r.Status
			fault = &c
		}
	}
	return fault, a.again != nil && a.again(r)
}

// judge completes a failure with what the policies go by, and counts it.
func (a *attempt) judge(ctx context.Context, fault *Error, others bool) *Error {
	e := *fault // providers may hand out the same one twice
	now := time.Now()
	if ctx.Err() != nil && (e.Code == CodeTimeout || e.Code == CodeConnection || e.Code == CodeCanceled) {
		// The breaker takes what is not a failure for a success: a deadline
		// that has passed must not look like a call that was canceled.
		e = *Errorf(CodeCanceled, "the request was canceled")
		if !now.Before(a.by) {
			e = *Errorf(CodeTimeout, "no answer within %s", a.by.Sub(a.start).Round(time.Millisecond))
		}
	}
	a.holdBackFor(&e, now)
	if e.Code == CodeInvalidResponse && a.key != "" {
		e.uncounted = !a.flight.countsInvalid(func() bool { return a.up.invalid.first(a.route+" "+a.key, now) })
	}
	if a.reached.Load() && (e.Unwell() || e.Code == CodeCanceled) {
		a.flight.uncertain.Store(true) // and stays so, whatever a repetition answers
	}
	e.Uncertain = a.flight.uncertain.Load()
	e.others = others
	e.backoff = a.up.policies.backoff(a.retries, &e)
	e.final = e.final || a.once && e.Uncertain || a.retries >= a.up.policies.Retries || a.flight.deadline.Sub(now) < e.backoff+a.up.policies.Timeout/20
	if e.Code != CodeCanceled {
		a.flight.last.Store(&e)
		a.up.failed(ctx, &e, now)
	}
	return &e
}

// holdBackFor holds back the source, or the whole upstream, after a refusal
// that will not be different for the next request.
func (a *attempt) holdBackFor(e *Error, now time.Time) {
	upstream := &a.up.admission.holdBack
	switch {
	case e.Code == CodeUnauthorized:
		a.asker.holdBack.doubling(now, refusedFor, refusedMost, e.Code)
		if a.up.refused.add(a.asker.holdBack) > 1 { // it is not about one source
			upstream.doubling(now, refusedFor, refusedMost, e.Code)
		}
	case e.Code == CodeForbidden && e.Status != http.StatusUnavailableForLegalReasons && a.forbidden == ThisUpstream:
		upstream.doubling(now, refusedFor, refusedMost, e.Code)
	case e.Code == CodeForbidden && e.Status != http.StatusUnavailableForLegalReasons && a.forbidden == ThisSource:
		a.asker.holdBack.doubling(now, refusedFor, refusedMost, e.Code)
	case e.RetryAfter > 0:
		upstream.forTime(now, e.RetryAfter, e.Code)
	case e.Code == CodeRateLimited && a.limitPause > 0:
		upstream.doubling(now, a.limitPause, limitedMost, e.Code)
	case e.Code == CodeRateLimited:
		upstream.forTime(now, a.up.policies.RetryMaxDelay, e.Code)
	case e.Code == CodeNotFound, e.Code == CodeNoData:
		a.accepted(now)
	}
}

// accepted ends a row of refusals, of the source and of the upstream.
func (a *attempt) accepted(now time.Time) {
	a.up.admission.holdBack.accepted(now)
	a.asker.holdBack.accepted(now)
	a.up.refused.clear()
}
