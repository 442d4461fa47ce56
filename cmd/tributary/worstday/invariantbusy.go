package worstday

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// tooLong is the wait for a processor above which a gateway may refuse requests.
const tooLong = time.Millisecond

// recovers is how long a gateway may refuse requests when its goroutines no longer wait.
// It serves at least so many at once then, and its limit grows further.
const (
	recovers     = time.Second
	recoveredFor = 12
)

// busyTimes are the times in which the goroutines of each replica wait too long for a
// processor.
func busyTimes(s Schedule) map[string][]span {
	all := map[string][]span{}
	for _, e := range s.Events {
		if e.What != "busy" && e.What != "free" {
			continue
		}
		list := all[e.Who]
		if n := len(list); n > 0 {
			list[n-1].to = min(list[n-1].to, e.At)
		}
		if wait, _ := time.ParseDuration(e.Args); wait > tooLong { // the world refuses what is no duration
			list = append(list, span{e.At, s.Length + time.Hour})
		}
		all[e.Who] = list
	}
	return all
}

// busyDuring is the time in which a replica was busy that covers another time.
func (m *Model) busyDuring(replica int, at span) (during span, ok bool) {
	for _, b := range m.busy[fmt.Sprint(replica)] {
		if b.from <= at.from && at.to <= b.to {
			return b, true
		}
	}
	return span{}, false
}

// mayRefuse reports whether a replica may have refused a request because it is overloaded.
// Where time is real, a gateway may wait for a processor at any time.
func (m *Model) mayRefuse(a Answer) bool {
	if m.slack > 0 {
		return true
	}
	for _, b := range m.busy[fmt.Sprint(a.Replica)] {
		switch {
		case (span{b.from, b.to + recovers + m.slack}).meets(span{a.Began, a.Ended}):
			return true
		case b.to < a.Began && m.atOnce(a) > recoveredFor:
			return true
		}
	}
	return false
}

// refusedPiece reports whether a replica has not answered something because it is
// overloaded.
func refusedPiece(b Body) bool { return b.Code == "gateway_overloaded" }

// refusedByUs reports whether the gateway did not ask for a source because it is
// overloaded itself.
func refusedByUs(s Source) bool {
	return s.Error != nil && s.Error.Code == "overloaded" && strings.Contains(s.Error.Detail, "the gateway itself")
}

// refusals: a gateway refuses a request only while its goroutines wait too long for a
// processor, and a refusal says when to try again.
func (m *Model) refusals(a Answer) {
	refused := refusedPiece(a.Body)
	for _, p := range a.pieces() {
		refused = refused || refusedPiece(p.Body) || slices.ContainsFunc(p.sources(), refusedByUs)
	}
	if refused && !m.mayRefuse(a) {
		m.violate("a gateway refuses only while it has too few processors", "%s", a)
	}
	if !refusedPiece(a.Body) || a.Event {
		return
	}
	m.refused = append(m.refused, refusedRequest{a.Replica, span{a.Began, a.Ended}})
	if after := a.Header.Get("Retry-After"); a.Status != http.StatusServiceUnavailable || after != "1" && after != "2" {
		m.violate("who is refused is told to come back in a second or two", "Retry-After %q\n%s", after, a)
	}
	if a.Method != http.MethodGet && (a.Body.Outcome != "not_done" || a.Body.RetrySafe == nil || !*a.Body.RetrySafe) {
		m.violate("a refused write is not done", "%s", a)
	}
}

// rememberedInstead are the sources of which one answer is enough for an answer.
var rememberedInstead = map[kind][]string{
	aboutWeather:  {"openmeteo", "metno", "openweather"},
	aboutForecast: {"openmeteo", "metno", "openweather"},
	aboutAir:      {"openmeteo_air", "openweather"},
	aboutUser:     {"directory", "user"},
	aboutUsers:    {"directory"},
}

