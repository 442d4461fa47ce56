package worstday

import "time"

// shrinkSteps bounds the days that are lived to find a shorter one.
const shrinkSteps = 60

// Shrink shortens a day that breaks an invariant: it drops faults, then requests, and then
// what is left of the day after both. breaks must report whether a day still breaks it.
func Shrink(s Schedule, breaks func(Schedule) bool) Schedule {
	left := shrinkSteps
	still := func(s Schedule) bool {
		left--
		return left >= 0 && breaks(s)
	}
	troubles := drop(troublesOf(s.Events), func(kept [][]Event) bool { return still(s.with(kept)) })
	s = s.with(troubles)
	s.Requests = drop(s.Requests, func(kept []Request) bool {
		shorter := s
		shorter.Requests = kept
		return still(shorter)
	})
	if shorter := s; len(s.Requests) > 0 {
		shorter.Length = s.Requests[len(s.Requests)-1].At + time.Second
		for _, e := range s.Events {
			shorter.Length = max(shorter.Length, e.At+time.Second)
		}
		if still(shorter) {
			s = shorter
		}
	}
	return s
}

// drop leaves out as many items as it can, first many at once.
func drop[T any](items []T, breaks func([]T) bool) []T {
	for size := (len(items) + 1) / 2; size > 0; size /= 2 {
		for at := 0; at < len(items); {
			kept := append(append([]T{}, items[:at]...), items[min(at+size, len(items)):]...)
			if breaks(kept) {
				items = kept
			} else {
				at += size
			}
		}
	}
	return items
}

// troublesOf groups events: what breaks, and what makes it well again.
func troublesOf(events []Event) (groups [][]Event) {
	open := map[string]int{} // the group that is not ended, by what is broken
	for _, e := range events {
		ends := e.What == "heal" || e.What == "free" || e.What == "redis" && (e.Who == "back" || e.Who == "rejoin")
		broken := e.Who
		switch e.What {
		case "redis":
			broken = e.What
		case "busy", "free":
			broken = "busy " + e.Who
		}
		if at, ok := open[broken]; ok && ends {
			groups[at] = append(groups[at], e)
			continue
		}
		open[broken] = len(groups)
		groups = append(groups, []Event{e})
	}
	return groups
}

// with is the schedule with only these events.
func (s Schedule) with(groups [][]Event) Schedule {
	s.Events = nil
	for _, g := range groups {
		s.Events = append(s.Events, g...)
	}
	return sorted(s)
}
