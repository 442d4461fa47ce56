package weather

import "tributary/upstream/aggregate"

// Units is a system of units for answers.
type Units string

// The supported systems.
const (
	Metric   Units = "metric"   // °C, m/s, hPa, mm/h, m
	Imperial Units = "imperial" // °F, mph, inHg, in/h, mi
)

// ParseUnits returns the system with this name.
func ParseUnits(name string) (u Units, ok bool) {
	u = Units(name)
	return u, u == Metric || u == Imperial
}

// UnitNames are the unit symbols shown beside the numbers.
type UnitNames struct {
	Temperature   string `json:"temperature"`
	WindSpeed     string `json:"wind_speed"`
	Pressure      string `json:"pressure"`
	Precipitation string `json:"precipitation"`
	Visibility    string `json:"visibility"`
	Humidity      string `json:"humidity"`
}

// system converts and rounds the numbers of a Report. All its functions are
// monotonic, so that a gust above the wind speed stays above it after rounding.
type system struct {
	names         UnitNames
	temperature   func(celsius float64) float64
	speed         func(mps float64) float64
	pressure      func(hPa float64) float64
	precipitation func(mmPerHour float64) float64
	distance      func(metres float64) float64
}

var metric = system{
	names:         UnitNames{"°C", "m/s", "hPa", "mm/h", "m", "%"},
	temperature:   OneDecimal,
	speed:         OneDecimal,
	pressure:      OneDecimal,
	precipitation: OneDecimal,
	distance:      OneDecimal,
}

var imperial = system{
	names:         UnitNames{"°F", "mph", "inHg", "in/h", "mi", "%"},
	temperature:   func(celsius float64) float64 { return OneDecimal(celsius*9/5 + 32) },
	speed:         func(mps float64) float64 { return OneDecimal(mps * 3600 / 1609.344) },
	pressure:      func(hPa float64) float64 { return roundTo(hPa/33.86389, 100) },          // a tenth would be 3 hPa
	precipitation: func(mmPerHour float64) float64 { return roundTo(mmPerHour/25.4, 1000) }, // a tenth would make light rain 0
	distance:      miles,
}

func (u Units) system() *system {
	if u == Imperial {
		return &imperial
	}
	return &metric
}

// Temperature converts °C and rounds.
func (u Units) Temperature(celsius float64) float64 { return u.system().temperature(celsius) }

// Speed converts m/s and rounds.
func (u Units) Speed(mps float64) float64 { return u.system().speed(mps) }

// Pressure converts hPa and rounds.
func (u Units) Pressure(hPa float64) float64 { return u.system().pressure(hPa) }

// Precipitation converts mm and rounds, or mm/h.
func (u Units) Precipitation(mm float64) float64 { return u.system().precipitation(mm) }

// Names are the symbols of the units.
func (u Units) Names() UnitNames { return u.system().names }

// miles rounds to two decimals below 10: one decimal would round dense fog to 0.
func miles(metres float64) float64 {
	v := metres / 1609.344
	if v < 10 {
		return roundTo(v, 100)
	}
	return OneDecimal(v)
}

// OneDecimal rounds to tenths, halves away from zero.
func OneDecimal(v float64) float64 { return roundTo(v, 10) }

// Bearing rounds a direction; 359.97 is north, which is 0.
func Bearing(degrees float64) float64 { return aggregate.Clockwise(OneDecimal(degrees)) }
