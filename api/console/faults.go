package console

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/go-chi/chi/v5"

	"tributary/telemetry/story"
	"tributary/upstream/sim"
)

const (
	faultForS    = 120 // that a fault lasts unless the page says otherwise
	maxFaultForS = 900
	maxFaultBody = 16 << 10
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
func (f *faults) tidy(_ time.Time, gone bool) {
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

// inWords says what a fault does.
func inWords(f sim.ActiveFault) string {
	var does []string
	switch f.Mode {
	case sim.ModeHang:
		does = append(does, "it does not answer")
	case sim.ModeReset:
		does = append(does, "it resets connections")
	case sim.ModeTruncate:
		does = append(does, "it cuts its answers off")
	case sim.ModeGarbage:
		does = append(does, "its answers are garbage")
	case sim.ModeDrip:
		does = append(does, "it sends a byte at a time")
	case sim.ModeDown:
		does = append(does, "it refuses connections")
	}
	if f.LatencyMS > 0 {
		does = append(does, "it answers "+story.Duration(time.Duration(f.LatencyMS)*time.Millisecond)+" later")
	}
	if f.ErrorRate > 0 {
		does = append(does, fmt.Sprintf("%.0f %% of the requests get a %d", f.ErrorRate*100, f.Status))
	}
	text := strings.Join(does, ", ")
	if f.ForS > 0 {
		text += ", for " + story.Duration(time.Duration(f.ForS)*time.Second)
	}
	return text
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

// setFault is PUT /console/faults/{upstream}.
func (c *Console) setFault(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxFaultBody))
	if err != nil {
		problem{Status: http.StatusRequestEntityTooLarge, Title: "The body is too large"}.write(w)
		return
	}
	fault, err := sim.ParseFault(body)
	if invalid, ok := errors.AsType[sim.InvalidFault](err); ok {
		p := badRequest(err.Error())
		p.Fields = invalid
		p.write(w)
		return
	}
	if fault.ForS == 0 {
		fault.ForS = faultForS
	}
	if fault.ForS > maxFaultForS {
		p := badRequest("invalid fault: for_s must be from 1 to 900")
		p.Fields = map[string]string{"for_s": "must be from 1 to 900"}
		p.write(w)
		return
	}
	name := chi.URLParam(r, "upstream")
	if p := c.faults.replace(name, fault); p != nil {
		p.write(w)
		return
	}
	c.faults.look()
	c.announce()
	writeJSON(w, c.faults.state(name, time.Now()))
}

// liftFault is DELETE /console/faults/{upstream}.
func (c *Console) liftFault(w http.ResponseWriter, r *http.Request) {
	if p := c.faults.replace(chi.URLParam(r, "upstream"), sim.Fault{}); p != nil {
		p.write(w)
		return
	}
	c.faults.look()
	c.announce()
	w.WriteHeader(http.StatusNoContent)
}
