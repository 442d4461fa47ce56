package aggregate

import (
	"errors"
	"fmt"
	"time"

	"tributary/upstream"
)

// How far from now an observation may lie and still be about now: a provider's
// clock may run a little fast.
const (
	maxAhead = 15 * time.Minute
	maxAge   = 3 * time.Hour
)

// UnixTime reads seconds since 1970. The upper bound, in the year 5138, keeps
// the conversion defined and refuses milliseconds.
func UnixTime(field string, seconds Number) (time.Time, error) {
	if !seconds.Known {
		return time.Time{}, Unusable(field, seconds.Kind)
	}
	if !(seconds.Value > 0 && seconds.Value < 1e11) {
		return time.Time{}, fmt.Errorf("%s: %g is not a time in seconds since 1970", field, seconds.Value)
	}
	return time.Unix(int64(seconds.Value), 0).UTC(), nil
}

// CheckObserved draws the line between a wrong clock and an observation that is
// not of now, which has CodeNoData. Before the year 2000, or more than a year
// ahead, a time is no observation's: it is 0, or in another unit, and nothing
// else of the answer is believed either. In between the provider has nothing for
// now: a station that stopped long ago, or a forecast that has not begun.
func CheckObserved(observed, at time.Time) error {
	age := at.Sub(observed)
	switch {
	case observed.Year() < 2000:
		return errors.New("observed_at: before the year 2000")
	case observed.After(at.AddDate(1, 0, 0)):
		return errors.New("observed_at: more than a year in the future")
	case age < -maxAhead:
		return upstream.Errorf(upstream.CodeNoData, "no value now: the observation is more than %g minutes in the future", maxAhead.Minutes())
	case age > maxAge:
		return upstream.Errorf(upstream.CodeNoData, "no value now: the observation is more than %g hours old", maxAge.Hours())
	}
	return nil
}
