package call

// Load is how busy the gateway itself is. Its methods are safe for concurrent use.
type Load interface {
	// Closed reports whether the gateway refuses requests: calls have no hedges then,
	// because most of those that take long do so because of us.
	Closed() bool

	// Starved reports whether our own goroutines wait too long for a processor. The
	// duration of an attempt says nothing about the upstream then.
	Starved() bool
}

// Unloaded is a Load that is never busy.
type Unloaded struct{}

// Closed implements Load.
func (Unloaded) Closed() bool { return false }

// Starved implements Load.
func (Unloaded) Starved() bool { return false }
