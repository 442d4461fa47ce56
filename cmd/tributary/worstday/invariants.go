package worstday

import (
	"net/http"
	"slices"
	"time"
)

// reach is the most that the network adds to an answer, both ways.
const reach = 60 * time.Millisecond

// checkAnswer holds one answer to what is true of every answer.
func (m *Model) checkAnswer(a Answer) {
	for _, check := range []func(Answer){m.hasForm, m.inTime, m.patient, m.refusals} {
		check(a)
		m.counts.Checks++
	}
}

// checkPiece holds one aggregate to what is true of every aggregate.
func (m *Model) checkPiece(a Answer, p piece) {
	for _, check := range []func(Answer, piece){
		m.piecesHaveForm, m.aboutTheQuestion, m.withinWindows, m.nothingFails, m.completeAgain, m.usersAsWritten,
		m.memoryAnswers, m.blamesNobody,
	} {
		check(a, p)
		m.counts.Checks++
	}
}

// expected are the statuses of reads and of writes on a day on which callers make no
// mistakes.
var expected = map[bool][]int{
	false: {200, 304, 404, 502, 503, 504},
	true:  {200, 201, 204, 404, 409, 412, 502, 503, 504},
}

// hasForm: an answer is an aggregate or a problem, with the status that its sources give.
func (m *Model) hasForm(a Answer) {
	write := a.Method != http.MethodGet
	switch {
	case !slices.Contains(expected[write], a.Status):
		m.violate("the status is one that the contract knows for this", "%d\n%s", a.Status, a)
	case a.Status >= 400:
		m.problemHasForm(a, write)
	case a.Status == http.StatusOK && a.Body.Meta.Status != "complete" && a.Body.Meta.Status != "degraded":
		m.violate("an answer is complete or degraded", "%s", a)
	}
}

func (m *Model) problemHasForm(a Answer, write bool) {
	b := a.Body
	if b.Type == "" || b.Title == "" || b.Code == "" || b.TraceID == "" || b.Status != a.Status && !a.Event {
		m.violate("an error is a problem document", "%s", a)
		return
	}
	if (b.Status == http.StatusServiceUnavailable || b.Status == http.StatusConflict) && !a.Event && a.Header.Get("Retry-After") == "" {
		m.violate("503 and 409 say when to try again", "%s", a)
	}
	if write && b.Status >= 500 && (b.Outcome == "" || b.RetrySafe == nil) {
		m.violate("a failed write says what became of it", "%s", a)
	}
	if b.Code != "all_sources_failed" {
		return
	}
	timeouts, failures, refused := 0, 0, false
	for _, s := range b.Sources {
		switch s.code() {
		case "":
			continue
		case "timeout":
			timeouts++
		case "circuit_open", "rate_limited", "overloaded":
			refused = true
		}
		if s.State == "failed" {
			failures++
		}
	}
	if (timeouts == failures && failures > 0) != (b.Status == http.StatusGatewayTimeout) {
		m.violate("504 is for when all timed out", "%s", a)
	}
	if refused && b.Status != http.StatusServiceUnavailable {
		m.violate("503 is for when a policy refused a call", "%s", a)
	}
}

// inTime: no answer takes longer than REQUEST_TIMEOUT. While a gateway starts, its clients
// wait for connections.
func (m *Model) inTime(a Answer) {
	if m.restarted(a.Replica, span{a.Began, a.Ended}) {
		return
	}
	if most := m.schedule.setting("REQUEST_TIMEOUT", 5*time.Second) + 50*time.Millisecond + reach + m.slack; !a.Event && a.Ended-a.Began > most {
		m.violate("every answer within REQUEST_TIMEOUT", "it took %s\n%s", a.Ended-a.Began, a)
	}
}

// patient: once one source has answered, the others are waited for no longer than PATIENCE
// from the start; so if one is well, that is all the time there is.
func (m *Model) patient(a Answer) {
	about := subjects(a.Request)
	if a.Event || a.Status != http.StatusOK || m.restarted(a.Replica, span{a.Began, a.Ended}) || len(about) != 1 || about[0].lat == "" {
		return
	}
	most := m.schedule.setting("PATIENCE", 800*time.Millisecond)
	first, well := time.Hour, false
	for _, s := range a.Body.Meta.Sources {
		if s.hasValue() {
			first = min(first, time.Duration(s.Latency*float64(time.Millisecond)))
		}
		if _, ok := m.wellAt(s.Name, about[0], span{a.Began, a.Ended}); ok && s.hasValue() {
			well = true
		}
	}
	if !well {
		most = max(most, first)
	}
	if took := a.Ended - a.Began; took > most+50*time.Millisecond+reach+m.slack {
		m.violate("answers within PATIENCE while one source is well", "it took %s\n%s", took, a)
	}
}
