package forecast

import (
	"math/bits"
	"sync"
	"time"
	_ "time/tzdata" // container images have no time zone files

	"tributary/upstream/weather"
)

// day is a calendar day of a place: the full hours UTC that begin on this date there.
// It has 23 or 25 of them where the clocks change. In time zones that are not whole
// hours from UTC its first hour begins after midnight.
type day struct {
	date        string // 2006-01-02
	from, until time.Time
}

// daysFrom returns n days, the first of which is today.
func daysFrom(now time.Time, zone *time.Location, n int) []day {
	today := dateIn(zone, now)
	hour := now.UTC().Truncate(time.Hour)
	for dateIn(zone, hour) >= today {
		hour = hour.Add(-time.Hour)
	}
	hour = hour.Add(time.Hour)
	days := make([]day, n)
	for i := range days {
		d := day{date: dateIn(zone, hour), from: hour}
		for dateIn(zone, hour) == d.date {
			hour = hour.Add(time.Hour)
		}
		d.until = hour
		days[i] = d
	}
	return days
}

func dateIn(zone *time.Location, t time.Time) string { return t.In(zone).Format(time.DateOnly) }

// step is the part of a day by which the coverage of a provider is measured.
const step = 3 * time.Hour

// leastSteps of the eight steps of a day give a provider a say in it.
const leastSteps = 7

// covered reports whether enough of the day's steps have a value. A step of three hours
// has one if any of its hours has: an hourly forecast needs no more than one in blocks of
// three hours. A day of 23 or 25 hours has a shorter last step.
func (d day) covered(steps []weather.Step, has func(*weather.Step) bool) bool {
	var seen uint
	for i := range steps {
		if has(&steps[i]) {
			seen |= 1 << uint(steps[i].At.Sub(d.from)/step)
		}
	}
	return bits.OnesCount(seen) >= leastSteps
}

// zones has the time zones that were loaded. Their number is limited, because other
// names are not kept.
var zones sync.Map // string to *time.Location

// zoneOf returns the first time zone of several names that exists, and its name; UTC if
// none does.
func zoneOf(names ...string) (*time.Location, string) {
	for _, name := range names {
		if name == "" || name == "Local" { // Go gives these names a meaning of its own
			continue
		}
		if zone, ok := zones.Load(name); ok {
			return zone.(*time.Location), name
		}
		if zone, err := time.LoadLocation(name); err == nil {
			zones.Store(name, zone)
			return zone, name
		}
	}
	return time.UTC, "UTC"
}
