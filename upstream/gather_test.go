package upstream_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"tributary/upstream"
	"tributary/upstream/aggregate"
)

const patience = 800 * time.Millisecond

// trio is three upstreams with one source each.
type trio struct {
	fakes   [3]*fake
	sources [3]source
}

func newTrio(t *testing.T, bs ...behaviour) *trio {
	t.Helper()
	o := &trio{}
	for n := range o.sources {
		o.fakes[n] = newFake(well)
		_, o.sources[n] = serve(t, o.fakes[n])
	}
	o.behave(bs...)
	return o
}

func (o *trio) behave(bs ...behaviour) {
	for n, b := range bs {
		o.fakes[n].Now(b)
	}
}

// gather asks all three the same question.
func (o *trio) gather(ctx context.Context) (got [3]answer, elapsed time.Duration) {
	var slots [3]aggregate.Slot[string, string]
	for n, s := range o.sources {
		slots[n] = aggregate.NewSlot(s, "a", upstream.Directives{})
	}
	elapsed = took(func() { aggregate.Gather(ctx, patience, &slots[0], &slots[1], &slots[2]) })
	for n := range slots {
		got[n] = slots[n].Answer
	}
	return got, elapsed
}

func TestGather(t *testing.T) {
	ctx := context.Background()
	soon := func(value string) behaviour { return after(100*time.Millisecond, answers(200, value)) }

	it(t, "asks all sources in parallel and keeps their order", func(t *testing.T) {
		o := newTrio(t, after(300*time.Millisecond, answers(200, "1")), soon("2"), after(200*time.Millisecond, answers(200, "3")))
		got, elapsed := o.gather(ctx)
		wantTook(t, elapsed, 300*time.Millisecond)
		for n, value := range []string{"1", "2", "3"} {
			if got[n].State != upstream.Live || got[n].Value != value {
				t.Errorf("slot %d = %s %q, want live %q", n, got[n].State, got[n].Value, value)
			}
		}
	})
	it(t, "waits for a hanging source no longer than patience, from the start", func(t *testing.T) {
		o := newTrio(t, soon("1"), hangs, soon("3"))
		got, elapsed := o.gather(ctx)
		wantTook(t, elapsed, patience)
		want(t, got[0], upstream.Live, "")
		want(t, got[1], upstream.Failed, upstream.CodeTimeout)
		want(t, got[2], upstream.Live, "")
	})
	it(t, "waits until the deadline when all hang and nothing is cached", func(t *testing.T) {
		o := newTrio(t, hangs, hangs, hangs)
		ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
		defer cancel()
		got, elapsed := o.gather(ctx)
		wantTook(t, elapsed, 3*time.Second)
		for n := range got {
			want(t, got[n], upstream.Failed, upstream.CodeTimeout)
		}
	})
	it(t, "serves stale values after patience when all hang", func(t *testing.T) {
		o := newTrio(t)
		o.gather(ctx)
		time.Sleep(time.Hour)
		o.behave(hangs, hangs, hangs)
		got, elapsed := o.gather(ctx)
		wantTook(t, elapsed, patience)
		for n := range got {
			want(t, got[n], upstream.Stale, upstream.CodeTimeout)
			if got[n].Value != "fine" {
				t.Errorf("slot %d = %q, want the old value", n, got[n].Value)
			}
		}
	})
	it(t, "ends with the first answer that comes after patience", func(t *testing.T) {
		o := newTrio(t, hangs, after(time.Second, well), hangs)
		got, elapsed := o.gather(ctx)
		wantTook(t, elapsed, time.Second)
		want(t, got[0], upstream.Failed, upstream.CodeTimeout)
		want(t, got[1], upstream.Live, "")
		want(t, got[2], upstream.Failed, upstream.CodeTimeout)
	})
	it(t, "keeps waiting while other sources only fail", func(t *testing.T) {
		o := newTrio(t, answers(404, ""), answers(400, ""), after(1500*time.Millisecond, well))
		got, elapsed := o.gather(ctx)
		wantTook(t, elapsed, 1500*time.Millisecond)
		want(t, got[0], upstream.Skipped, upstream.CodeNotFound)
		want(t, got[1], upstream.Failed, upstream.CodeBadRequest)
		want(t, got[2], upstream.Live, "")
	})
	it(t, "counts a fresh cache entry as an answer", func(t *testing.T) {
		o := newTrio(t)
		ask(o.sources[0], "a")
		o.behave(well, hangs, hangs)
		got, elapsed := o.gather(ctx)
		wantTook(t, elapsed, patience)
		want(t, got[0], upstream.Cached, "")
		want(t, got[1], upstream.Failed, upstream.CodeTimeout)
	})
	it(t, "does not count a cached 404 as an answer", func(t *testing.T) {
		o := newTrio(t, answers(404, ""))
		ask(o.sources[0], "a")
		o.behave(well, after(time.Second, well), answers(400, ""))
		got, elapsed := o.gather(ctx)
		wantTook(t, elapsed, time.Second)
		want(t, got[0], upstream.Skipped, upstream.CodeNotFound)
		want(t, got[1], upstream.Live, "")
	})
	it(t, "takes no time when all is fresh", func(t *testing.T) {
		o := newTrio(t)
		o.gather(ctx)
		got, elapsed := o.gather(ctx)
		wantTook(t, elapsed, 0)
		for n := range got {
			want(t, got[n], upstream.Cached, "")
			wantSent(t, o.fakes[n], 1)
		}
	})
	it(t, "takes no time in the stale-while-revalidate window", func(t *testing.T) {
		o := newTrio(t)
		o.gather(ctx)
		time.Sleep(12 * time.Minute)
		o.behave(hangs, hangs, hangs)
		got, elapsed := o.gather(ctx)
		wantTook(t, elapsed, 0)
		for n := range got {
			want(t, got[n], upstream.Revalidating, "")
		}
	})
	it(t, "caches late answers for the next request", func(t *testing.T) {
		o := newTrio(t, soon("1"), after(1900*time.Millisecond, answers(200, "2")), soon("3"))
		got, _ := o.gather(ctx)
		want(t, got[1], upstream.Failed, upstream.CodeTimeout)
		time.Sleep(1200 * time.Millisecond)
		got, _ = o.gather(ctx)
		want(t, got[1], upstream.Cached, "")
		wantSent(t, o.fakes[1], 1)
	})
	it(t, "ends as soon as all have answered", func(t *testing.T) {
		o := newTrio(t, soon("1"), soon("2"), soon("3"))
		_, elapsed := o.gather(ctx)
		wantTook(t, elapsed, 100*time.Millisecond)
	})
	it(t, "does nothing without sources", func(t *testing.T) {
		wantTook(t, took(func() { aggregate.Gather(ctx, patience) }), 0)
	})
}

