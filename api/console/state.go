package console

import (
	"math"
	"time"

	"tributary/telemetry/story"
)

// state is the event that pages get at each tick.
type state struct {
	At         string          `json:"at"`
	Sentence   string          `json:"sentence"`
	Tone       string          `json:"tone"`
	Minute     minute          `json:"minute"`
	Upstreams  []upstreamState `json:"upstreams"`
	Flows      []flow          `json:"flows"`
	Asks       []ask           `json:"asks"`
	Endpoints  []endpointState `json:"endpoints"`
	SinceFault *sinceFault     `json:"since_fault,omitempty"`
}

// minute counts the answers of the last minute.
type minute struct {
	Answers      int      `json:"answers"`
	Complete     int      `json:"complete"`
	Degraded     int      `json:"degraded"`
	Problems     int      `json:"problems"`
	ClientErrors int      `json:"client_errors"`
	Older        *float64 `json:"older,omitempty"`
	OldestS      *int64   `json:"oldest_s,omitempty"`
}

// flow is how often a source took part in answers, by state, per second.
type flow struct {
	Source string             `json:"source"`
	Route  string             `json:"route"`
	States map[string]float64 `json:"states"`
}

// ask is how often an upstream was asked, per second.
type ask struct {
	Upstream string             `json:"upstream"`
	Source   string             `json:"source"`
	States   map[string]float64 `json:"states"`
}

// endpointState is how many answers an endpoint gave, per second, and how many streams of
// it are open.
type endpointState struct {
	Route    string  `json:"route"`
	PerS     float64 `json:"per_s"`
	Complete float64 `json:"complete"`
	Degraded float64 `json:"degraded"`
	Problems float64 `json:"problems"`
	Streams  int     `json:"streams,omitempty"`
}

// sinceFault counts the answers since the first of the faults that the page has set.
type sinceFault struct {
	Since    string `json:"since"`
	Answers  int    `json:"answers"`
	Degraded int    `json:"degraded"`
	Failures int    `json:"failures"`
}

// perSecond is a rate over the recent time.
func perSecond(n int) float64 { return rounded(float64(n)/story.Recent.Seconds(), 2) }

func rounded(f float64, digits int) float64 {
	scale := math.Pow10(digits)
	return math.Round(f*scale) / scale
}

// state is how everything is now.
func (c *Console) state(now time.Time) state {
	totals := c.Stories.Minute()
	s := state{At: story.Time(now), Minute: minuteOf(totals), Upstreams: []upstreamState{}, Flows: c.flows(), Asks: []ask{}, Endpoints: c.endpoints()}
	how := situation{age: now.Sub(c.started), draining: c.pages.isDraining(), minute: totals}
	for _, u := range c.Upstreams() {
		one := c.upstream(u, now)
		s.Upstreams = append(s.Upstreams, one)
		if one.State != stateOff {
			how.upstreams++
		}
		switch one.State {
		case stateFailing, stateOpen, stateHeldBack:
			how.failing++
		case stateSlow:
			how.slow++
		}
		for _, a := range c.Stories.Upstream(u.Name).Asks() {
			states := make(map[string]float64, 2)
			addRate(states, "live", a.Live)
			addRate(states, "failed", a.Failed)
			s.Asks = append(s.Asks, ask{u.Name, a.Source, states})
		}
	}
	s.Sentence, s.Tone = how.sentence(), how.tone()
	s.SinceFault = c.faults.since()
	return s
}

func minuteOf(t story.Totals) minute {
	m := minute{Answers: t.Answers(), Complete: t.Complete, Degraded: t.Degraded, Problems: t.Problems, ClientErrors: t.ClientErrors}
	if served := t.Complete + t.Degraded; served > 0 {
		m.Older = new(rounded(float64(t.Older)/float64(served), 4))
	}
	if t.Older > 0 {
		m.OldestS = new(int64(t.Oldest.Round(time.Second) / time.Second)) // as the sentence says it
	}
	return m
}

func addRate(states map[string]float64, state string, n int) {
	if n > 0 {
		states[state] = perSecond(n)
	}
}

func (c *Console) flows() []flow {
	all := []flow{}
	for _, f := range c.Stories.Flows() {
		states := make(map[string]float64, len(f.States))
		for state, n := range f.States {
			addRate(states, state, n)
		}
		all = append(all, flow{f.Source, f.Route, states})
	}
	return all
}

// endpoints are those of the description, also without answers.
func (c *Console) endpoints() []endpointState {
	counted := make(map[string]story.Totals)
	for _, r := range c.Stories.Routes() {
		counted[r.Route] = r.Totals
	}
	var streams map[string]int
	if c.Streams != nil {
		streams = c.Streams()
	}
	all := []endpointState{}
	for _, e := range c.described().endpoints {
		t := counted[e.Route]
		all = append(all, endpointState{
			Route: e.Route, PerS: perSecond(t.Answers()),
			Complete: perSecond(t.Complete), Degraded: perSecond(t.Degraded), Problems: perSecond(t.Problems), Streams: streams[e.Route],
		})
	}
	return all
}
