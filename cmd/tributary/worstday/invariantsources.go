package worstday

import (
	"net/http"
	"slices"
	"strings"
	"time"
)

// ageSlack is for ages that are whole seconds.
const ageSlack = time.Second + reach

// sourceStates are the states of a source, and whether it has an error.
var sourceStates = map[string]bool{"live": false, "cached": false, "revalidating": false, "stale": true, "failed": true, "skipped": true}

// piecesHaveForm: each source is in a state, with an error where the state wants one, and
// the status follows from the states.
func (m *Model) piecesHaveForm(a Answer, p piece) {
	degraded := false
	for _, s := range p.sources() {
		wantsError, known := sourceStates[s.State]
		switch {
		case !known, s.Name == "":
			m.violate("a source has a name and a state", "%+v\n%s", s, a)
		case wantsError && s.code() == "" && s.State != "skipped":
			m.violate("a source that failed says why", "%+v\n%s", s, a)
		case s.State == "stale" && s.code() == "not_found":
			m.violate("what does not exist is not served", "%+v\n%s", s, a)
		case s.State == "live" && (s.Age != 0 || s.Attempts < 1):
			m.violate("a live source was asked now", "%+v\n%s", s, a)
		case s.code() == "canceled" && !m.restarted(a.Replica, span{a.Began - time.Second - m.slack, a.Ended + time.Second}):
			m.violate("a caller who leaves cancels nothing for others", "%+v\n%s", s, a)
		}
		degraded = degraded || isDegraded(s)
	}
	if p.Status < 400 && a.Method == http.MethodGet && p.Meta.Status != "" && degraded != (p.Meta.Status == "degraded") {
		m.violate("degraded follows from the sources", "%s", a)
	}
}

func isDegraded(s Source) bool {
	return s.State == "stale" || s.State == "failed" || s.hasValue() && s.code() != "" || slices.ContainsFunc(s.Sources, isDegraded)
}

// windows are those of a source's values.
func (m *Model) windows(source string) (fresh, revalidate, stale time.Duration) {
	fresh, revalidate, stale = 10*time.Minute, 10*time.Minute, 24*time.Hour
	switch source {
	case "directory", "user", "activity":
		source, fresh, revalidate = "directory", 30*time.Second, time.Minute
	case "geocoding":
		fresh, revalidate, stale = 24*time.Hour, 24*time.Hour, 720*time.Hour
	}
	name := strings.ToUpper(source)
	fresh = m.schedule.setting(name+"_FRESH_FOR", fresh)
	if source == "metno" {
		fresh = 33 * time.Minute // its Expires counts, and up to a tenth is added
	}
	return fresh, m.schedule.setting(name+"_REVALIDATE_FOR", revalidate), m.schedule.setting(name+"_STALE_FOR", stale)
}

// withinWindows: no value is older than its state allows, and none older than STALE_FOR.
func (m *Model) withinWindows(a Answer, p piece) {
	for _, s := range p.sources() {
		if !s.hasValue() || s.Name == "weather" || s.Name == "air_quality" {
			continue
		}
		fresh, revalidate, stale := m.windows(s.Name)
		age := time.Duration(s.Age * float64(time.Second))
		most := stale
		switch s.State {
		case "cached":
			most = min(fresh, stale)
		case "revalidating":
			most = min(fresh+revalidate, stale)
		}
		if age > most+ageSlack+m.slack {
			m.violate("no value is older than its state allows", "%+v, at most %s\n%s", s, most, a)
		}
	}
}

// nothingFails: a source does not fail while the replica has a value that may be served.
func (m *Model) nothingFails(a Answer, p piece) {
	if a.Event { // its answer may be from before
		return
	}
	for _, s := range p.sources() {
		code := s.code()
		if s.State != "failed" || code == "not_cached" || code == "canceled" || s.Name == "activity" || len(s.Sources) > 0 {
			continue
		}
		if g, ok := m.usable(a, p, s.Name); ok {
			m.violate("nothing fails while a usable answer exists", "%+v, but the replica gave a value of %s at %s\n%s", s, g.stored, g.at, a)
		}
	}
}

// usable is the last value that the replica of an answer gave of a source. ok is false
// unless it must still have it.
func (m *Model) usable(a Answer, p piece, source string) (g given, ok bool) {
	g, known := m.given[m.givenKey(a.Replica, source, p.subject)]
	_, _, stale := m.windows(source)
	switch {
	case !known, g.at > a.Began, m.restarted(a.Replica, span{g.at - reach - m.slack, a.Ended}):
	case a.Ended-g.stored > stale-2*time.Second-m.slack:
	case (source == "directory" || source == "user") && m.mayBeForgotten(p.subject, span{g.stored, a.Ended}):
	default:
		return g, true
	}
	return g, false
}

// mayBeForgotten reports whether an answer of the directory may have been removed: by a
// write, or because a message about one may have been missed.
func (m *Model) mayBeForgotten(s subject, at span) bool {
	if m.schedule.Redis && !m.redisWell(at) {
		return true
	}
	return slices.ContainsFunc(m.writtenUsers(at), func(id string) bool { return s.kind == aboutUsers || id == s.id || id == "" })
}

// completeAgain: once a provider is well, and the time is over in which it may be left
// alone, the first request that needs it gets its answer, and so do all after it.
func (m *Model) completeAgain(a Answer, p piece) {
	if a.Method != http.MethodGet || a.header("Cache-Control") == "only-if-cached" || a.Event {
		return
	}
	for _, s := range p.sources() {
		provider := s.Name
		if s.State != "failed" && s.State != "stale" || !slices.Contains(providerNames, provider) || m.ownLimit(provider) || refusedByUs(s) && m.mayRefuse(a) {
			continue
		}
		since, well := m.wellAt(provider, p.subject, span{a.Began, a.Ended})
		if !well || m.restarted(a.Replica, span{a.Began - 2*time.Second, a.Ended}) {
			continue
		}
		first := m.alone(a, 4*time.Second) && !p.subject.batch && !strings.Contains(a.URL, "include=") // it asks the provider once
		if first || m.answeredSince(provider, a.Replica, since, a.Began-time.Second) {
			m.violate("complete again after a fault", "%s is well since %s: %+v\n%s", provider, since, s, a)
		}
	}
}

// ownLimit reports whether we limit our calls to a provider on this day.
func (m *Model) ownLimit(provider string) bool {
	name := strings.ToUpper(provider)
	return m.schedule.Env[name+"_RATE_LIMIT"] != "" || m.schedule.Env[name+"_MAX_CONCURRENT"] != ""
}

// answeredSince reports whether a provider has answered a replica in a time.
func (m *Model) answeredSince(provider string, replica int, from, to time.Duration) bool {
	return slices.ContainsFunc(m.calls(), func(c Call) bool {
		at := c.At.Sub(m.start)
		return c.Provider == provider && c.Replica == replica && at > from && at+c.Took < to && c.Status == http.StatusOK && c.Ended == "answered"
	})
}
