package weather

import "strings"

// day and night are shared by all reports, which do not change.
var day, night = true, false

// metnoCondition maps every symbol code, including two misspelled ones (with a double
// s). In polar twilight it is neither day nor night.
// https://api.met.no/weatherapi/weathericon/2.0/documentation
func metnoCondition(symbol string) (Condition, *bool) {
	base, light, _ := strings.Cut(symbol, "_")
	var isDay *bool
	switch light {
	case "day":
		isDay = &day
	case "night":
		isDay = &night
	case "", "polartwilight":
	default:
		return Unknown, nil
	}
	return metnoBase(base), isDay
}

func metnoBase(base string) Condition {
	switch base {
	case "clearsky":
		return Clear
	case "fair":
		return MostlyClear
	case "partlycloudy":
		return PartlyCloudy
	case "cloudy":
		return Cloudy
	case "fog":
		return Fog
	case "lightrain", "rain", "heavyrain":
		return Rain
	case "lightrainshowers", "rainshowers", "heavyrainshowers":
		return RainShowers
	case "lightsleet", "sleet", "heavysleet",
		"lightsleetshowers", "sleetshowers", "heavysleetshowers":
		return Sleet
	case "lightsnow", "snow", "heavysnow":
		return Snow
	case "lightsnowshowers", "snowshowers", "heavysnowshowers":
		return SnowShowers
	case "lightrainandthunder", "rainandthunder", "heavyrainandthunder",
		"lightrainshowersandthunder", "rainshowersandthunder", "heavyrainshowersandthunder",
		"lightsleetandthunder", "sleetandthunder", "heavysleetandthunder",
		"lightsleetshowersandthunder", "lightssleetshowersandthunder", "sleetshowersandthunder", "heavysleetshowersandthunder",
		"lightsnowandthunder", "snowandthunder", "heavysnowandthunder",
		"lightsnowshowersandthunder", "lightssnowshowersandthunder", "snowshowersandthunder", "heavysnowshowersandthunder":
		return Thunderstorm
	}
	return Unknown
}
