package aggregate

import (
	"errors"
	"fmt"
	"time"

	"tributary/upstream"
)

// How far from now an observation may be and still count as current. It may be in the
// future a little, because a provider's clock may be fast.
const (
	maxAhead = 15 * time.Minute
	maxAge   = 3 * time.Hour
)

// UnixTime converts seconds since 1970. The upper bound, in the year 5138, avoids an
// overflow and refuses milliseconds.
func UnixTime(field string, seconds Number) (time.Time, error) {
	if !seconds.Known {
		return time.Time{}, Unusable(field, seconds.Kind)
	}
	if !(seconds.Value > 0 && seconds.Value < 1e11) {
		return time.Time{}, fmt.Errorf("%s: %g is not a time in seconds since 1970", field, seconds.Value)
	}
	return time.Unix(int64(seconds.Value), 0).UTC(), nil
}

// CheckObserved rejects an observation that is not current. Before the year 2000, or
// more than a year ahead, the time is 0 or in another unit: the whole answer is
// invalid. Otherwise the error has CodeNoData: the provider has no value for now, for
// example because a station stopped or a forecast has not begun.
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
