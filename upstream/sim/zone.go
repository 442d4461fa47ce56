package sim

import (
	"fmt"
	"math"
	"sync"
	"time"
	_ "time/tzdata" // container images have no time zone files
)

// zones caches loaded time zones; the number of names is limited.
type zones struct {
	loaded sync.Map // string to *time.Location
}

func newZones() *zones { return &zones{} }

// load accepts IANA names and "GMT".
func (z *zones) load(name string) (*time.Location, bool) {
	if loc, ok := z.loaded.Load(name); ok {
		return loc.(*time.Location), true
	}
	if name == "" || name == "Local" { // Go gives these names a meaning of its own
		return nil, false
	}
	loc, err := time.LoadLocation(name)
	if err != nil {
		return nil, false
	}
	z.loaded.Store(name, loc)
	return loc, true
}

// offsetSeconds is the offset of a zone from UTC at t; 0 for an unknown zone.
func (z *zones) offsetSeconds(name string, t time.Time) int {
	loc, ok := z.load(name)
	if !ok {
		return 0
	}
	_, offset := t.In(loc).Zone()
	return offset
}

// zoneNear is the zone of a known place within two degrees, else the nautical zone,
// an hour for 15 degrees of longitude. The signs of Etc names are reversed.
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

// abbreviation is Open-Meteo's name of an offset: GMT, GMT+2, GMT+9:30.
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
