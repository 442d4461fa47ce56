package console

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
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
