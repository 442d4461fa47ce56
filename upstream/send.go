package upstream

import (
	"context"
	"net/http"
	"time"

	"go.opentelemetry.io/otel/trace"

	"tributary/cache"
)

// Write is one request that changes something. It goes through the same
// policies as a question, but for the cache, the fallback and the hedge.
type Write[A any] struct {
	Name    string // of the source
	Route   string
	Request func(context.Context) (*http.Request, error)
	Decode  func(Response) (A, error)
	Refusal func(Response) *Error // as in Spec

	// Repeatable says that carrying it out twice is the same as once: by its
	// method, or by a key that the upstream honours. What is not repeatable is
	// tried again only when it cannot have arrived.
	Repeatable bool
}

// Send carries out a write. It goes on when ctx is canceled: a caller that
// leaves does not stop a write half-way. It ends in time for the caller to be
// answered before ctx's deadline. A failed answer says with Err.Uncertain that
// the write may have been carried out.
func Send[A any](ctx context.Context, up *Upstream, w Write[A]) Answer[A] {
	start := time.Now()
	ctx, span := up.tracer.Start(ctx, w.Name, trace.WithAttributes(sourceName.String(w.Name)))
	defer span.End()
	a := send(ctx, up, w)
	a.Asked = true
	a.Latency = time.Since(start)
	describe(span, a.Provenance)
	return a
}

func send[A any](ctx context.Context, up *Upstream, w Write[A]) Answer[A] {
	if !up.begin() {
		return Answer[A]{Provenance: Provenance{State: Failed, Err: Errorf(CodeCanceled, "the gateway is shutting down")}}
	}
	defer up.flights.Done()
	budget, ok := up.writeBudget(ctx)
	if !ok {
		return Answer[A]{Provenance: Provenance{State: Failed, Err: Errorf(CodeTimeout, "not sent: the request had no time left for it")}}
	}
	f := newFlight(nil, budget, trace.SpanContextFromContext(ctx))
	out, fault := up.run(context.WithoutCancel(ctx), up.writes, f, exchange{
		name:    w.Name,
		route:   w.Route,
		request: w.Request,
		read: func(r Response) (*outcome, *Error) {
			value, err := w.Decode(r)
			if err != nil {
				return nil, decodeError(err, r)
			}
			return &outcome{entry: &cache.Entry{Value: value}}, nil
		},
		refusal: w.Refusal,
		write:   true,
		once:    !w.Repeatable,
		asker:   asker{holdBack: &up.writeHoldBack, weight: 1},
	})
	var a Answer[A]
	a.Attempts = int(f.sent.Load())
	if fault != nil {
		fault.Uncertain = f.uncertain.Load()
		a.State, a.Err, a.Status = Failed, fault, fault.Status
		return a
	}
	a.State, a.Status = Live, out.status
	a.Value, _ = out.entry.Value.(A)
	return a
}

// writeBudget is how long a write may take, with all its attempts; ok is false
// when there is no time for even one.
func (u *Upstream) writeBudget(ctx context.Context) (budget time.Duration, ok bool) {
	deadline, limited := ctx.Deadline()
	if !limited {
		return u.flightBudget, true
	}
	left := time.Until(deadline)
	left -= min(left/20, 250*time.Millisecond) // for writing the answer
	return min(u.flightBudget, left), left > u.policies.Timeout/20
}
