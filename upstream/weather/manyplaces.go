package weather

import (
	"context"

	"tributary/upstream/aggregate"
)

// Answer is what Ask returns for one of many places.
type Answer struct {
	Data    aggregate.Encoded
	Sources []aggregate.Outcome
	Err     error // an *aggregate.NoAnswerError when no provider has a report
}

// AskMany answers a query for many places at once, in their order; its own place is not
// used. An error is about all of them.
type AskMany = func(ctx context.Context, q Query, places []Place) ([]Answer, error)

// AskMany is Ask for many places. Places with the same coordinates are asked about once,
// and have the same answer.
func (a *AtPlace[R, M]) AskMany(ctx context.Context, q Query, places []Place) ([]Answer, error) {
	if len(a.Merger.Providers) == 0 {
		return nil, a.NoProvider
	}
	var (
		distinct []Place
		keys     []string
		number   = make(map[string]int, len(places)) // of a distinct place, by its key
	)
	for _, p := range places {
		key := p.AnswerKey()
		if _, ok := number[key]; !ok {
			number[key] = len(distinct)
			distinct, keys = append(distinct, p), append(keys, a.key(p))
		}
	}
	each := make([]Answer, len(distinct))
	for i, m := range a.Merger.AskMany(ctx, distinct, keys, q.Directives) {
		each[i].Data, each[i].Sources, each[i].Err = a.answer(distinct[i], q, m.Merged, m.Outcomes)
	}
	answers := make([]Answer, len(places))
	for i, p := range places {
		answers[i] = each[number[p.AnswerKey()]]
	}
	return answers, nil
}
