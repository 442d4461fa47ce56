package weather

// Condition is the state of the weather in one word. The values are part of the
// public contract. Each provider's file maps its own codes to them; a code without
// a mapping is Unknown.
type Condition string

// The eighteen conditions.
const (
	Clear           Condition = "clear"
	MostlyClear     Condition = "mostly_clear"
	PartlyCloudy    Condition = "partly_cloudy"
	Cloudy          Condition = "cloudy"
	Fog             Condition = "fog"
	Haze            Condition = "haze"
	Drizzle         Condition = "drizzle"
	FreezingDrizzle Condition = "freezing_drizzle"
	Rain            Condition = "rain"
	FreezingRain    Condition = "freezing_rain"
	Sleet           Condition = "sleet"
	Snow            Condition = "snow"
	RainShowers     Condition = "rain_showers"
	SnowShowers     Condition = "snow_showers"
	Thunderstorm    Condition = "thunderstorm"
	Hail            Condition = "hail"
	Dust            Condition = "dust"
	Unknown         Condition = "unknown"
)

// Text names the condition for people, in English.
func (c Condition) Text() string {
	switch c {
	case Clear:
		return "Clear"
	case MostlyClear:
		return "Mostly clear"
	case PartlyCloudy:
		return "Partly cloudy"
	case Cloudy:
		return "Cloudy"
	case Fog:
		return "Fog"
	case Haze:
		return "Haze"
	case Drizzle:
		return "Drizzle"
	case FreezingDrizzle:
		return "Freezing drizzle"
	case Rain:
		return "Rain"
	case FreezingRain:
		return "Freezing rain"
	case Sleet:
		return "Sleet"
	case Snow:
		return "Snow"
	case RainShowers:
		return "Rain showers"
	case SnowShowers:
		return "Snow showers"
	case Thunderstorm:
		return "Thunderstorm"
	case Hail:
		return "Hail"
	case Dust:
		return "Dust"
	}
	return "Unknown"
}

// known is false for the zero Condition and Unknown.
func (c Condition) known() bool { return c != "" && c != Unknown }

// dry reports whether c excludes precipitation.
func (c Condition) dry() bool {
	switch c {
	case Clear, MostlyClear, PartlyCloudy, Cloudy, Fog, Haze, Dust:
		return true
	}
	return false
}
