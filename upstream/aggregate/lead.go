package aggregate

import (
	"context"
	"time"
)

// Lead is a fan-out about one thing, which the leader knows: without the
// leader's answer there is nothing to tell. The parts beside it are asked with
// it; those after it need its answer to know their question, and have their
// patience from then on. Only the leader starts the patience clock, with its
// answer or with an old one that it holds, and when it has no value the others
// are not waited for.
func Lead(ctx context.Context, patience time.Duration, leader Part, beside, after []Part) {
	nodes := make([]Node, 0, 1+len(beside)+len(after))
	nodes = append(nodes, Node{Part: leader, Required: true})
	for _, p := range beside {
		nodes = append(nodes, Node{Part: p})
	}
	for _, p := range after {
		nodes = append(nodes, Node{Part: p, After: []int{0}})
	}
	Graph(ctx, patience, nodes...)
}
