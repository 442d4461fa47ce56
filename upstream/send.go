package upstream

import (
	"context"
	"net/http"
	"time"

	"go.opentelemetry.io/otel/trace"

	"tributary/upstream/call"
)

// Write is one request that changes something. It has the policies of a question, but
// neither cache nor hedge.
type Write[A any] struct {
	Name    string // of the source
	Route   string
	Request func(context.Context) (*http.Request, error)
	Decode  func(Response) (A, error)
	Refusal func(Response) *Error // as in Spec

	// Repeatable means that carrying it out twice is the same as once: by its method, or
	// by a key that the upstream honours. Other writes are retried only if the upstream
	// cannot have received them.
	Repeatable bool
}

// Send carries out a write. It continues if ctx is canceled, so that a caller that leaves
// does not stop a write half-way. It ends early enough before ctx's deadline to write
// the answer. If a failed write may have been carried out, Err.Uncertain is set. A write
// that is not admitted is not sent.
func Send[A any](ctx context.Context, up *Upstream, w Write[A]) Answer[A] {
	if why := admit(ctx); why != nil {
		return failure[A](why, time.Now())
	}
	start := time.Now()
	ctx, span := up.tracer.Start(ctx, w.Name, trace.WithAttributes(sourceName.String(w.Name)))
	defer span.End()
	a := send(ctx, up, w)
	a.Forward = FwdMiss
	a.Latency = time.Since(start)
	describe(span, a.Provenance)
	return a
}

func send[A any](ctx context.Context, up *Upstream, w Write[A]) Answer[A] {
	if !up.work.begin() {
		return failure[A](Errorf(CodeCanceled, "the gateway is shutting down"), time.Now())
	}
	defer up.work.done()
	budget, ok := up.writeBudget(ctx)
	if !ok {
		return failure[A](Errorf(CodeTimeout, "not sent: the request had no time left for it"), time.Now())
	}
	endpoint := up.client.Endpoint(call.EndpointConfig{Name: w.Name, Route: w.Route, Refusal: w.Refusal, Weight: 1, Write: true})
	progress := call.NewProgress(budget)
	result, err := up.do(ctx, endpoint, call.Call{
		Request: w.Request,
		Read:    func(r Response) (any, error) { return w.Decode(r) },
		Once:    !w.Repeatable,
	}, progress)
	var a Answer[A]
	a.Attempts = progress.Sent()
	if err != nil {
		e := *err
		e.Uncertain = progress.Uncertain()
		a.State, a.Err, a.FwdStatus = Failed, &e, e.Status
		return a
	}
	a.State, a.FwdStatus = Live, result.Status
	a.Value, _ = result.Value.(A)
	return a
}

// writeBudget is how long a write may take with all its attempts; ok is false if there
// is not enough time for one.
func (u *Upstream) writeBudget(ctx context.Context) (budget time.Duration, ok bool) {
	deadline, limited := ctx.Deadline()
	if !limited {
		return u.fetchBudget, true
	}
	left := time.Until(deadline)
	left -= min(left/20, 250*time.Millisecond) // for writing the answer
	return min(u.fetchBudget, left), left > u.policies.Timeout/20
}
