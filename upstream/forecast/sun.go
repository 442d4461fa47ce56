package forecast

import (
	"math"
	"time"

	"tributary/upstream/weather"
)

// horizon is the zenith angle in degrees at which the sun's upper edge is on the horizon,
// with refraction.
const horizon = 90.833

// sunNear computes when the sun rises and sets on the days around a time, by NOAA's
// solar calculator, to about a minute, for places at sea level.
// https://gml.noaa.gov/grad/solcalc/calcdetails.html
func sunNear(latitude, longitude float64, t time.Time) (all []weather.Sun) {
	midnight := t.UTC().Truncate(24 * time.Hour)
	for day := -2; day <= 2; day++ {
		noon := solarNoon(longitude, midnight.AddDate(0, 0, day))
		rise, rises := crossing(latitude, longitude, noon, -1)
		set, sets := crossing(latitude, longitude, noon, 1)
		if rises && sets {
			all = append(all, weather.Sun{Rise: rise.Round(time.Minute), Set: set.Round(time.Minute)})
		}
	}
	return all
}

// solarNoon is when the sun is highest on a day, which is given by its midnight UTC.
func solarNoon(longitude float64, midnight time.Time) time.Time {
	noon := midnight.Add(minutes(720 - 4*longitude))
	_, equation := sunAt(noon)
	return noon.Add(-minutes(equation))
}

// crossing is when the sun is on the horizon before noon (side -1) or after it (1). It
// depends on the sun's position at that time, so it is computed again from there.
func crossing(latitude, longitude float64, noon time.Time, side float64) (t time.Time, ok bool) {
	_, equationAtNoon := sunAt(noon)
	t = noon
	for range 3 {
		declination, equation := sunAt(t)
		cosine := (math.Cos(radians(horizon)) - math.Sin(radians(latitude))*math.Sin(declination)) /
			(math.Cos(radians(latitude)) * math.Cos(declination))
		if !(cosine >= -1 && cosine <= 1) { // polar day or night
			return time.Time{}, false
		}
		angle := degrees(math.Acos(cosine))
		t = noon.Add(minutes(side*4*angle + equationAtNoon - equation))
	}
	return t, true
}

// sunAt returns the sun's declination in radians, and by how many minutes a sundial is
// fast, the equation of time.
func sunAt(t time.Time) (declination, equation float64) {
	century := (float64(t.Unix())/86400 + 2440587.5 - 2451545) / 36525 // since the year 2000
	longitude := radians(math.Mod(280.46646+century*(36000.76983+century*0.0003032), 360))
	anomaly := radians(357.52911 + century*(35999.05029-0.0001537*century))
	eccentricity := 0.016708634 - century*(0.000042037+0.0000001267*century)
	center := math.Sin(anomaly)*(1.914602-century*(0.004817+0.000014*century)) +
		math.Sin(2*anomaly)*(0.019993-0.000101*century) + math.Sin(3*anomaly)*0.000289
	node := radians(125.04 - 1934.136*century)
	apparent := radians(degrees(longitude) + center - 0.00569 - 0.00478*math.Sin(node))
	mean := 23 + (26+(21.448-century*(46.815+century*(0.00059-century*0.001813)))/60)/60
	obliquity := radians(mean + 0.00256*math.Cos(node))

	declination = math.Asin(math.Sin(obliquity) * math.Sin(apparent))
	y := math.Pow(math.Tan(obliquity/2), 2)
	e := eccentricity
	equation = 4 * degrees(y*math.Sin(2*longitude)-2*e*math.Sin(anomaly)+4*e*y*math.Sin(anomaly)*math.Cos(2*longitude)-
		0.5*y*y*math.Sin(4*longitude)-1.25*e*e*math.Sin(2*anomaly))
	return declination, equation
}

func minutes(m float64) time.Duration { return time.Duration(m * float64(time.Minute)) }

func radians(degrees float64) float64 { return degrees * math.Pi / 180 }

func degrees(radians float64) float64 { return radians * 180 / math.Pi }
