package weather

// openWeatherCondition maps all condition ids.
// https://openweathermap.org/weather-conditions
func openWeatherCondition(id *float64) Condition {
	if id == nil {
		return Unknown
	}
	switch *id {
	case 200, 201, 202, 210, 211, 212, 221, 230, 231, 232:
		return Thunderstorm
	case 300, 301, 302, 310, 311, 312, 321: // drizzle, drizzle rain, shower drizzle
		return Drizzle
	case 313, 314: // shower rain and drizzle: the heavier of the two
		return RainShowers
	case 500, 501, 502, 503, 504:
		return Rain
	case 511:
		return FreezingRain
	case 520, 521, 522, 531:
		return RainShowers
	case 600, 601, 602:
		return Snow
	case 611, 612, 613, 615, 616: // sleet, its showers, rain and snow
		return Sleet
	case 620, 621, 622:
		return SnowShowers
	case 701, 741: // mist is thin fog
		return Fog
	case 711, 721: // smoke, haze
		return Haze
	case 731, 751, 761, 762: // dust whirls, sand, dust, volcanic ash
		return Dust
	case 771, 781: // squalls, tornado: the nearest of our conditions that warns
		return Thunderstorm
	case 800:
		return Clear
	case 801: // 11 to 25 %
		return MostlyClear
	case 802: // to 50 %
		return PartlyCloudy
	case 803, 804: // to 84 %, to 100 %
		return Cloudy
	}
	return Unknown
}
