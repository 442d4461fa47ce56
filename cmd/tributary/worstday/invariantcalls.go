package worstday

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// flight is the most that a call needs to reach a provider, with a new connection, and
// its answer to come back.
const flight = 200 * time.Millisecond

// CheckCalls holds the calls of the whole day to the invariants on calls.
func (m *Model) CheckCalls(all []Call) {
	m.mu.Lock()
	defer m.mu.Unlock()
	lines := m.sight(all)
	for line, calls := range lines {
		m.withinTimeout(line, calls)
		m.budgetOfRetries(line, calls)
		m.leftAlone(line, calls)
		m.circuit(line, calls)
		m.ownQuota(line, calls)
		m.afterFailure(line, calls)
		m.checkBusy(line, calls, lines)
		m.counts.Checks += 7
	}
	m.notTwice(lines)
	m.onceInTheFleet(all)
	m.agesAreTrue(lines)
	m.counts.Checks += 3
}

// withinTimeout: no call lasts longer than the time-out of its upstream.
func (m *Model) withinTimeout(line callLine, calls []sighting) {
	most := m.schedule.setting(strings.ToUpper(line.provider)+"_TIMEOUT", 2*time.Second) + flight + m.slack
	for _, c := range calls {
		if c.Took > most {
			m.violateAt(c.at, "no call outlasts its time-out", "%s%s", line.provider, listed(calls, span{c.at, c.at}))
			return
		}
	}
}

// budgetOfRetries: within any ten seconds there are at most ten retries and hedges, and
// one more for every five calls.
func (m *Model) budgetOfRetries(line callLine, calls []sighting) {
	window := 10*time.Second - m.slack
	seen := map[string]bool{}
	calls = slices.DeleteFunc(slices.Clone(calls), sighting.hungUp)
	extra := make([]bool, len(calls))
	for i, c := range calls {
		fetch := c.trace + c.Method + c.URL
		extra[i] = c.trace != "" && seen[fetch]
		seen[fetch] = true
	}
	extras, firsts, from := 0, 0, 0
	for i, c := range calls {
		if extra[i] {
			extras++
		} else {
			firsts++
		}
		for calls[from].at < c.at-window {
			if extra[from] {
				extras--
			} else {
				firsts--
			}
			from++
		}
		if most := 11 + float64(firsts)/5; extra[i] && float64(extras) > most && !m.restarted(line.replica, span{c.at - window, c.at}) {
			m.violateAt(c.at, "retries and hedges keep to their budget", "%d of %s in replica %d within 10 s up to %s, beside %d first calls%s", extras, line.provider, line.replica, c.at, firsts, listed(calls, span{c.at - window, c.at}))
			return
		}
	}
}

// leftAlone: a provider that asks to be left alone is, and so is one that refuses us.
func (m *Model) leftAlone(line callLine, calls []sighting) {
	until, why := time.Duration(0), sighting{}
	for _, c := range calls {
		if c.at < until-m.slack && c.at > why.over+flight+m.slack && !m.restarted(line.replica, span{why.over, c.at}) {
			m.violateAt(c.at, "a provider that asks to be left alone is", "%s answered replica %d at %s with %d (Retry-After %q), and was called at %s%s",
				line.provider, line.replica, why.over, why.Status, why.RetryAfter, c.at, listed(calls, span{why.at, c.at}))
			return
		}
		if wait := holdBackOf(c); c.Ended == "answered" && c.over+wait > until {
			until, why = c.over+wait, c
		}
	}
}

// holdBackOf is how long a provider is not to be called after an answer.
func holdBackOf(c sighting) time.Duration {
	seconds, _ := strconv.Atoi(c.RetryAfter)
	asks := c.Status == http.StatusTooManyRequests || c.Status >= 500 || c.Status == http.StatusForbidden && c.Provider == "github"
	switch {
	case seconds > 0 && asks:
		return min(time.Duration(seconds)*time.Second, time.Hour)
	case c.Status == http.StatusTooManyRequests && (c.Provider == "openweather" || c.Provider == "github" || strings.HasPrefix(c.Provider, "openmeteo")):
		return 59 * time.Second
	case c.Status == http.StatusForbidden && c.Provider == "metno":
		return 59 * time.Second
	}
	return 0
}

// circuit: after enough failures in a row the breaker is open for its delay.
func (m *Model) circuit(line callLine, calls []sighting) {
	name := strings.ToUpper(line.provider)
	need, err := strconv.Atoi(m.schedule.Env[name+"_BREAKER_MIN_CALLS"])
	if err != nil {
		need = 20
	}
	delay, window := m.schedule.setting(name+"_BREAKER_DELAY", 5*time.Second), m.schedule.setting(name+"_BREAKER_WINDOW", 10*time.Second)
	for i, c := range calls {
		if !c.failed() || m.restarted(line.replica, span{c.over - window, c.over + delay}) {
			continue
		}
		failures, others := map[string]bool{}, 0 // a call and its hedge are one to the breaker
		for _, before := range calls {
			switch {
			case before.over < c.over-window+time.Second || before.over > c.over:
			case before.failed():
				failures[before.trace] = true
			default:
				others++
			}
		}
		if len(failures) < need || others > 0 {
			continue
		}
		for _, later := range calls[i+1:] {
			if later.at > c.over+flight && later.at < c.over+delay-flight {
				m.violateAt(later.at, "an open circuit lets nothing through", "%s failed %d times for replica %d up to %s, and was called at %s%s", line.provider, len(failures), line.replica, c.over, later.at, listed(calls, span{c.over - window, later.at}))
				return
			}
		}
	}
}

// ownQuota: a window of the clock has no more calls than we allow ourselves.
func (m *Model) ownQuota(line callLine, calls []sighting) {
	text, window, ok := strings.Cut(m.schedule.Env[strings.ToUpper(line.provider)+"_RATE_LIMIT"], "/")
	limit, err := strconv.Atoi(text)
	if !ok || err != nil || window != "1m" {
		return
	}
	count := map[time.Time]int{}
	for _, c := range calls {
		full := c.At.Truncate(time.Minute)
		if c.hungUp() || c.At.Sub(full) < flight+m.slack || m.restarted(line.replica, span{full.Sub(m.start), full.Sub(m.start) + time.Minute}) {
			continue // it may have been sent in the minute before
		}
		if count[full]++; count[full] == limit+1 {
			m.violateAt(c.at, "our own quota is kept", "%s got more than %d calls of replica %d in the minute of %s%s", line.provider, limit, line.replica, full, listed(calls, span{full.Sub(m.start), full.Sub(m.start) + time.Minute}))
			return
		}
	}
}
