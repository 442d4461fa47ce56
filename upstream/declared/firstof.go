package declared

import (
	"context"
	"time"

	"tributary/upstream"
	"tributary/upstream/aggregate"
)

// firstOf asks several sources for the same thing, one after the other, until one has
// answered. The next is asked when the one before has failed, or has not answered
// within half of the patience. What an upstream says about the thing itself, that it
// does not exist or cannot be asked for, is an answer. An old answer is served only
// when all have failed.
type firstOf struct {
	all      []alternative
	patience time.Duration
	chosen   int
	settled  bool
}

// alternative is one of the sources that are asked in turn.
type alternative struct {
	asked
	name   string
	caller bool // it is asked with the caller's own token
	done   bool
}

// answers reports whether nobody else needs to be asked.
func (a *alternative) answers() bool {
	o := a.outcome()
	switch {
	case o.State == upstream.Stale:
		return false
	case o.Useful() || o.State == upstream.Skipped:
		return true
	}
	return o.Err != nil && (o.Err.Code == upstream.CodeNotFound || o.Err.Code == upstream.CodeBadRequest)
}

// Now implements aggregate.Part.
func (f *firstOf) Now(ctx context.Context, now time.Time) (done, held bool) {
	for i := range f.all {
		a := &f.all[i]
		var old bool
		a.done, old = a.Now(ctx, now)
		held = held || old
		if !a.done {
			return false, held
		}
		if a.answers() {
			f.choose(i)
			return true, held
		}
	}
	f.choose(f.best())
	return true, held
}

// Ask implements aggregate.Part.
func (f *firstOf) Ask(ctx context.Context) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var (
		results = make(chan int, len(f.all))
		running int
		next    int
		panics  aggregate.Panics
	)
	ask := func() {
		i := next
		next++
		if f.all[i].done { // it has answered in Now, or failed there
			results <- i
		} else {
			go func() {
				defer func() { results <- i }()
				defer panics.Catch()
				if done, _ := f.all[i].Now(ctx, time.Now()); !done {
					f.all[i].Ask(ctx)
				}
			}()
		}
		running++
	}
	ask()
	slow := time.NewTimer(f.patience / 2)
	defer slow.Stop()
	winner := -1
	for running > 0 {
		select {
		case i := <-results:
			running--
			f.all[i].done = true
			switch {
			case winner >= 0:
			case f.all[i].answers():
				winner = i
				cancel() // the others are waited for no longer; their fetches go on
			case next < len(f.all) && ctx.Err() == nil:
				ask()
				slow.Reset(f.patience / 2)
			}
		case <-slow.C:
			if winner < 0 && next < len(f.all) && ctx.Err() == nil {
				ask()
				slow.Reset(f.patience / 2)
			}
		}
	}
	panics.Repanic()
	if winner < 0 {
		winner = f.best()
	}
	f.choose(winner)
}

// best is the first that has an old answer, else the first.
func (f *firstOf) best() int {
	for i := range f.all {
		if f.all[i].done && f.all[i].Useful() {
			return i
		}
	}
	return 0
}

func (f *firstOf) choose(i int) { f.chosen, f.settled = i, true }

// Useful implements aggregate.Part.
func (f *firstOf) Useful() bool { return f.settled && f.all[f.chosen].Useful() }

func (f *firstOf) outcome() aggregate.Outcome {
	o := f.all[f.chosen].outcome()
	if o.Useful() {
		o.Source = f.all[f.chosen].name
	}
	return o
}

func (f *firstOf) value() value { return f.all[f.chosen].value() }
