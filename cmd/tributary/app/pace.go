package app

import (
	"math"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"strconv"
	"sync/atomic"
)

// greatestSpare is how much the heap may grow between two collections however small it is,
// in bytes.
const greatestSpare = 16 << 20

// configured is GOGC before it was raised; 0 while collections are not paced.
var configured atomic.Int64

// PaceCollections makes Go collect a small heap less often, until stop is called. With GOGC
// alone a gateway that remembers little would collect tens of times a second under load, as
// each collection leaves a few MB, and two or three times of those are soon allocated. So
// after each collection GOGC is set anew: the heap may grow by 16 MiB, or by an eighth of
// GOMEMLIMIT if that is less, and by GOGC's part of what lives if that is more: a full cache
// takes no more memory than without this. If the environment has GOGC, it does nothing.
func PaceCollections(getenv func(string) string) (stop func()) {
	gogc, _ := collector()
	least, err := strconv.Atoi(gogc) // it may be "off"
	if err != nil || getenv("GOGC") != "" {
		return func() {}
	}
	return pace(uint64(min(greatestSpare, debug.SetMemoryLimit(-1)/8)), least)
}

// pace lets the heap grow by spare bytes between two collections, and by least percent of
// what lives if that is more.
func pace(spare uint64, least int) (stop func()) {
	configured.Store(int64(least))
	current := least
	var collected func(struct{})
	// Nothing refers to the new object, so its cleanup runs after the next collection.
	await := func() { runtime.AddCleanup(new(*byte), collected, struct{}{}) }
	collected = func(struct{}) {
		if configured.Load() == 0 {
			debug.SetGCPercent(least)
			return
		}
		percent := min(max(least, int(100*spare/max(1, scanned()))), math.MaxInt32)
		if change := percent - current; change > current/10 || -change > current/10 { // setting it stops all goroutines for a moment
			debug.SetGCPercent(percent)
			current = percent
		}
		await()
	}
	await()
	return func() { configured.Store(0) }
}

// scanned is what GOGC is a percentage of: what the last collection found alive, stacks, and
// global variables, in bytes.
func scanned() (all uint64) {
	parts := []metrics.Sample{{Name: "/gc/heap/live:bytes"}, {Name: "/gc/scan/stack:bytes"}, {Name: "/gc/scan/globals:bytes"}}
	metrics.Read(parts)
	for _, p := range parts {
		all += p.Value.Uint64()
	}
	return all
}
