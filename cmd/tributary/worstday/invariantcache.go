package worstday

import (
	"net/http"
	"slices"
	"strings"
	"time"
)

// observation is a value of a source that a client got.
type observation struct {
	began, ended time.Duration
	source       Source
	subject      subject
	request      Request
	event        bool // of a stream, whose events were made for somebody else before
}

// agesAreTrue: a value is as old as its age says: some replica got it then.
func (m *Model) agesAreTrue(lines map[callLine][]sighting) {
	good := map[string][]sighting{} // by provider and place
	for line, calls := range lines {
		for _, c := range calls {
			if !c.succeeded() {
				continue
			}
			for _, at := range c.places() {
				good[line.provider+at] = append(good[line.provider+at], c)
			}
		}
	}
	for _, o := range m.observed {
		if o.event || o.subject.lat == "" || o.source.Name == "geocoding" {
			continue
		}
		age := time.Duration(o.source.Age * float64(time.Second))
		from, to := o.began-age-ageSlack-m.slack, o.ended-age+m.slack
		if o.source.State == "live" {
			from = o.began - reach - m.slack
		}
		of := good[o.source.Name+placeKey(o.subject.lat, o.subject.lon)]
		if !slices.ContainsFunc(of, func(c sighting) bool { return from <= c.over && c.over <= to }) {
			m.violateAt(o.ended, "an age is true", "nobody got a value of %s from %s to %s: %+v\n%s", o.source.Name, from, to, o.source, o.request)
			return
		}
	}
}

// cached are the providers whose answers stay until they are stale, whatever is written.
var cached = []string{"openmeteo", "metno", "openweather", "openmeteo_air", "geocoding"}

// notTwice: a replica does not ask for what it has and what is fresh, nor for what
// another has while Redis is well.
func (m *Model) notTwice(lines map[callLine][]sighting) {
	type known struct {
		sighting
		until time.Duration
	}
	for _, provider := range cached {
		fresh, _, stale := m.windows(provider)
		if provider == "metno" {
			fresh = 30 * time.Minute
		}
		fresh = min(fresh-fresh/10, stale)
		var calls []sighting
		for line, of := range lines {
			if line.provider == provider {
				calls = append(calls, of...)
			}
		}
		slices.SortFunc(calls, func(a, b sighting) int { return int(a.at - b.at) })
		have := map[string]known{}
		began := map[string]time.Duration{} // when the first call of a fetch was made
		for _, c := range calls {
			if _, again := began[c.trace]; !again {
				began[c.trace] = c.at
			}
			for _, key := range c.keys {
				k, ok := have[key]
				if began[c.trace] < k.over+flight && c.at > k.over {
					continue // a retry of a fetch that began before
				}
				if ok && c.at < k.over && c.trace != k.trace && m.oneFlight(k.sighting, c) {
					m.violateAt(c.at, "one call for a key, however many wait", "replica %d asked %s from %s to %s, and replica %d at %s: %s", k.Replica, provider, k.at, k.over, c.Replica, c.at, key)
					return
				}
				if ok && c.at > k.over+flight+m.slack && c.at < k.until-flight-m.slack && m.mustHave(k.sighting, c) {
					m.violateAt(c.at, "nobody asks twice for what is remembered", "replica %d asked %s at %s, and replica %d at %s: %s", k.Replica, provider, k.at, c.Replica, c.at, key)
					return
				}
			}
			if !c.succeeded() || c.Took > max(100*time.Millisecond, 1500*time.Millisecond-m.slack) || m.failing(provider, span{c.at, c.over}) {
				continue
			}
			for _, key := range c.keys {
				have[key] = known{c, c.over + fresh}
			}
		}
	}
}

// mustHave reports whether the replica of a later call must have had the answer to an
// earlier one.
func (m *Model) mustHave(earlier, later sighting) bool {
	between := span{earlier.at, later.at}
	if m.asksAnew(later.Replica, span{later.at, later.at}) {
		return false
	}
	if later.Replica == earlier.Replica {
		return !m.restarted(later.Replica, between)
	}
	return m.slack == 0 && m.redisWell(span{earlier.at, later.at + time.Second}) && !m.redisLost(later.at)
}

// oneFlight reports whether a later call must have waited for an earlier one, which was
// answered. Batches wait for those of their own replica only.
func (m *Model) oneFlight(earlier, later sighting) bool {
	if later.Replica == earlier.Replica {
		return !m.restarted(later.Replica, span{earlier.at - time.Second, later.at})
	}
	batches := strings.HasPrefix(later.Provider, "openmeteo")
	return !batches && earlier.Took < 800*time.Millisecond && m.mustHave(earlier, later)
}

// redisLost reports whether connections to Redis have broken before a time. In memory, a
// gateway finds out about each of them by a command that fails; on a real network the
// client looks before it uses one.
func (m *Model) redisLost(before time.Duration) bool {
	return slices.ContainsFunc(m.schedule.Events, func(e Event) bool {
		return e.What == "redis" && e.At < before && (e.Who == "gone" || e.Who == "hang" || e.Who == "partition" || e.Who == "slow")
	})
}

// afterFailure: when asking has failed and there is an old value, a key is not asked for
// again before its cooldown is over. A provider that says when to ask again
// knows better.
func (m *Model) afterFailure(line callLine, calls []sighting) {
	if !slices.Contains(cached, line.provider) {
		return
	}
	cooldown := m.schedule.setting("BREAKER_DELAY", 5*time.Second)
	_, _, stale := m.windows(line.provider)
	had := map[string]time.Duration{} // by key, when an answer came
	last := map[string]sighting{}     // by key, the last failure
	for _, c := range calls {
		for _, key := range c.keys {
			got, old := had[key]
			failed, ok := last[key]
			if ok && old && failed.RetryAfter == "" && got < failed.at-flight && c.at < got+stale && c.trace != failed.trace &&
				c.at > failed.over+flight && c.at < failed.over+cooldown-flight && !m.restarted(line.replica, span{got, c.at}) {
				m.violateAt(c.at, "nobody asks again in a cooldown", "%s failed for replica %d at %s, and was asked again at %s: %s%s", line.provider, line.replica, failed.over, c.at, key, listed(calls, span{failed.at - 10*time.Second, c.at}))
				return
			}
			switch {
			case c.succeeded() && !m.broken(line.provider, span{c.at, c.over}):
				had[key] = c.over
				delete(last, key)
			case c.failed():
				last[key] = c
			}
		}
	}
}

// onceInTheFleet: a write with a key whose first request may have been carried out is not
// sent again, unless the directory honours keys.
func (m *Model) onceInTheFleet(all []Call) {
	if m.schedule.Env["DIRECTORY_IDEMPOTENCY"] == "on" {
		return
	}
	sent := map[string]Call{}
	for _, c := range all {
		if c.Key == "" || c.Method == http.MethodGet || c.Replica < 0 {
			continue
		}
		before, again := sent[c.Key]
		at := span{before.At.Sub(m.start) - time.Second, c.At.Sub(m.start) + time.Second}
		if again && !m.flushed(at) && (m.schedule.Redis || !m.anyRestarted(at)) {
			m.violateAt(c.At.Sub(m.start), "a key is sent once", "%s %s with key %s, by replica %d at %s and by replica %d at %s", c.Method, c.URL, c.Key, before.Replica, before.At.Sub(m.start), c.Replica, c.At.Sub(m.start))
		}
		if refused := c.Status >= 400 && c.Status < 500; !refused {
			sent[c.Key] = c
		}
	}
}
