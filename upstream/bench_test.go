package upstream_test

import (
	"context"
	"testing"

	"tributary/upstream"
	"tributary/upstream/aggregate"
)

func BenchmarkAskFresh(b *testing.B) {
	_, s := serve(b, newFake(well))
	ask(s, "a")
	b.ReportAllocs()
	for b.Loop() {
		ask(s, "a")
	}
}

func BenchmarkAskFreshParallel(b *testing.B) {
	_, s := serve(b, newFake(well))
	ask(s, "a")
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			ask(s, "a")
		}
	})
}

func BenchmarkGatherThreeFresh(b *testing.B) {
	var sources [3]source
	for n := range sources {
		_, sources[n] = serve(b, newFake(well))
		ask(sources[n], "a")
	}
	ctx := context.Background()
	b.ReportAllocs()
	for b.Loop() {
		x := aggregate.NewSlot(sources[0], "a", upstream.Directives{})
		y := aggregate.NewSlot(sources[1], "a", upstream.Directives{})
		z := aggregate.NewSlot(sources[2], "a", upstream.Directives{})
		aggregate.Gather(ctx, patience, &x, &y, &z)
	}
}

// BenchmarkFetch measures a call through the whole stack with a transport that does
// nothing: the cost of the policies, the client and the fetch.
func BenchmarkFetch(b *testing.B) {
	for name, change := range map[string]func(*config){"plain": noRetries, "hedged": hedged} {
		b.Run(name, func(b *testing.B) {
			uncached := answers(200, "fine", "Cache-Control", "no-store")
			_, s := serve(b, newFake(uncached), change)
			askMany(s, 20)
			b.ReportAllocs()
			for b.Loop() {
				ask(s, "a")
			}
		})
	}
}

func TestFreshHitAllocatesNothing(t *testing.T) {
	_, s := serve(t, newFake(well))
	ask(s, "a")
	ctx := context.Background()
	if got := testing.AllocsPerRun(1000, func() { s.Ask(ctx, "a", upstream.Directives{}) }); got != 0 {
		t.Errorf("allocations = %v, want 0", got)
	}
}
