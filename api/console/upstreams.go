package console

import (
	"fmt"
	"time"

	"tributary/telemetry/story"
	"tributary/upstream"
)

// The states of an upstream.
const (
	stateWell     = "well"
	stateIdle     = "idle"      // not called in the last minute
	stateSlow     = "slow"      // it takes a quarter of the time-out
	stateFailing  = "failing"   // a quarter of the calls fail
	stateOpen     = "open"      // the breaker is not closed
	stateHeldBack = "held_back" // it has refused us, and is left alone for a while
	stateOff      = "off"
)

// upstreamState is how an upstream is. Unknown values are absent.
type upstreamState struct {
	Name       string        `json:"name"`
	State      string        `json:"state"`
	Why        string        `json:"why,omitempty"`
	Breaker    *breakerState `json:"breaker,omitempty"`
	CallsPerS  *float64      `json:"calls_per_s,omitempty"`
	Success    *float64      `json:"success,omitempty"`
	InFlight   *int64        `json:"in_flight,omitempty"`
	Limit      *int          `json:"limit,omitempty"`
	Quota      *quotaState   `json:"quota,omitempty"`
	Retries    *int          `json:"retries,omitempty"`
	Hedges     *int          `json:"hedges,omitempty"`
	HedgesWon  *int          `json:"hedges_won,omitempty"`
	P50        *float64      `json:"p50_ms,omitempty"`
	P95        *float64      `json:"p95_ms,omitempty"`
	P99        *float64      `json:"p99_ms,omitempty"`
	LastErrors []lastError   `json:"last_errors,omitempty"`
	ChangedAt  string        `json:"changed_at"`
	Fault      *faultState   `json:"fault,omitempty"`
}

type breakerState struct {
	State    string   `json:"state"`
	RetryInS *float64 `json:"retry_in_s,omitempty"`
}

type quotaState struct {
	Left      int     `json:"left"`
	Limit     int     `json:"limit"`
	RenewsInS float64 `json:"renews_in_s"`
}

type lastError struct {
	Code   string `json:"code"`
	Detail string `json:"detail,omitempty"`
	At     string `json:"at"`
	Count  int    `json:"count"`
}

// change is the state of an upstream, and since when.
type change struct {
	state string
	at    time.Time
}

// maxErrors is how many kinds of errors an upstream's state has.
const maxErrors = 3

func (c *Console) upstream(u Upstream, now time.Time) upstreamState {
	s := upstreamState{Name: u.Name, State: stateOff, Fault: c.faults.state(u.Name, now)}
	if u.Up != nil {
		s.enabled(u, c.Stories.Upstream(u.Name))
	}
	s.ChangedAt = story.Time(c.since(u.Name, s.State, now))
	return s
}

// since is when an upstream came into its state.
func (c *Console) since(name, state string, now time.Time) time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	if before, ok := c.changed[name]; ok && before.state == state {
		return before.at
	}
	c.changed[name] = change{state, now}
	return now
}

// enabled fills in what is known of an upstream that is enabled.
func (s *upstreamState) enabled(u Upstream, record *story.Upstream) {
	st := u.Up.Status()
	recent, lately := record.In(story.Recent), record.In(time.Minute)
	s.Breaker = &breakerState{State: st.Breaker}
	if st.Breaker == "open" {
		s.Breaker.RetryInS = new(seconds(st.RetryIn))
	}
	s.CallsPerS = new(perSecond(recent.Calls))
	if lately.Calls > 0 {
		s.Success = new(rounded(1-float64(lately.Failures)/float64(lately.Calls), 4))
	}
	s.InFlight, s.Limit = &st.InFlight, &st.Limit
	if q := st.Quota; q != nil {
		s.Quota = &quotaState{q.Left, q.Limit, seconds(q.RenewsIn)}
	}
	s.Retries, s.Hedges, s.HedgesWon = &lately.Retries, &lately.Hedges, &lately.HedgesWon
	if l := st.Latency; l != nil {
		s.P50, s.P95, s.P99 = new(story.Milliseconds(l.P50)), new(story.Milliseconds(l.P95)), new(story.Milliseconds(l.P99))
	}
	failures := record.Failures()
	for _, f := range failures[:min(len(failures), maxErrors)] {
		s.LastErrors = append(s.LastErrors, lastError{f.Code, f.Detail, story.Time(f.At), f.Count})
	}
	s.State, s.Why = judge(st, record.InARow(), recent, lately, u.Timeout)
	if s.State == stateFailing && len(failures) > 0 {
		s.Why += ", the latest because of " + story.Cause(failures[0].Code)
	}
}

func seconds(d time.Duration) float64 { return rounded(d.Seconds(), 1) }

// sudden is how many calls fail in a row when an upstream has just broken. Among the good
// calls of the last seconds these failures would be few at first.
const sudden = 3

// judge is the state of an upstream that is enabled, and why in words. It goes by the calls
// of the last seconds; without any, by those of the last minute.
func judge(st upstream.Status, row int, recent, lately story.Calls, timeout time.Duration) (state, why string) {
	span := "last 10 s"
	if recent.Calls == 0 {
		recent, span = lately, "last minute"
	}
	good := recent.Calls - recent.Failures
	switch {
	case st.Breaker == "open":
		return stateOpen, "the circuit breaker is open after too many failures; a call tests the upstream in " + story.Duration(st.RetryIn)
	case st.Breaker == "half_open":
		return stateOpen, "the circuit breaker is half-open: one call tests the upstream"
	case st.HeldBack > 0:
		return stateHeldBack, "not asked for " + story.Duration(st.HeldBack) + ", because of " + story.Cause(string(st.HeldCode))
	case recent.Calls == 0:
		return stateIdle, "not called in the last minute"
	case row >= sudden:
		return stateFailing, fmt.Sprintf("the last %s failed", amount(row, "call", "calls"))
	case recent.Failures > 0 && recent.Failures*4 >= recent.Calls:
		return stateFailing, fmt.Sprintf("%s of %s failed in the %s", grouped(recent.Failures), amount(recent.Calls, "call", "calls"), span)
	case good > 0 && timeout > 0 && recent.Took/time.Duration(good) >= timeout/4:
		return stateSlow, "its answers take " + story.Duration(recent.Took/time.Duration(good)) + " on average"
	}
	return stateWell, ""
}
