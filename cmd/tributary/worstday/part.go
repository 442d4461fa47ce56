package worstday

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"time"
)

// Part returns the part of a day in which most different things break, with its times
// counted from its start, and adds requests at a rate. What is broken when it begins breaks
// at its start, and Redis is well again at its end.
func (s Schedule) Part(length time.Duration, rate float64) Schedule {
	var starts []time.Duration
	for at := time.Duration(0); at <= s.Length-length; at += 5 * time.Second {
		starts = append(starts, at)
	}
	from := slices.MaxFunc(starts, func(a, b time.Duration) int {
		return cmp.Compare(s.kindsOfTrouble(a, a+length), s.kindsOfTrouble(b, b+length))
	})
	part := s
	part.Length, part.Events, part.Requests = length, s.eventsIn(from, from+length), nil
	next := 0
	for _, r := range s.Requests {
		next = max(next, r.Number+1)
		if from <= r.At && r.At < from+length {
			r.At -= from
			part.Requests = append(part.Requests, r)
		}
	}
	d := &draw{Schedule: part, rng: rand.New(rand.NewPCG(s.Seed, 2)), n: next}
	d.quiet(rate)
	for i, r := range d.Requests {
		if r.Leave > 0 { // streams end with the day
			d.Requests[i].Leave = min(r.Leave, max(length-r.At, time.Second))
		}
	}
	return d.done()
}

// kindsOfTrouble is how many different things break in a time. Trouble of Redis and of
// gateways is rare and counts more.
func (s Schedule) kindsOfTrouble(from, to time.Duration) (sum int) {
	kinds := map[string]int{}
	for _, e := range s.Events {
		switch {
		case e.At < from || e.At >= to:
		case e.What == "redis":
			kinds[e.What+e.Who] = 4
		case e.What == "crash", e.What == "restart":
			kinds[e.What] = 4
		case e.What != "heal":
			kinds[e.What+e.Args] = 1
		}
	}
	for _, n := range kinds {
		sum += n
	}
	return sum
}

// eventsIn are the events of a part of the day, and those before it that still last.
func (s Schedule) eventsIn(from, to time.Duration) (events []Event) {
	last := map[string]Event{} // of a provider and of Redis, before the part
	for _, e := range s.Events {
		who := e.Who
		if e.What == "redis" {
			who = "redis"
		}
		switch {
		case e.At >= to, e.What == "busy", e.What == "free": // real programs say themselves how long they wait
		case e.At >= from:
			e.At -= from
			events = append(events, e)
		case e.What == "fault", e.What == "heal", e.What == "redis":
			last[who] = e
		}
	}
	for _, e := range last {
		if e.What == "fault" || e.What == "redis" && e.Who != "back" && e.Who != "rejoin" && e.Who != "flush" {
			e.At = 0
			events = append(events, e)
		}
	}
	back := Event{At: to - from - 500*time.Millisecond, What: "redis", Who: "back"}
	if s.Redis {
		events = append(slices.DeleteFunc(events, func(e Event) bool { return e.What == "redis" && e.At >= back.At }), back)
	}
	slices.SortStableFunc(events, func(a, b Event) int { return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(a.Who, b.Who)) })
	return events
}
