package worstday

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"
)

const (
	dayLength = 10 * time.Minute
	quietRate = 0.2 // requests a second between bursts
)

// Generate draws a day: bursts of requests at the edges of faults, and little traffic
// between. Equal seeds give equal days. fleet is three gateways that share a Redis,
// otherwise there is one without.
func Generate(seed uint64, fleet bool) Schedule {
	d := newDraw(seed, fleet, dayLength)
	d.settings()
	d.outages()
	d.quiet(quietRate)
	d.bursts()
	d.outsiders()
	d.busyTime()
	return d.done()
}

// Quiet draws hours or days with little traffic, of one gateway with the usual windows.
// Its outages are long: answers live through all their windows.
func Quiet(seed uint64, length time.Duration, rate float64) Schedule {
	d := newDraw(seed, false, length)
	for _, p := range providerNames {
		long := time.Hour + time.Duration(d.rng.Int64N(int64(length/3)))
		d.fault(p, time.Duration(d.rng.Int64N(int64(length-long))), long, d.anyFault())
	}
	d.quiet(rate)
	return d.done()
}

// draw is a schedule that is being drawn.
type draw struct {
	Schedule
	rng   *rand.Rand
	busy  map[string]time.Duration // until when a provider has its fault
	edges []time.Duration          // when something broke, or was well again
	wrote map[int]time.Duration    // until when a user is being changed
	n     int
}

func newDraw(seed uint64, fleet bool, length time.Duration) *draw {
	d := &draw{rng: rand.New(rand.NewPCG(seed, 1)), busy: map[string]time.Duration{}, wrote: map[int]time.Duration{}}
	d.Schedule = Schedule{Seed: seed, Length: length, Replicas: 1, Env: map[string]string{}}
	if fleet {
		d.Replicas, d.Redis = 3, true
	}
	// Half of the days have a full hour in the middle, when providers have new values.
	d.Begin = time.Hour - d.between(1, 20)*time.Minute
	return d
}

// between is a random whole number, as a Duration to be multiplied by a unit.
func (d *draw) between(least, most int) time.Duration {
	return time.Duration(least + d.rng.IntN(most-least+1))
}

func (d *draw) chance(percent int) bool { return d.rng.IntN(100) < percent }

func pick[T any](rng *rand.Rand, from ...T) T { return from[rng.IntN(len(from))] }

// settings are drawn so that ten minutes live through all windows of an entry.
func (d *draw) settings() {
	for _, u := range []string{"OPENMETEO", "METNO", "OPENWEATHER", "OPENMETEO_AIR"} {
		if d.chance(75) {
			d.Env[u+"_FRESH_FOR"] = fmt.Sprint(d.between(15, 60) * time.Second)
			d.Env[u+"_REVALIDATE_FOR"] = fmt.Sprint(d.between(10, 60) * time.Second)
			d.Env[u+"_STALE_FOR"] = fmt.Sprint(pick(d.rng, 3*time.Minute, 24*time.Hour))
		}
	}
	if d.chance(60) { // else breakers hardly ever see enough calls to open
		calls := fmt.Sprint(3 + d.rng.IntN(4))
		for _, u := range upstreamNames {
			d.Env[u+"_BREAKER_MIN_CALLS"] = calls
		}
	}
	if d.chance(25) {
		d.Env[pick(d.rng, "OPENWEATHER", "METNO", "GITHUB")+"_RATE_LIMIT"] = fmt.Sprintf("%d/1m", 8+d.rng.IntN(20))
	}
	if d.chance(15) {
		d.Env[pick(d.rng, "OPENWEATHER", "METNO")+"_MAX_CONCURRENT"] = fmt.Sprint(2 + d.rng.IntN(3))
	}
	d.Env["DIRECTORY_IDEMPOTENCY"] = "off"
	switch d.rng.IntN(3) {
	case 0:
		d.Env["DIRECTORY_IDEMPOTENCY"] = "on"
	case 1:
		d.IgnoresKeys = true
	}
}

var upstreamNames = []string{"OPENMETEO", "METNO", "OPENWEATHER", "GEOCODING", "DIRECTORY", "GITHUB", "OPENMETEO_AIR"}

// done sorts what was drawn, and moves what would be at the same instant apart: the order
// of two events at one instant is not the schedule's.
func (d *draw) done() Schedule {
	s := sorted(d.Schedule)
	var times []*time.Duration
	for i := range s.Events {
		times = append(times, &s.Events[i].At)
	}
	for i := range s.Requests {
		times = append(times, &s.Requests[i].At)
	}
	slices.SortStableFunc(times, func(a, b *time.Duration) int { return cmp.Compare(*a, *b) })
	last := time.Duration(0)
	for i, at := range times {
		*at = max(at.Truncate(time.Microsecond), last.Truncate(time.Microsecond)+time.Microsecond) + time.Duration(i%997+1)
		last = *at
	}
	return s
}

// sorted puts events and requests in the order of their times.
func sorted(s Schedule) Schedule {
	slices.SortStableFunc(s.Events, func(a, b Event) int { return cmp.Compare(a.At, b.At) })
	slices.SortStableFunc(s.Requests, func(a, b Request) int { return cmp.Compare(a.At, b.At) })
	return s
}
