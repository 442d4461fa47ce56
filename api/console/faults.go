package console

import (
	"errors"
	"net/http"
	"sync"
	"time"

	"tributary/telemetry/story"
	"tributary/upstream/sim"
)

// faults are the faults of simulated upstreams. Those that were set elsewhere, by the
// simulator's control address, are shown and left alone.
type faults struct {
	simulator *sim.Simulator // nil: there are none
	stories   *story.Recorder

	mu     sync.Mutex
	ours   map[string]uint64 // ids of the faults that the page has set, by upstream
	seen   map[string]uint64 // ids of the faults that were there at the last look
	began  time.Time         // when the first of ours was set; zero: none is set
	before story.Totals      // of all answers until then
}

// faultState is the fault of an upstream.
type faultState struct {
	Mode      sim.Mode `json:"mode"`
	LatencyMS int      `json:"latency_ms,omitempty"`
	ErrorRate float64  `json:"error_rate,omitempty"`
	Status    int      `json:"status,omitempty"`
	Ours      bool     `json:"ours"`
	EndsInS   *float64 `json:"ends_in_s,omitempty"`
}

// state is the fault of an upstream, nil if it has none.
func (f *faults) state(name string, now time.Time) *faultState {
	if f.simulator == nil {
		return nil
	}
	active, known := f.simulator.Fault(name)
	if !known || active.Healthy() {
		return nil
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	s := &faultState{Mode: active.Mode, LatencyMS: active.LatencyMS, ErrorRate: active.ErrorRate, Ours: f.isOurs(name, active)}
	if active.ErrorRate > 0 {
		s.Status = active.Status
	}
	if !active.Ends.IsZero() {
		s.EndsInS = new(seconds(max(0, active.Ends.Sub(now))))
	}
	return s
}

// isOurs reports whether the page has set a fault. f.mu is held.
func (f *faults) isOurs(name string, active sim.ActiveFault) bool {
	id, ok := f.ours[name]
	return ok && id == active.ID
}

// tidy lifts the faults of the page if it is gone, and looks what has changed.
func (f *faults) tidy(gone bool) {
	if f.simulator == nil {
		return
	}
	if gone {
		f.mu.Lock()
		for name, id := range f.ours {
			_, _ = f.simulator.ReplaceFault(name, id, sim.Fault{}) // if it has changed, it is not ours any more
		}
		f.mu.Unlock()
	}
	f.look()
}

// look reports the faults that were set or lifted since the last time, by whomever.
func (f *faults) look() {
	if f.simulator == nil {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	first := f.seen == nil
	if first {
		f.seen = make(map[string]uint64)
	}
	for _, l := range f.simulator.Listeners() {
		active, known := f.simulator.Fault(l.Name)
		if !known || f.seen[l.Name] == active.ID {
			continue
		}
		f.seen[l.Name] = active.ID
		if !f.isOurs(l.Name, active) || active.Healthy() {
			delete(f.ours, l.Name)
		}
		switch {
		case first && active.Healthy():
		case active.Healthy():
			f.stories.Happened(story.FaultLifted, l.Name, l.Name+": the simulated fault is lifted")
		default:
			f.stories.Happened(story.FaultSet, l.Name, l.Name+": simulated fault: "+inWords(active))
		}
	}
	if len(f.ours) == 0 {
		f.began = time.Time{}
	}
}

// since counts the answers since the first fault of the page, nil without one.
func (f *faults) since() *sinceFault {
	if f.simulator == nil {
		return nil
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.began.IsZero() {
		return nil
	}
	now := f.stories.All()
	return &sinceFault{
		Since: story.Time(f.began), Answers: now.Answers() - f.before.Answers(),
		Degraded: now.Degraded - f.before.Degraded, Failures: now.Problems - f.before.Problems,
	}
}

var otherFault = problem{
	Status: http.StatusConflict, Title: "Fault of somebody else",
	Detail: "the upstream has a fault that was not set here; the simulator's control address lifts it",
}

// replace sets a fault in place of one of ours, or of none.
func (f *faults) replace(name string, next sim.Fault) *problem {
	active, known := f.simulator.Fault(name)
	if !known {
		return &problem{Status: http.StatusNotFound, Title: "Not found", Detail: "no simulated upstream has this name"}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if !active.Healthy() && !f.isOurs(name, active) {
		return &otherFault
	}
	id, err := f.simulator.ReplaceFault(name, active.ID, next)
	switch {
	case errors.Is(err, sim.ErrFaultChanged):
		return &otherFault
	case err != nil:
		return &problem{Status: http.StatusInternalServerError, Title: "The fault could not be set", Detail: err.Error()}
	}
	if next.Healthy() {
		return nil // the next look drops it
	}
	if f.ours == nil {
		f.ours = make(map[string]uint64)
	}
	if len(f.ours) == 0 {
		f.began, f.before = time.Now(), f.stories.All()
	}
	f.ours[name] = id
	return nil
}
