package sim

import (
	"fmt"
	"math"
	"sync"
	"time"
	_ "time/tzdata" // the images that this runs in have no zone files
)

// zones remembers the time zones it has loaded; there are only so many names.
type zones struct {
	loaded sync.Map // string to *time.Location
}

func newZones() *zones { return &zones{} }

// load knows IANA names, and "GMT".
func (z *zones) load(name string) (*time.Location, bool) {
	if loc, ok := z.loaded.Load(name); ok {
		return loc.(*time.Location), true
	}
	if name == "" || name == "Local" { // Go's own meanings
		return nil, false
	}
	loc, err := time.LoadLocation(name)
	if err != nil {
		return nil, false
	}
	z.loaded.Store(name, loc)
	return loc, true
}

// offsetSeconds is how far a zone is ahead of UTC at t; an unknown zone is not.
func (z *zones) offsetSeconds(name string, t time.Time) int {
	loc, ok := z.load(name)
	if !ok {
		return 0
	}
	_, offset := t.In(loc).Zone()
	return offset
}

// zoneNear is the zone of a known place within two degrees, else the nautical
// one: 15 degrees of longitude an hour. The signs of Etc names are reversed.
func zoneNear(lat, lon float64) string {
	if near := nearestPlace(lat, lon); near.distance < 2 {
		return near.zone
	}
	return nauticalZone(lon)
}

func nauticalZone(lon float64) string {
	hours := int(math.Round(lon / 15))
	if hours == 0 {
		return "GMT"
	}
	return fmt.Sprintf("Etc/GMT%+d", -hours)
}

// abbreviation is Open-Meteo's name for an offset: GMT, GMT+2, GMT+9:30.
func abbreviation(offsetSeconds int) string {
	sign, minutes := '+', offsetSeconds/60
	if minutes < 0 {
		sign, minutes = '-', -minutes
	}
	switch {
	case minutes == 0:
		return "GMT"
	case minutes%60 == 0:
		return fmt.Sprintf("GMT%c%d", sign, minutes/60)
	default:
		return fmt.Sprintf("GMT%c%d:%02d", sign, minutes/60, minutes%60)
	}
}
