package call

import (
	"context"
	"log/slog"
	"net/http/httptrace"
	"runtime/debug"
	"sync/atomic"
	"time"

	"github.com/failsafe-go/failsafe-go"
)

// attempt is one try of a call.
type attempt struct {
	*Endpoint
	call     Call
	progress *Progress
	hedge    bool
	retries  int // scheduled before it
	start    time.Time
	by       time.Time   // its deadline
	reached  atomic.Bool // a write may have arrived; the transport's goroutines set it
}

// attempt sends one request and reads its answer. It runs inside all policies. Its
// error is always a *failure. It recovers panics, because failsafe does not and would
// never release the bulkhead's permit.
func (e *Endpoint) attempt(x failsafe.Execution[*Result], call Call, p *Progress) (result *Result, err error) {
	a := attempt{Endpoint: e, call: call, progress: p, hedge: x.IsHedge(), retries: x.Retries(), start: time.Now()}
	a.by = p.attemptDeadline(a.start, e.client.policies.Timeout, a.hedge)
	ctx, cancel := context.WithDeadline(x.Context(), a.by)
	defer cancel()

	counters := &e.client.counters
	p.running.Add(1)
	counters.inFlight.Add(1)
	var fault *failure
	defer func() {
		if panicked := recover(); panicked != nil {
			e.client.log.LogAttrs(ctx, slog.LevelError, "panic in an attempt",
				slog.String("source", e.Name), slog.Any("panic", panicked), slog.String("stack", string(debug.Stack())))
			fault = failuref(CodeInvalidResponse, "reading the answer failed on our side; the log has the reason").asFinal()
			fault.logged = true
		}
		counters.inFlight.Add(-1)
		others := p.running.Add(-1) > 0
		took := time.Since(a.start)
		if fault != nil {
			f := a.judge(ctx, fault, others)
			a.recordFailure(ctx, f, took)
			result, err = nil, f
			return
		}
		a.recordAnswer(ctx, result, took)
		if a.hedge {
			counters.hedgesWon.Add(1)
		}
		if e.client.admission.load.Starved() {
			return // we were slow, so the time says nothing about the upstream
		}
		now := a.start.Add(took)
		e.client.latency.add(took, now)
		if e.hedges(call.Weight) {
			e.latency.add(took, now)
		}
	}()

	result, fault = a.send(ctx)
	return result, nil
}

// send sends the request, and sends it once more if Again says that it must be built
// anew.
func (a *attempt) send(ctx context.Context) (*Result, *failure) {
	result, fault, again := a.sendOnce(ctx)
	if !again {
		return result, fault
	}
	if _, ok := a.client.quota.take(time.Now(), a.call.Weight, InBatch(ctx)); !ok {
		return nil, fault
	}
	result, fault, _ = a.sendOnce(ctx)
	return result, fault
}

// sendOnce sends one request, and reads and checks the whole answer before its span
// ends, so that the span has the error of an invalid answer. again means that the
// request must be built anew and sent once more; fault is the failure if that is not
// possible.
func (a *attempt) sendOnce(ctx context.Context) (result *Result, fault *failure, again bool) {
	r, err := a.call.Request(ctx)
	if err != nil {
		return nil, failuref(CodeBadRequest, "the request could not be built").asFinal(), false
	}
	a.client.sender.prepare(r)
	ctx, span := a.startSpan(ctx, r)
	defer span.End()
	if a.Write {
		ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
			GetConn:      func(string) { a.reached.Store(false) }, // the transport only repeats a request that did not arrive
			WroteHeaders: func() { a.reached.Store(true) },
		})
	}

	a.count()
	a.recordRequest(ctx, r.Method)
	begun := time.Now()
	resp, fault := a.client.sender.do(r.WithContext(ctx), a.credentials())
	took := time.Since(begun)
	if fault == nil {
		result, fault, again = a.read(r, resp)
	}
	end := ending{method: r.Method, route: a.Route, status: resp.Status}
	if fault != nil {
		end.code = fault.Code
	}
	a.client.metrics.record(ctx, a.client, end, took)
	endSpan(ctx, span, resp, fault)
	if fault == nil {
		a.accepted(resp.At)
		if a.Exhausted != nil {
			a.exhausted(resp)
		}
	}
	if !a.Write { // the answer to a write may be stored as it is; after a panic the buffer is not reused
		resp.release()
	}
	return result, fault, again
}

// count counts a request that is being sent.
func (a *attempt) count() {
	a.client.counters.calls.Add(1)
	a.progress.sent.Add(1)
	switch {
	case a.hedge:
		a.client.counters.hedges.Add(1)
	case a.retries > 0:
		a.client.counters.retries.Add(1)
	default:
		a.client.shared.budget.deposit()
	}
}

// judge sets the fields of a failure that the policies read, and counts it.
func (a *attempt) judge(ctx context.Context, fault *failure, others bool) *failure {
	now := time.Now()
	if ctx.Err() != nil && (fault.Code == CodeTimeout || fault.Code == CodeConnection || fault.Code == CodeCanceled) {
		// The breaker counts everything that is not a failure as a success. So the
		// end of a deadline must be a failure, and not look like a canceled call.
		final := fault.final
		fault = failuref(CodeCanceled, "the request was canceled")
		if !now.Before(a.by) {
			fault = failuref(CodeTimeout, "no answer within %s", a.by.Sub(a.start).Round(time.Millisecond))
		}
		fault.final = final
	}
	a.holdBackFor(fault, now)
	if fault.Code == CodeInvalidResponse && a.call.Key != "" {
		fault.uncounted = !a.progress.countsInvalid(func() bool { return a.client.invalid.first(a.Route+" "+a.call.Key, now) })
	}
	if a.reached.Load() && (fault.Unwell() || fault.Code == CodeCanceled) {
		a.progress.uncertain.Store(true) // and stays true, whatever a retry answers
	}
	fault.Uncertain = a.progress.uncertain.Load()
	fault.others = others
	ours := fault.Code == CodeTimeout && a.client.admission.load.Starved()
	fault.uncounted = fault.uncounted || ours
	policies := &a.client.policies
	fault.backoff = policies.backoff(a.retries, fault.RetryAfter)
	fault.final = fault.final || a.call.Once && fault.Uncertain || a.retries >= policies.Retries ||
		a.progress.deadline.Sub(now) < fault.backoff+policies.Timeout/20
	if fault.Code != CodeCanceled {
		a.progress.last.Store(fault)
		if fault.refusesUs() && !a.aboutCaller(fault) {
			a.client.counters.refusals.Add(1)
		}
		if !ours {
			a.client.failed(ctx, fault, now)
		}
	}
	return fault
}
