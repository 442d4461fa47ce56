package sim

import (
	"math"
	"time"
)

// horizon is the elevation of the sun's centre, in degrees, at which its upper edge is
// on the horizon, because of refraction and its size.
const horizon = -0.833

// sun is the position of the sun for a place and time, to about a degree.
type sun struct {
	elevation   float64 // degrees above the horizon
	declination float64 // degrees north of the equator
	hour        float64 // solar time of day, 0 to 24; noon is 12
	season      float64 // −1 at the northern winter solstice, 1 at the summer one
}

func sunAt(lat, lon float64, t time.Time) sun {
	t = t.UTC()
	sinceSolstice := float64(t.YearDay()+10) / 365.25 // years since 22 December
	season := -math.Cos(2 * math.Pi * sinceSolstice)
	hour := math.Mod(float64(t.Hour())+float64(t.Minute())/60+lon/15+48, 24)
	s := sun{declination: 23.44 * season, hour: hour, season: season}
	sinLat, cosLat := math.Sincos(radians(lat))
	sinDec, cosDec := math.Sincos(radians(s.declination))
	sine := sinLat*sinDec + cosLat*cosDec*math.Cos(radians(15*(hour-12)))
	s.elevation = degrees(math.Asin(max(-1, min(1, sine))))
	return s
}

func (s sun) up() bool { return s.elevation > horizon }

// polarTwilight reports whether it is a day without sunrise at this latitude on which
// twilight occurs around noon.
func (s sun) polarTwilight(lat float64) bool {
	noon := 90 - math.Abs(lat-s.declination)
	return noon <= horizon && noon > -6
}

// riseAndSet returns sunrise and sunset on the solar day of t, zero if the sun does not
// cross the horizon.
func riseAndSet(lat, lon float64, t time.Time) (rise, set time.Time) {
	s := sunAt(lat, lon, t)
	sinLat, cosLat := math.Sincos(radians(lat))
	sinDec, cosDec := math.Sincos(radians(s.declination))
	half := (math.Sin(radians(horizon)) - sinLat*sinDec) / (cosLat * cosDec)
	if !(math.Abs(half) < 1) {
		return time.Time{}, time.Time{}
	}
	halfDay := hours(degrees(math.Acos(half)) / 15)
	noon := t.UTC().Truncate(time.Minute).Add(hours(12 - s.hour))
	return noon.Add(-halfDay).Truncate(time.Second), noon.Add(halfDay).Truncate(time.Second)
}

func hours(h float64) time.Duration { return time.Duration(h * float64(time.Hour)) }

func radians(deg float64) float64 { return deg * math.Pi / 180 }

func degrees(rad float64) float64 { return rad * 180 / math.Pi }
