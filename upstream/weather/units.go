package weather

// Units is the system of units that numbers are shown in.
type Units string

// The two systems.
const (
	Metric   Units = "metric"   // °C, m/s, hPa, mm/h, m
	Imperial Units = "imperial" // °F, mph, inHg, in/h, mi
)

// ParseUnits reads a system by its name.
func ParseUnits(name string) (u Units, ok bool) {
	u = Units(name)
	return u, u == Metric || u == Imperial
}

// UnitNames says in which units the numbers beside it are.
type UnitNames struct {
	Temperature   string `json:"temperature"`
	WindSpeed     string `json:"wind_speed"`
	Pressure      string `json:"pressure"`
	Precipitation string `json:"precipitation"`
	Visibility    string `json:"visibility"`
	Humidity      string `json:"humidity"`
}

// system is how the numbers of a Report are shown: converted and rounded. All
// its functions are monotonic, so that what is in order in a Report, a gust above
// the wind speed, is in order as shown.
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

// miles has two decimals below 10: with one, dense fog would be 0.
func miles(metres float64) float64 {
	v := metres / 1609.344
	if v < 10 {
		return roundTo(v, 100)
	}
	return OneDecimal(v)
}

// OneDecimal rounds to tenths, halves away from zero.
func OneDecimal(v float64) float64 { return roundTo(v, 10) }

// bearing rounds a direction; 359.97 is north, which is 0.
func bearing(degrees float64) float64 { return clockwise(OneDecimal(degrees)) }
