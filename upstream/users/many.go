package users

import (
	"context"
	"time"

	"tributary/upstream"
	"tributary/upstream/aggregate"
)

// Answer is what User returns for one of many users.
type Answer struct {
	Profile Profile
	Sources []aggregate.Outcome
	Err     error
}

// Users returns many users at once, in the order of their ids and without other parts.
// An id that stands there twice is asked once.
func (s *Service) Users(ctx context.Context, ids []int64, d upstream.Directives) []Answer {
	ctx = upstream.AsBatch(ctx, time.Now().Add(s.Patience))
	var distinct []int64
	number := make(map[int64]int, len(ids)) // of a distinct id
	for _, id := range ids {
		if _, ok := number[id]; !ok {
			number[id] = len(distinct)
			distinct = append(distinct, id)
		}
	}
	each := make([]Answer, len(distinct))
	aggregate.SideBySide(len(distinct), func(i int) {
		each[i].Profile, each[i].Sources, each[i].Err = s.User(ctx, distinct[i], Include{}, d)
	})
	answers := make([]Answer, len(ids))
	for i, id := range ids {
		answers[i] = each[number[id]]
	}
	return answers
}
