package sim

import (
	"math"
	"time"
)

// openMeteoAirQuality is https://open-meteo.com/en/docs/air-quality-api. Pollen
// and ammonia are known in Europe only.
var openMeteoAirQuality = openMeteoAPI{
	name:     OpenMeteoAir,
	path:     "/v1/air-quality",
	variable: "CamsVariable",
	interval: time.Hour,
	cell:     func(deg float64) float64 { return math.Round(deg*10) / 10 },
	knows:    func(name string) bool { _, ok := airVariables[name]; return ok },
	measure: func(q openMeteoQuery, at time.Time) func(string) measurement {
		a := openMeteoModel.airAt(q.lat, q.lon, at)
		return func(name string) measurement {
			v := airVariables[name]
			m := measurement{symbol: v.symbol, decimals: v.decimals, unknown: v.europe && !inEurope(q.lat, q.lon)}
			if name == "us_aqi" { // of a day, not of an hour
				m.value = openMeteoModel.usAQI(q.lat, q.lon, at)
			} else {
				m.value = v.of(a)
			}
			return m
		}
	},
}

// airVariable is one that current= may ask for.
type airVariable struct {
	symbol   string
	decimals int
	europe   bool // known nowhere else
	of       func(airQuality) float64
}

// concentration is in micrograms, which Open-Meteo writes with the Greek letter.
const concentration = "\u03bcg/m³"

var airVariables = func() map[string]airVariable {
	all := map[string]airVariable{
		"pm2_5":            {concentration, 1, false, func(a airQuality) float64 { return a.pm25 }},
		"pm10":             {concentration, 1, false, func(a airQuality) float64 { return a.pm10 }},
		"ozone":            {concentration, 1, false, func(a airQuality) float64 { return a.ozone }},
		"nitrogen_dioxide": {concentration, 1, false, func(a airQuality) float64 { return a.no2 }},
		"sulphur_dioxide":  {concentration, 1, false, func(a airQuality) float64 { return a.so2 }},
		"carbon_monoxide":  {concentration, 1, false, func(a airQuality) float64 { return a.co }},
		"ammonia":          {concentration, 1, true, func(a airQuality) float64 { return a.ammonia }},
		"european_aqi":     {"EAQI", 0, false, airQuality.europeanAQI},
		"us_aqi":           {"USAQI", 0, false, nil},
	}
	for i, p := range pollenSeasons {
		all[p.plant+"_pollen"] = airVariable{"grains/m³", 1, true, func(a airQuality) float64 { return a.pollen[i] }}
	}
	return all
}()

// inEurope is the box of the European model.
func inEurope(lat, lon float64) bool { return lat >= 30 && lat <= 72 && lon >= -25 && lon <= 45 }