// memoryAnswers: nothing is refused for which the replica has an answer in memory, were it
// an old one.
func (m *Model) memoryAnswers(a Answer, p piece) {
	if !refusedPiece(p.Body) || a.Method != http.MethodGet || a.Event {
		return
	}
	for _, name := range rememberedInstead[p.subject.kind] {
		if g, ok := m.usable(a, p, name); ok {
			m.violate("what memory can answer is not refused", "the replica gave a value of %s from %s at %s\n%s", name, g.stored, g.at, a)
		}
	}
}

// refusedRequest is a request that a replica has refused.
type refusedRequest struct {
	replica int
	at      span
}

// checkBusy holds the calls of one replica to one provider to what is true of a gateway
// without enough processors.
func (m *Model) checkBusy(line callLine, calls []sighting, all map[callLine][]sighting) {
	if len(m.busy[fmt.Sprint(line.replica)]) == 0 {
		return
	}
	for i, c := range calls {
		m.noHedge(line, c, calls[:i])
		m.fewAtOnce(line, c, calls[:i], all)
	}
}

// noHedge: a gateway that refuses requests, the last a moment ago, sends no hedges.
func (m *Model) noHedge(line callLine, c sighting, before []sighting) {
	const (
		refuses = 100 * time.Millisecond // after each refusal
		arrives = 10 * time.Millisecond  // at least
		dialled = 75 * time.Millisecond  // at most, with a new connection
	)
	hedge := slices.ContainsFunc(before, func(b sighting) bool { return b.trace == c.trace && b.URL == c.URL && b.over > c.at })
	if hedge && slices.ContainsFunc(m.refused, func(r refusedRequest) bool {
		return r.replica == line.replica && r.at.to+dialled <= c.at && c.at <= r.at.from+refuses+arrives
	}) {
		m.violateAt(c.at, "no hedge while requests are refused", "replica %d sent %s a hedge at %s%s", line.replica, line.provider, c.at, listed(append(before, c), span{c.at - time.Second, c.at}))
	}
}

// fewAtOnce: a gateway whose goroutines wait for a processor, and that has had the time to
// notice, asks a provider for few requests at once.
func (m *Model) fewAtOnce(line callLine, c sighting, before []sighting, all map[callLine][]sighting) {
	const notices = 1500 * time.Millisecond
	const most = 14 // the least limit, and fetches whose clients have left
	if _, busy := m.busyDuring(line.replica, span{c.at - notices, c.at}); !busy || !worked(line.replica, span{c.at - notices, c.at}, all) {
		return
	}
	running := map[string]bool{c.trace: true}
	for _, b := range before {
		if b.over > c.at && b.Took < 800*time.Millisecond { // nobody waits longer for one source of many
			running[b.trace] = true
		}
	}
	if len(running) > most {
		m.violateAt(c.at, "few requests ask at once while there are too few processors", "replica %d asked %s for %d requests at once, at %s", line.replica, line.provider, len(running), c.at)
	}
}

// worked reports whether a replica asked somebody in each quarter of a time. The limit
// sleeps while nothing is asked.
func worked(replica int, at span, all map[callLine][]sighting) bool {
	quarter := (at.to - at.from) / 4
	for from := at.from; from+quarter <= at.to; from += quarter {
		asked := false
		for line, calls := range all {
			asked = asked || line.replica == replica && slices.ContainsFunc(calls, func(c sighting) bool { return c.at >= from && c.at < from+quarter })
		}
		if !asked {
			return false
		}
	}
	return true
}

// blamesNobody: what takes too long while goroutines wait for a processor opens no circuit.
func (m *Model) blamesNobody(a Answer, p piece) {
	for _, s := range p.sources() {
		if s.code() != "circuit_open" || a.Event {
			continue
		}
		reasons, ours := 0, 0
		for _, t := range m.troubles[s.Name] { // of the whole day: a circuit that nobody tries stays open
			if t.from > a.Ended || t.slow() && t.most() < 1500*time.Millisecond {
				continue
			}
			reasons++
			if _, busy := m.busyDuring(a.Replica, span{t.from - recovers, min(t.to, a.Ended)}); busy && t.slow() {
				ours++
			}
		}
		if reasons > 0 && ours == reasons {
			m.violate("a wait for our own processor opens no circuit", "%+v\n%s", s, a)
		}
	}
}
