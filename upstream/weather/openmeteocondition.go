package weather

// wmoCondition maps all WMO codes that Open-Meteo uses.
// https://open-meteo.com/en/docs#weather_variable_documentation
func wmoCondition(code *float64) Condition {
	if code == nil {
		return Unknown
	}
	switch *code {
	case 0:
		return Clear
	case 1:
		return MostlyClear
	case 2:
		return PartlyCloudy
	case 3:
		return Cloudy
	case 45, 48: // fog, depositing rime fog
		return Fog
	case 51, 53, 55:
		return Drizzle
	case 56, 57:
		return FreezingDrizzle
	case 61, 63, 65:
		return Rain
	case 66, 67:
		return FreezingRain
	case 71, 73, 75, 77: // 77 is snow grains
		return Snow
	case 80, 81, 82:
		return RainShowers
	case 85, 86:
		return SnowShowers
	case 95:
		return Thunderstorm
	case 96, 99: // with hail; hail implies thunder, not the reverse
		return Hail
	}
	return Unknown
}
