package upstream

import (
	"context"
	"errors"
	"sync"
	"time"
)

// errPatience is the cause of a wait that ended because others had answered.
var errPatience = errors.New("patience is spent")

// Part is one question of a fan-out; *Slot is one.
type Part interface {
	// Now answers from memory if that can be done without waiting. held says
	// that there is an old value.
	Now(ctx context.Context, now time.Time) (done, held bool)
	// Ask waits for the answer, no longer than ctx.
	Ask(ctx context.Context)
	// Useful reports whether the answer has a value.
	Useful() bool
}

// Slot is a question to a source and the place for its answer.
type Slot[Q, A any] struct {
	Answer Answer[A]

	source *Source[Q, A]
	q      Q
	key    string
	wish   Wish
}

// Slot makes a slot; it answers when it is gathered.
func (s *Source[Q, A]) Slot(q Q, w Wish) Slot[Q, A] {
	return Slot[Q, A]{source: s, q: q, key: s.spec.Key(q), wish: w}
}

// Now implements Part.
func (p *Slot[Q, A]) Now(ctx context.Context, now time.Time) (done, held bool) {
	p.Answer, done, held = p.source.lookup(ctx, now, p.q, p.key, p.wish)
	if done {
		p.source.answers.count(p.Answer.State)
	}
	return done, held
}

// Ask implements Part.
func (p *Slot[Q, A]) Ask(ctx context.Context) {
	p.Answer = p.source.ask(ctx, p.q, p.key, p.wish)
}

// Useful implements Part.
func (p *Slot[Q, A]) Useful() bool { return p.Answer.Useful() }

// Gather asks all parts side by side and returns when each has its answer. Once
// one part has a value, or an old one to fall back on, the others are waited
// for no longer than patience from the start; ctx bounds everything. Fetches
// that are cut short go on, for whoever asks next.
func Gather(ctx context.Context, patience time.Duration, parts ...Part) {
	start := time.Now()
	var asked []Part
	arm := false
	for _, p := range parts {
		done, held := p.Now(ctx, start)
		if !done {
			asked = append(asked, p)
		}
		arm = arm || held || done && p.Useful()
	}
	if len(asked) == 0 {
		return
	}

	ctx, cut := context.WithCancelCause(ctx)
	defer cut(nil)
	startClock := sync.OnceFunc(func() {
		left := patience - time.Since(start)
		timer := time.AfterFunc(left, func() { cut(errPatience) })
		context.AfterFunc(ctx, func() { timer.Stop() })
	})
	if arm {
		startClock()
	}
	var wg sync.WaitGroup
	for _, p := range asked {
		wg.Go(func() {
			p.Ask(ctx)
			if p.Useful() {
				startClock()
			}
		})
	}
	wg.Wait()
}
