package sim

import (
	"errors"
	"fmt"
	"time"
)

// SetFault changes the behaviour of a provider from the next request on; the zero Fault
// makes it healthy. It returns when the provider has closed its listener or listens
// again, if the fault changes that.
func (s *Simulator) SetFault(provider string, f Fault) error {
	sv, f, err := s.checked(provider, f)
	if err != nil {
		return err
	}
	if err := sv.setFault(f); err != nil {
		return fmt.Errorf("%s: %w", provider, err)
	}
	return nil
}

// checked returns the service of a provider, and the fault with its defaults.
func (s *Simulator) checked(provider string, f Fault) (*service, Fault, error) {
	sv := s.service(provider)
	if sv == nil {
		return nil, f, fmt.Errorf("no provider %q", provider)
	}
	f = f.withDefaults()
	if err := f.check(); err != nil {
		return nil, f, fmt.Errorf("%s: %w", provider, err)
	}
	return sv, f, nil
}

// ErrFaultChanged is the error of ReplaceFault if somebody else has set a fault.
var ErrFaultChanged = errors.New("the fault has been changed by somebody else")

// ActiveFault is the fault that a provider has now.
type ActiveFault struct {
	Fault
	ID   uint64    // changes with each fault that is set, or ends
	Ends time.Time // zero: it does not end by itself
}

// Fault returns the fault of a provider, and false for an unknown name.
func (s *Simulator) Fault(provider string) (ActiveFault, bool) {
	sv := s.service(provider)
	if sv == nil {
		return ActiveFault{}, false
	}
	f := sv.fault.Load()
	return ActiveFault{f.Fault, f.id, f.ends}, true
}

// ReplaceFault is SetFault, unless the provider no longer has the fault with this id:
// then the error is ErrFaultChanged. It returns the id of the new fault.
func (s *Simulator) ReplaceFault(provider string, id uint64, f Fault) (uint64, error) {
	sv, f, err := s.checked(provider, f)
	if err != nil {
		return 0, err
	}
	id, err = sv.setFaultAfter(id, f)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", provider, err)
	}
	return id, nil
}
