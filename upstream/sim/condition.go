package sim

// condition is one kind of weather with the codes and texts of each provider.
type condition struct {
	wmo    int    // Open-Meteo's weather_code, WMO table 4677
	owm    int    // OpenWeather's condition id
	group  string // OpenWeather's "main"
	text   string // OpenWeather's "description"
	icon   string // OpenWeather's icon without d or n
	symbol string // MET Norway's symbol_code without the suffix for the time of day
	timed  bool   // MET Norway's symbol has such a suffix
}

var (
	clearSky        = condition{0, 800, "Clear", "clear sky", "01", "clearsky", true}
	fewClouds       = condition{1, 801, "Clouds", "few clouds", "02", "fair", true}
	scatteredClouds = condition{2, 802, "Clouds", "scattered clouds", "03", "partlycloudy", true}
	brokenClouds    = condition{2, 803, "Clouds", "broken clouds", "04", "partlycloudy", true}
	overcast        = condition{3, 804, "Clouds", "overcast clouds", "04", "cloudy", false}
	fog             = condition{45, 741, "Fog", "fog", "50", "fog", false}

	drizzle      = condition{51, 300, "Drizzle", "light intensity drizzle", "09", "lightrain", false}
	freezingRain = condition{66, 511, "Rain", "freezing rain", "13", "sleet", false}
	thunderstorm = condition{95, 201, "Thunderstorm", "thunderstorm with rain", "11", "rainandthunder", false}
)

// Indexed by strength: light, moderate, heavy.
var (
	rain = [3]condition{
		{61, 500, "Rain", "light rain", "10", "lightrain", false},
		{63, 501, "Rain", "moderate rain", "10", "rain", false},
		{65, 502, "Rain", "heavy intensity rain", "10", "heavyrain", false},
	}
	rainShowers = [3]condition{
		{80, 520, "Rain", "light intensity shower rain", "09", "lightrainshowers", true},
		{81, 521, "Rain", "shower rain", "09", "rainshowers", true},
		{82, 522, "Rain", "heavy intensity shower rain", "09", "heavyrainshowers", true},
	}
	snow = [3]condition{
		{71, 600, "Snow", "light snow", "13", "lightsnow", false},
		{73, 601, "Snow", "snow", "13", "snow", false},
		{75, 602, "Snow", "heavy snow", "13", "heavysnow", false},
	}
	snowShowers = [3]condition{
		{85, 620, "Snow", "light shower snow", "13", "lightsnowshowers", true},
		{85, 621, "Snow", "shower snow", "13", "snowshowers", true},
		{86, 622, "Snow", "heavy shower snow", "13", "heavysnowshowers", true},
	}
)

// describe returns the condition for these values.
func (w weather) describe() *condition {
	if w.precipitation == 0 {
		return w.describeDry()
	}
	strength := 0
	switch {
	case w.precipitation >= 7.6: // mm/h; the usual limits of meteorological services
		strength = 2
	case w.precipitation >= 2.5:
		strength = 1
	}
	switch {
	case w.temperature <= -1 && w.showery:
		return &snowShowers[strength]
	case w.temperature <= -1:
		return &snow[strength]
	case w.temperature <= 0:
		return &freezingRain
	case w.temperature >= 18 && w.precipitation >= 3.5:
		return &thunderstorm
	case w.showery:
		return &rainShowers[strength]
	case w.precipitation < 0.3:
		return &drizzle
	default:
		return &rain[strength]
	}
}

func (w weather) describeDry() *condition {
	switch {
	case w.humidity >= 82 && w.windSpeed < 2:
		return &fog
	case w.cloud < 12:
		return &clearSky
	case w.cloud < 25:
		return &fewClouds
	case w.cloud < 50:
		return &scatteredClouds
	case w.cloud < 88:
		return &brokenClouds
	default:
		return &overcast
	}
}

func (c *condition) isSnow() bool { return c.owm >= 600 && c.owm < 700 }

func (c *condition) isShowers() bool { return c.wmo >= 80 && c.wmo <= 82 || c.wmo >= 95 }

// openWeatherIcon returns the icon for day or night.
func (c *condition) openWeatherIcon(s sun) string {
	if s.up() {
		return c.icon + "d"
	}
	return c.icon + "n"
}

// metSymbol returns MET Norway's symbol_code for the time of day.
func (c *condition) metSymbol(s sun, lat float64) string {
	switch {
	case !c.timed:
		return c.symbol
	case s.polarTwilight(lat):
		return c.symbol + "_polartwilight"
	case s.up():
		return c.symbol + "_day"
	default:
		return c.symbol + "_night"
	}
}
