package sim

import (
	"errors"
	"net"
	"net/http"
	"strings"
	"time"
)

// activeFault is a fault that is in effect until it is replaced.
type activeFault struct {
	Fault
	id   uint64        // no two faults of a provider have the same
	ends time.Time     // zero: it does not end by itself
	over chan struct{} // closed when the fault is replaced
}

// on is what the fault does to one request: nothing if it is about others.
func (f *activeFault) on(r *http.Request) *activeFault {
	if f.Match == "" || strings.Contains(r.URL.RequestURI(), f.Match) {
		return f
	}
	return &activeFault{Fault: Fault{}.withDefaults(), over: f.over}
}

// setFault replaces the fault. A provider that comes back is listening when this
// returns; one that goes down has closed every connection.
func (s *service) setFault(f Fault) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return errors.New("the simulator is closed")
	}
	return s.replaceFault(f)
}

// setFaultAfter is setFault unless the fault is no longer the one with the id. It returns
// the id of the new one.
func (s *service) setFaultAfter(id uint64, f Fault) (uint64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return 0, errors.New("the simulator is closed")
	}
	if s.fault.Load().id != id {
		return 0, ErrFaultChanged
	}
	err := s.replaceFault(f)
	return s.fault.Load().id, err
}

// replaceFault is setFault. s.mu is held.
func (s *service) replaceFault(f Fault) error {
	var reopened net.Listener
	if f.Mode != ModeDown && s.server == nil {
		ln, err := s.open("tcp", s.addr)
		if err != nil {
			return err
		}
		reopened = ln
	}
	before := s.fault.Load()
	next := &activeFault{Fault: f, id: before.id + 1, over: make(chan struct{})}
	if f.ForS > 0 {
		next.ends = time.Now().Add(time.Duration(f.ForS) * time.Second)
	}
	s.fault.Store(next)
	close(before.over)
	s.keepFault()
	if f.ForS > 0 {
		s.ending = time.AfterFunc(time.Duration(f.ForS)*time.Second, func() { s.endFault(next) })
	}
	if reopened != nil {
		s.server = serve(reopened, s.http, s.log)
	}
	if f.Mode == ModeDown && s.server != nil {
		err := s.server.close()
		s.server = nil
		return err
	}
	return nil
}

// keepFault stops the timer that would end the fault. s.mu is held.
func (s *service) keepFault() {
	if s.ending != nil {
		s.ending.Stop()
		s.ending = nil
	}
}

// endFault makes the provider healthy if f is still its fault.
func (s *service) endFault(f *activeFault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || s.fault.Load() != f {
		return
	}
	if err := s.replaceFault(Fault{}.withDefaults()); err != nil {
		s.log.Error("simulator: the fault could not be ended", "provider", s.name, "error", err)
		return
	}
	s.log.Info("simulator: fault ended", "provider", s.name)
}
