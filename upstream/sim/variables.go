package sim

import "net/url"

// dimension is the quantity of an Open-Meteo variable; its unit depends on the request.
type dimension int

const (
	ofTemperature dimension = iota
	ofSpeed
	ofWater
	ofSnow
	ofLength
	ofShare
	ofPressure
	ofAngle
	ofCode
	ofFlag
	ofIndex
	dimensions
)

// scale converts our unit to the requested one.
type scale struct {
	symbol         string
	factor, offset float64
	decimals       int
}

// units has the scale of each dimension.
type units [dimensions]scale

// defaultUnits are the provider's; wind is in km/h.
func defaultUnits() units {
	return units{
		ofTemperature: {"°C", 1, 0, 1},
		ofSpeed:       {"km/h", 3.6, 0, 1},
		ofWater:       {"mm", 1, 0, 2},
		ofSnow:        {"cm", 1, 0, 2},
		ofLength:      {"m", 1, 0, 0},
		ofShare:       {"%", 1, 0, 0},
		ofPressure:    {"hPa", 1, 0, 1},
		ofAngle:       {"°", 1, 0, 0},
		ofCode:        {"wmo code", 1, 0, 0},
		ofFlag:        {"", 1, 0, 0},
		ofIndex:       {"", 1, 0, 2},
	}
}

// parseUnits returns the provider's reason for rejecting a unit, else "".
func parseUnits(v url.Values) (_ units, reason string) {
	u := defaultUnits()
	switch unit := v.Get("temperature_unit"); unit {
	case "", "celsius":
	case "fahrenheit":
		u[ofTemperature] = scale{"°F", 1.8, 32, 1}
	default:
		return u, unknownValue("TemperatureUnit", "temperature_unit", unit)
	}
	switch unit := v.Get("wind_speed_unit"); unit {
	case "", "kmh":
	case "ms":
		u[ofSpeed] = scale{"m/s", 1, 0, 2}
	case "mph":
		u[ofSpeed] = scale{"mp/h", 2.236936, 0, 1}
	case "kn":
		u[ofSpeed] = scale{"kn", 1.943844, 0, 1}
	default:
		return u, unknownValue("WindspeedUnit", "wind_speed_unit", unit)
	}
	switch unit := v.Get("precipitation_unit"); unit {
	case "", "mm":
	case "inch":
		u[ofWater] = scale{"inch", 1 / 25.4, 0, 3}
		u[ofSnow] = scale{"inch", 1 / 2.54, 0, 3}
		u[ofLength] = scale{"ft", 1 / 0.3048, 0, 0}
	default:
		return u, unknownValue("PrecipitationUnit", "precipitation_unit", unit)
	}
	return u, ""
}

// variable is a variable that current= may request.
type variable struct {
	dimension dimension
	of        func(w weather, elevation float64) float64
}

// currentVariables are Open-Meteo's. Sums cover the current block's interval of 15
// minutes.
var currentVariables = map[string]variable{
	"temperature_2m":       {ofTemperature, func(w weather, _ float64) float64 { return w.temperature }},
	"relative_humidity_2m": {ofShare, func(w weather, _ float64) float64 { return w.humidity }},
	"apparent_temperature": {ofTemperature, func(w weather, _ float64) float64 { return w.feelsLike }},
	"dew_point_2m":         {ofTemperature, func(w weather, _ float64) float64 { return w.dewPoint }},
	"is_day":               {ofFlag, func(w weather, _ float64) float64 { return number(w.sun.up()) }},
	"precipitation":        {ofWater, func(w weather, _ float64) float64 { return w.precipitation / 4 }},
	"rain": {ofWater, func(w weather, _ float64) float64 {
		return w.precipitation / 4 * number(!w.condition.isSnow() && !w.condition.isShowers())
	}},
	"showers": {ofWater, func(w weather, _ float64) float64 {
		return w.precipitation / 4 * number(w.condition.isShowers())
	}},
	"snowfall": {ofSnow, func(w weather, _ float64) float64 { // 7 cm of snow are 10 mm of water
		return w.precipitation / 4 * 0.7 * number(w.condition.isSnow())
	}},
	"weather_code":       {ofCode, func(w weather, _ float64) float64 { return float64(w.condition.wmo) }},
	"cloud_cover":        {ofShare, func(w weather, _ float64) float64 { return w.cloud }},
	"pressure_msl":       {ofPressure, func(w weather, _ float64) float64 { return w.pressure }},
	"surface_pressure":   {ofPressure, func(w weather, elevation float64) float64 { return w.surfacePressure(elevation) }},
	"wind_speed_10m":     {ofSpeed, func(w weather, _ float64) float64 { return w.windSpeed }},
	"wind_direction_10m": {ofAngle, func(w weather, _ float64) float64 { return w.windFrom }},
	"wind_gusts_10m":     {ofSpeed, func(w weather, _ float64) float64 { return w.windGust }},
	"visibility":         {ofLength, func(w weather, _ float64) float64 { return w.visibility }},
}

func number(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
