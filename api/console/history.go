package console

import (
	"net/http"
	"sync"
	"time"

	"tributary/telemetry/story"
)

// history is how each upstream was, one sample for each interval.
type history struct {
	mu      sync.Mutex
	samples map[string]*[story.Intervals + 1]sample
}

// sample is how an upstream was in an interval.
type sample struct {
	n             int64 // the interval, since 1970
	state         string
	p50, p95, p99 *float64
}

func interval(t time.Time) int64 { return t.UnixNano() / int64(story.Interval) }

// add keeps the states of now. The last of an interval is the one that is kept.
func (h *history) add(now time.Time, upstreams []upstreamState) {
	n := interval(now)
	h.mu.Lock()
	defer h.mu.Unlock()
	present := make(map[string]bool, len(upstreams))
	for _, u := range upstreams {
		present[u.Name] = true
		ring := h.samples[u.Name]
		if ring == nil {
			ring = new([story.Intervals + 1]sample)
			h.samples[u.Name] = ring
		}
		ring[n%int64(len(ring))] = sample{n: n, state: u.State, p50: u.P50, p95: u.P95, p99: u.P99}
	}
	for name := range h.samples {
		if !present[name] {
			delete(h.samples, name) // it is no longer in the file of endpoints
		}
	}
}

// of is the sample of an interval, nil if there is none.
func (h *history) of(name string, n int64) *sample {
	ring := h.samples[name]
	if ring == nil {
		return nil
	}
	if s := ring[n%int64(len(ring))]; s.n == n {
		return &s
	}
	return nil
}

type pastJSON struct {
	StepS     int                     `json:"step_s"`
	At        []string                `json:"at"`
	Endpoints pastAnswers             `json:"endpoints"`
	Upstreams map[string]pastUpstream `json:"upstreams"`
	Events    []eventJSON             `json:"events"`
}

type pastAnswers struct {
	Complete []*int `json:"complete"`
	Degraded []*int `json:"degraded"`
	Problems []*int `json:"problems"`
}

type pastUpstream struct {
	Calls    []*int     `json:"calls"`
	Failures []*int     `json:"failures"`
	P50      []*float64 `json:"p50_ms"`
	P95      []*float64 `json:"p95_ms"`
	P99      []*float64 `json:"p99_ms"`
	State    []*string  `json:"state"`
}

type eventJSON struct {
	At       string     `json:"at"`
	Kind     story.Kind `json:"kind"`
	Upstream string     `json:"upstream,omitempty"`
	Text     string     `json:"text"`
}

func eventOf(e story.Event) eventJSON {
	return eventJSON{story.Time(e.At), e.Kind, e.Upstream, e.Text}
}

// past is GET /console/history.
func (c *Console) past(w http.ResponseWriter, _ *http.Request) {
	now := time.Now()
	first := interval(now) - story.Intervals + 1
	began := interval(c.started)
	p := pastJSON{StepS: int(story.Interval / time.Second), Upstreams: make(map[string]pastUpstream), Events: []eventJSON{}}
	for i, t := range c.Stories.History(now) {
		n := first + int64(i)
		p.At = append(p.At, story.Time(time.Unix(0, n*int64(story.Interval))))
		p.Endpoints.Complete = append(p.Endpoints.Complete, since(began, n, t.Complete))
		p.Endpoints.Degraded = append(p.Endpoints.Degraded, since(began, n, t.Degraded))
		p.Endpoints.Problems = append(p.Endpoints.Problems, since(began, n, t.Problems))
	}
	for _, u := range c.Upstreams() {
		p.Upstreams[u.Name] = c.history.upstream(u.Name, c.Stories.Upstream(u.Name).History(now), first, began)
	}
	events, _ := c.Stories.Events(0)
	for _, e := range events {
		if interval(e.At) >= first {
			p.Events = append(p.Events, eventOf(e))
		}
	}
	writeJSON(w, p)
}

// since is a count of an interval, nil before the process began.
func since(began, n int64, count int) *int {
	if n < began {
		return nil
	}
	return &count
}

func (h *history) upstream(name string, calls []story.Calls, first, began int64) (u pastUpstream) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for i, counted := range calls {
		n := first + int64(i)
		u.Calls = append(u.Calls, since(began, n, counted.Calls))
		u.Failures = append(u.Failures, since(began, n, counted.Failures))
		var p50, p95, p99 *float64
		var state *string
		if s := h.of(name, n); s != nil {
			state = &s.state
			if counted.Calls > 0 { // else the quantiles are those of calls long ago
				p50, p95, p99 = s.p50, s.p95, s.p99
			}
		}
		u.P50, u.P95, u.P99, u.State = append(u.P50, p50), append(u.P95, p95), append(u.P99, p99), append(u.State, state)
	}
	return u
}
