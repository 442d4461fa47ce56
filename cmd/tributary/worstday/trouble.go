package worstday

import (
	"encoding/json"
	"net/http"
	"strings"
	"time"

	upstreamsim "tributary/upstream/sim"
)

// span is a time of the day.
type span struct{ from, to time.Duration }

// meets reports whether two times have an instant in common.
func (s span) meets(other span) bool { return s.from <= other.to && other.from <= s.to }

// trouble is a fault of a provider, as the schedule has it.
type trouble struct {
	span
	fault upstreamsim.Fault
	after time.Duration // how long the gateways may still leave the provider alone when it is over
}

// troubles are the faults of all providers.
func troubles(s Schedule) map[string][]trouble {
	all := map[string][]trouble{}
	for _, e := range s.Events {
		list := all[e.Who]
		switch {
		case e.What == "fault":
			var f upstreamsim.Fault
			_ = json.Unmarshal([]byte(e.Args), &f) // the world refuses what is none
			end := s.Length
			if f.ForS > 0 {
				end = e.At + time.Duration(f.ForS)*time.Second
			}
			all[e.Who] = append(list, trouble{span{e.At, end}, f, s.aftermath(e.Who, f)})
		case e.What == "heal" && len(list) > 0:
			last := &list[len(list)-1]
			last.to = min(last.to, e.At)
		}
	}
	return all
}

// aftermath is how long a provider may not be asked when its fault is over: the breaker's
// delay, which is also a key's cooldown, or what the provider asked for, and the time of
// one request.
func (s Schedule) aftermath(provider string, f upstreamsim.Fault) time.Duration {
	name := strings.ToUpper(provider)
	delay := s.setting(name+"_BREAKER_DELAY", 5*time.Second)
	openMeteo := provider == upstreamsim.OpenMeteo || provider == upstreamsim.OpenMeteoAir || provider == upstreamsim.Geocoding
	switch {
	case f.ErrorRate == 0:
	case f.RetryAfterS > 0:
		delay = max(delay, time.Duration(f.RetryAfterS)*time.Second)
	case f.Status == http.StatusTooManyRequests && openMeteo:
		delay = time.Minute // "Please try again in one minute."
	case f.Status == http.StatusTooManyRequests && (provider == upstreamsim.OpenWeather || provider == upstreamsim.GitHub):
		delay = 15 * time.Minute
	case f.Status == http.StatusUnauthorized || f.Status == http.StatusForbidden:
		delay = 5 * time.Minute
	}
	return delay + s.setting(name+"_TIMEOUT", 2*time.Second)
}

// broken reports whether a provider has a fault at some instant of a time.
func (m *Model) broken(provider string, at span) bool {
	for _, t := range m.troubles[provider] {
		if t.meets(at) {
			return true
		}
	}
	return false
}

// failing reports whether a provider has a fault at some instant of a time, and does worse
// than to be slow.
func (m *Model) failing(provider string, at span) bool {
	for _, t := range m.troubles[provider] {
		if t.meets(at) && !t.slow() {
			return true
		}
	}
	return false
}

// slow reports whether a fault does nothing but to delay answers.
func (t trouble) slow() bool { return t.fault.Mode == "" && t.fault.ErrorRate == 0 }

// most is by how much a fault delays an answer at most.
func (t trouble) most() time.Duration {
	return time.Duration(t.fault.LatencyMS+t.fault.JitterMS) * time.Millisecond
}

// wellAt reports whether a provider is well for a question from a time on to another, and
// every gateway has had the time to find out; since is the end of that time.
func (m *Model) wellAt(provider string, about subject, at span) (since time.Duration, well bool) {
	for _, t := range m.troubles[provider] {
		if !t.concerns(about) {
			continue
		}
		end := t.to + t.after
		if t.from <= at.to && at.from <= end {
			return 0, false
		}
		if end < at.from {
			since = max(since, end)
		}
	}
	return since, true
}

// concerns reports whether a fault is about a question: some are about one place or one
// user, and must be noticed by nobody who asks about others.
func (t trouble) concerns(about subject) bool {
	match := t.fault.Match
	return match == "" || about.lat+about.id == "" || about.lat != "" && strings.Contains(match, about.lat) || about.id != "" && strings.HasSuffix(match, "/"+about.id)
}

// redisSettles is how long a fleet may need until all replicas listen again.
const redisSettles = 5 * time.Second

// redisTroubles are the times in which Redis is not well for some replica.
func redisTroubles(s Schedule) (list []span) {
	for _, e := range s.Events {
		if e.What != "redis" {
			continue
		}
		switch e.Who {
		case "back", "rejoin":
			if len(list) > 0 {
				list[len(list)-1].to = e.At + redisSettles
			}
		case "flush":
			list = append(list, span{e.At, e.At + redisSettles})
		default:
			list = append(list, span{e.At, s.Length + time.Hour})
		}
	}
	return list
}

// redisWell reports whether Redis is well for all replicas during a time. One gateway
// alone needs none.
func (m *Model) redisWell(at span) bool {
	for _, t := range m.redis {
		if t.meets(at) {
			return false
		}
	}
	return true
}

// restarted reports whether a replica was being restarted at some instant of a time.
func (m *Model) restarted(replica int, at span) bool {
	for _, t := range m.restarts[replica] {
		if t.meets(at) {
			return true
		}
	}
	return false
}

// anyRestarted is restarted for all replicas.
func (m *Model) anyRestarted(at span) bool {
	for i := range m.restarts {
		if m.restarted(i, at) {
			return true
		}
	}
	return false
}
