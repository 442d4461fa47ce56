//go:build chaos

package chaos_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"encoding/json"
	"tributary/cmd/tributary/worstday"
	upstreamsim "tributary/upstream/sim"
)

// report is the table of a day.
func report(s worstday.Schedule, r worstday.Result, w *world) string {
	var b strings.Builder
	line := func(what, format string, args ...any) {
		fmt.Fprintf(&b, "%-20s "+format+"\n", append([]any{what}, args...)...)
	}
	line("seed", "%d, %s, %d gateways", s.Seed, s.Length, s.Replicas)
	faults := map[string]int{}
	for _, e := range s.Events {
		if e.What != "heal" && e.Who != "back" {
			faults[kind(e)]++
		}
	}
	line("faults", "%d:", total(faults))
	for _, name := range slices.Sorted(maps.Keys(faults)) {
		line("", "%-28s %d", name, faults[name])
	}
	line("requests", "%d, %d answers, %d calls of providers", len(s.Requests), r.Answers, r.Calls)
	line("answers by state", "%s", list(r.Counts.States, "live", "cached", "revalidating", "stale", "failed", "skipped"))
	line("statuses", "%s", list(r.Counts.Statuses, slices.Sorted(maps.Keys(r.Counts.Statuses))...))
	line("Redis late", "%d times, because of the machine", w.redis.slow)
	line("invariant checks", "%d", r.Counts.Checks)
	line("violations", "%d", len(r.Violations))
	return b.String()
}

// kind is what breaks by an event.
func kind(e worstday.Event) string {
	switch e.What {
	case "fault":
		var f upstreamsim.Fault
		_ = json.Unmarshal([]byte(e.Args), &f) // the simulator has taken it
		switch {
		case f.ErrorRate > 0:
			return fmt.Sprintf("%s: status %d", e.Who, f.Status)
		case f.Mode != "" && f.Mode != upstreamsim.ModeOK:
			return e.Who + ": " + string(f.Mode)
		}
		return e.Who + ": latency"
	case "redis":
		return "redis: " + e.Who
	}
	return e.What + " " + e.Who
}

func total(counts map[string]int) (sum int) {
	for _, n := range counts {
		sum += n
	}
	return sum
}

func list[K comparable](counts map[K]int, keys ...K) string {
	var parts []string
	for _, key := range keys {
		parts = append(parts, fmt.Sprintf("%v %d", key, counts[key]))
	}
	return strings.Join(parts, ", ")
}
