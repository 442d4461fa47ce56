package upstream

import (
	"context"
	"math"
	"slices"
	"sync"

	"tributary/upstream/call"
)

// ask asks the upstream for fetches with one call, and ends those that it has answered.
// If some of the questions make the call fail for the others, these are asked again:
//   - in the first round, if the answer shows which question it was, all others together
//     in one call;
//   - otherwise in calls of the square root of their number;
//   - those that fail again in such calls, each alone.
//
// So 50 questions, one of which is refused, take 16 calls.
func (b *Batch[Q, A]) ask(ctx context.Context, p *call.Progress, fetches []carried[Q], background bool, round int) {
	answered, spoilt, spoiler := b.call(ctx, p, fetches, background)
	b.finish(ctx, answered)
	var parts [][]carried[Q]
	for _, c := range spoiler {
		parts = append(parts, []carried[Q]{c})
	}
	var size int
	switch {
	case len(spoiler) > 0 && round == 0:
		size, round = len(spoilt), 1
	case round < 2:
		size, round = int(math.Sqrt(float64(len(spoilt)))), 2
	default:
		size = 1
	}
	if len(spoilt) > 0 {
		parts = slices.AppendSeq(parts, slices.Chunk(spoilt, size))
	}

	var all sync.WaitGroup
	for _, part := range parts {
		next := p.Next()
		for _, c := range part {
			c.f.progress.Store(next)
		}
		all.Go(func() { b.ask(ctx, next, part, background, round) })
	}
	all.Wait()
}
