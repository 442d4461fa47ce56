package worstday

import (
	"context"
	"net/http"
	"testing"
	"time"

	upstreamsim "tributary/upstream/sim"
)

// Stage is where a day is lived: a World, or real programs. Its methods are called
// concurrently.
type Stage interface {
	// Do sends a request from a client to a gateway. Only path and query of its URL count.
	Do(ctx context.Context, replica int, client string, r *http.Request) (*http.Response, error)
	// Ask sends a request straight to a provider.
	Ask(ctx context.Context, provider string, r *http.Request) (*http.Response, error)

	Fault(provider string, f upstreamsim.Fault) error
	Heal(provider string) error
	RedisEvent(e Event) error // an event whose What is redis
	Restart(replica int)      // returns when the gateway listens again
	Crash(replica int)        // returns when the gateway listens again

	Calls() []Call      // what all providers were asked so far, in order
	Log(n int) []string // the last n lines that all gateways have logged
}

// Options are what is different where time is real. The zero Options are for a bubble.
type Options struct {
	// Slack is the most by which the machine may delay anything.
	Slack time.Duration
	// Settle is how long all is well before the end is looked at; 0: 30 s.
	Settle time.Duration
	// Without are invariants that are not checked.
	Without []string
	// Started is called with the model before anything happens; nil: nobody is.
	Started func(*Model)
}

// Counts are how often something was seen on a day.
type Counts struct {
	Checks   int            // of invariants
	Statuses map[int]int    // of answers
	States   map[string]int // of their sources
}

// Live lives a day on a stage.
func Live(t testing.TB, stage Stage, s Schedule, o Options) Result {
	if o.Settle == 0 {
		o.Settle = 30 * time.Second
	}
	d := &day{t: t, world: stage, schedule: s, settling: o.Settle}
	d.model = NewModel(s, stage.Calls)
	d.model.relax(o)
	d.load = &load{world: stage, start: d.model.start, tags: map[string]string{}, created: map[int]string{}}
	if o.Started != nil {
		o.Started(d.model)
	}
	d.live()
	d.settle()
	calls := stage.Calls()
	d.model.CheckCalls(calls)
	r := Result{Violations: d.model.Violations(), Answers: d.model.answers, Calls: len(calls), Counts: d.model.counts, Log: stage.Log(2000)}
	if len(r.Violations) > 0 {
		r.Told = d.model.Told(r.Violations[0].At+time.Second, 15*time.Second)
	}
	return r
}

// relax takes over the options, before anything happens.
func (m *Model) relax(o Options) {
	m.slack = o.Slack
	for _, name := range o.Without {
		m.without[name] = true
	}
	for i := range m.redis {
		m.redis[i].to += o.Slack
	}
	for _, list := range m.busy {
		for i := range list {
			list[i].to += o.Slack
		}
	}
	for provider := range m.troubles {
		for i := range m.troubles[provider] {
			m.troubles[provider][i].from -= o.Slack // an event may happen before its answer
			m.troubles[provider][i].to += o.Slack
		}
	}
}

// RedisNotWell tells that Redis did not answer in time, though no event of the schedule is
// the reason.
func (m *Model) RedisNotWell(from, to time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.redis = append(m.redis, span{from.Sub(m.start), to.Sub(m.start) + redisSettles + m.slack})
}

// count counts an answer and its pieces.
func (m *Model) count(a Answer, pieces []piece) {
	m.counts.Statuses[a.Status]++
	for _, p := range pieces {
		for _, s := range p.sources() {
			m.counts.States[s.State]++
		}
	}
}
