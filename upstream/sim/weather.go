package sim

import (
	"math"
	"time"
)

// weather is the weather of one place and full hour. Every number is in the range of its
// unit.
type weather struct {
	temperature   float64 // °C, 2 m above ground
	feelsLike     float64 // °C
	dewPoint      float64 // °C, not above temperature
	humidity      float64 // %
	pressure      float64 // hPa, at sea level
	windSpeed     float64 // m/s, mean at 10 m
	windGust      float64 // m/s, not below windSpeed
	windFrom      float64 // degrees clockwise from north, 0 up to 360
	cloud         float64 // %
	precipitation float64 // mm/h of water; 0, or at least 0.1
	chance        float64 // % of precipitation
	showery       bool    // precipitation comes as showers
	visibility    float64 // m
	sun           sun
	condition     *condition
}

// model is one provider's version of the same weather. The difference changes with
// place and hour, so that providers nearly agree.
type model float64

// The models of the three weather providers.
const (
	openMeteoModel   model = 0
	openWeatherModel model = 0.37
	metNorwayModel   model = 0.71
)

// at returns the weather of the full hour that contains t, for coordinates rounded to
// two decimals. It computes a few sines and stores nothing: about a microsecond.
func (m model) at(lat, lon float64, t time.Time) weather {
	lat, lon = round(lat, 2), round(lon, 2)
	t = t.UTC().Truncate(time.Hour)
	w := weather{sun: sunAt(lat, lon, t)}

	point := spacetime{lat, lon, float64(t.Unix() / 3600)}
	front := 0.65*point.wave(83, 5, 31, 0) + 0.35*point.wave(37, 11, 17, 0.3) // weather systems: days, 1000 km
	local := point.wave(11, 67, 3.1, 0.6)                                     // structure within them: hours, 100 km
	wind := point.wave(29, 9, 13, 0.15)
	drift := point.wave(17, 13, 7, float64(m)) // the difference between providers

	moisture := 0.65*front + 0.35*local // from -1, dry, to 1, wet
	w.showery = local > front
	w.cloud = clamp(50+90*moisture+5*drift-15*number(w.showery), 0, 100)
	w.temperature = climate(lat, w.sun, w.cloud) + 3*front + 2*local + 0.7*drift
	w.pressure = 1013 - 13*front - 3*local + 3*wind + 0.4*drift
	w.windSpeed = (0.3 + 6*wind*wind + 5*max(front, 0)) * (1 + 0.1*drift)
	w.windGust = w.windSpeed * (1.25 + 0.4*max(moisture, 0))
	w.windFrom = math.Mod(720+250+90*front+40*local+8*drift, 360)
	w.precipitation = precipitation(moisture, w.temperature) * (1 + 0.15*drift)
	if w.precipitation < 0.1 {
		w.precipitation = 0
	}

	w.chance = clamp(90*(moisture+0.35)+4*drift, 0, 100)

	warmestAt15 := math.Cos(2 * math.Pi * (w.sun.hour - 15) / 24)
	w.humidity = clamp(63+33*moisture-9*warmestAt15+2*drift, 8, 100)
	w.dewPoint = dewPoint(w.temperature, w.humidity)
	w.feelsLike = apparentTemperature(w.temperature, w.dewPoint, w.windSpeed)
	w.condition = w.describe()
	w.visibility = w.sight()
	return w
}

// spacetime is a place in degrees and a time in hours since 1970.
type spacetime struct{ lat, lon, hour float64 }

// wave returns a value from −1 to 1 that travels east around the globe. period is in
// hours, crests is the number of crests around a circle of latitude (an integer, so
// that 180° E and W agree), tilt the degrees of latitude between crests.
func (p spacetime) wave(period, crests, tilt, phase float64) float64 {
	return math.Sin(2 * math.Pi * (crests*p.lon/360 - p.hour/period + p.lat/tilt + phase))
}

// climate is the expected temperature in °C for latitude, season, time of day and cloud
// cover.
func climate(lat float64, s sun, cloud float64) float64 {
	sine := math.Abs(math.Sin(radians(lat)))
	mean := 28 - 40*math.Pow(sine, 3)
	season := 1 + 13*sine
	day := (6 - 0.04*cloud) * math.Cos(radians(lat))
	return mean + math.Copysign(season, lat)*s.season + day*math.Cos(2*math.Pi*(s.hour-15)/24)
}

// precipitation is in mm/h; cold air holds less water.
func precipitation(moisture, temperature float64) float64 {
	const wetFrom = 0.45
	if moisture <= wetFrom {
		return 0
	}
	return 24 * math.Pow(moisture-wetFrom, 1.5) * clamp((temperature+30)/45, 0.1, 1)
}

// dewPoint uses Magnus's formula, in °C and %.
func dewPoint(temperature, humidity float64) float64 {
	const b, c = 17.62, 243.12
	g := math.Log(humidity/100) + b*temperature/(c+temperature)
	return min(c*g/(b-g), temperature)
}

// apparentTemperature is Steadman's for shade, in °C: humidity makes it warmer, wind
// (m/s) colder.
func apparentTemperature(temperature, dewPoint, wind float64) float64 {
	vapour := 6.112 * math.Exp(17.62*dewPoint/(243.12+dewPoint)) // hPa
	return temperature + 0.33*vapour - 0.7*wind - 4
}

// sight is the visibility in metres.
func (w weather) sight() float64 {
	switch {
	case w.condition == &fog:
		return 400
	case w.precipitation > 0:
		return clamp(14000-3000*w.precipitation, 1000, 14000)
	default:
		return 40000 - 250*w.humidity
	}
}

// surfacePressure is in hPa by the standard atmosphere, for an elevation in metres.
func (w weather) surfacePressure(elevation float64) float64 {
	return w.pressure * math.Pow(1-0.0065*elevation/288.15, 5.255)
}

// elevation is an invented height of the ground in whole metres, 0 to 480.
func elevation(lat, lon float64) float64 {
	hills := spacetime{lat, lon, 0}.wave(1, 41, 9, 0.2)
	return math.Round(480 * hills * hills)
}

func clamp(v, least, most float64) float64 { return max(least, min(v, most)) }