func TestGatherCauses(t *testing.T) {
	late := errors.New("the server is going down")
	for name, tt := range map[string]struct {
		ctx  func(context.Context) (context.Context, func())
		code upstream.Code
	}{
		"is a time-out when the caller's deadline passes": {func(ctx context.Context) (context.Context, func()) {
			ctx, cancel := context.WithTimeout(ctx, 300*time.Millisecond)
			return ctx, cancel
		}, upstream.CodeTimeout},
		"is a time-out when the caller's deadline passes with its own cause": {func(ctx context.Context) (context.Context, func()) {
			ctx, cancel := context.WithTimeoutCause(ctx, 300*time.Millisecond, late)
			return ctx, cancel
		}, upstream.CodeTimeout},
		"is a cancellation when the caller disconnects": {func(ctx context.Context) (context.Context, func()) {
			ctx, cancel := context.WithCancel(ctx)
			time.AfterFunc(300*time.Millisecond, cancel)
			return ctx, cancel
		}, upstream.CodeCanceled},
	} {
		it(t, name, func(t *testing.T) {
			o := newTrio(t, hangs, hangs, hangs)
			ctx, cancel := tt.ctx(context.Background())
			defer cancel()
			got, elapsed := o.gather(ctx)
			wantTook(t, elapsed, 300*time.Millisecond)
			for n := range got {
				want(t, got[n], upstream.Failed, tt.code)
			}
		})
	}
}
