package forecast

import (
	"time"

	"tributary/upstream/weather"
)

// Forecast is the forecast as the API returns it: the data of /v1/weather/forecast.
// Unknown values are absent.
type Forecast struct {
	Place  weather.Place `json:"place"` // with the time zone of the days
	Daily  []DayShown    `json:"daily"`
	Hourly []HourShown   `json:"hourly,omitempty"`
	Units  UnitNames     `json:"units"`

	// From names the source of each field that one source gave.
	From map[string]string `json:"from,omitempty"`
}

// DayShown is a day of the place's calendar.
type DayShown struct {
	Date                     string                  `json:"date"`
	TemperatureMin           *float64                `json:"temperature_min,omitempty"`
	TemperatureMax           *float64                `json:"temperature_max,omitempty"`
	PrecipitationSum         *float64                `json:"precipitation_sum,omitempty"`
	PrecipitationProbability *float64                `json:"precipitation_probability,omitempty"`
	WindSpeedMax             *float64                `json:"wind_speed_max,omitempty"`
	WindGustMax              *float64                `json:"wind_gust_max,omitempty"`
	WindDirection            *float64                `json:"wind_direction,omitempty"`
	Condition                *weather.ConditionShown `json:"condition,omitempty"`
	UVIndexMax               *float64                `json:"uv_index_max,omitempty"`
	Sunrise                  *time.Time              `json:"sunrise,omitempty"`
	Sunset                   *time.Time              `json:"sunset,omitempty"`
	SourceCount              int                     `json:"source_count"` // sources that gave any field
	Confidence               Confidence              `json:"confidence"`
	Spread                   Spread                  `json:"spread,omitzero"`
}

// HourShown is a full hour UTC.
type HourShown struct {
	Time                     time.Time               `json:"time"`
	Temperature              *float64                `json:"temperature,omitempty"`
	FeelsLike                *float64                `json:"feels_like,omitempty"`
	Humidity                 *float64                `json:"humidity,omitempty"`
	Precipitation            *float64                `json:"precipitation,omitempty"`
	PrecipitationProbability *float64                `json:"precipitation_probability,omitempty"`
	WindSpeed                *float64                `json:"wind_speed,omitempty"`
	WindGust                 *float64                `json:"wind_gust,omitempty"`
	WindDirection            *float64                `json:"wind_direction,omitempty"`
	CloudCover               *float64                `json:"cloud_cover,omitempty"`
	Pressure                 *float64                `json:"pressure,omitempty"`
	Condition                *weather.ConditionShown `json:"condition,omitempty"`
}

// UnitNames are the unit symbols shown beside the numbers. Precipitation is an amount,
// not a rate as in the current weather.
type UnitNames struct {
	Temperature              string `json:"temperature"`
	WindSpeed                string `json:"wind_speed"`
	Pressure                 string `json:"pressure"`
	Precipitation            string `json:"precipitation"`
	PrecipitationProbability string `json:"precipitation_probability"`
	Humidity                 string `json:"humidity"`
}

// Present converts a merge to the form of the API, as q wants it. sources are the names
// of the sources in the order in which their series were merged.
func Present(place weather.Place, m *Merged, q weather.Query, sources []string) Forecast {
	place = place.Shown()
	place.Timezone = m.Timezone
	days := m.Days[:min(max(q.Days, 1), len(m.Days))]
	f := Forecast{Place: place, Daily: make([]DayShown, len(days)), Units: unitNames(q.Units)}
	var by contributions
	for i := range days {
		f.Daily[i] = days[i].shown(q.Units)
		by.add(&days[i].by)
	}
	if q.Hourly {
		f.Hourly = make([]HourShown, len(m.Hours))
		for i := range m.Hours {
			f.Hourly[i] = m.Hours[i].shown(q.Units)
			by.add(&m.Hours[i].by)
		}
	}
	f.From = by.from(sources)
	return f
}

func (c *contributions) from(sources []string) map[string]string {
	from := make(map[string]string)
	for f := range fields {
		if source, ok := c.only(f); ok {
			from[fieldNames[f]] = sources[source]
		}
	}
	return from
}

func unitNames(u weather.Units) UnitNames {
	n := u.Names()
	amount := "mm"
	if u == weather.Imperial {
		amount = "in"
	}
	return UnitNames{n.Temperature, n.WindSpeed, n.Pressure, amount, "%", n.Humidity}
}

func (d *Day) shown(u weather.Units) DayShown {
	return DayShown{
		Date:                     d.Date,
		TemperatureMin:           in(u.Temperature, d.TemperatureMin),
		TemperatureMax:           in(u.Temperature, d.TemperatureMax),
		PrecipitationSum:         in(u.Precipitation, d.PrecipitationSum),
		PrecipitationProbability: in(weather.OneDecimal, d.PrecipitationProbability),
		WindSpeedMax:             in(u.Speed, d.WindSpeedMax),
		WindGustMax:              in(u.Speed, d.WindGustMax),
		WindDirection:            in(weather.Bearing, d.WindDirection),
		Condition:                conditionShown(d.Condition),
		UVIndexMax:               in(weather.OneDecimal, d.UVIndexMax),
		Sunrise:                  d.Sunrise,
		Sunset:                   d.Sunset,
		SourceCount:              d.by.sources(),
		Confidence:               d.Confidence,
		Spread:                   d.Spread.in(u),
	}
}

func (h *Hour) shown(u weather.Units) HourShown {
	return HourShown{
		Time:                     h.At,
		Temperature:              in(u.Temperature, h.Temperature),
		FeelsLike:                in(u.Temperature, h.FeelsLike),
		Humidity:                 in(weather.OneDecimal, h.Humidity),
		Precipitation:            in(u.Precipitation, h.Precipitation),
		PrecipitationProbability: in(weather.OneDecimal, h.PrecipitationProbability),
		WindSpeed:                in(u.Speed, h.WindSpeed),
		WindGust:                 in(u.Speed, h.WindGust),
		WindDirection:            in(weather.Bearing, h.WindDirection),
		CloudCover:               in(weather.OneDecimal, h.CloudCover),
		Pressure:                 in(u.Pressure, h.Pressure),
		Condition:                conditionShown(h.Condition),
	}
}

func (s Spread) in(u weather.Units) Spread {
	return Spread{
		TemperatureMin:           s.TemperatureMin.In(u.Temperature),
		TemperatureMax:           s.TemperatureMax.In(u.Temperature),
		PrecipitationSum:         s.PrecipitationSum.In(u.Precipitation),
		PrecipitationProbability: s.PrecipitationProbability.In(weather.OneDecimal),
		WindSpeedMax:             s.WindSpeedMax.In(u.Speed),
		WindGustMax:              s.WindGustMax.In(u.Speed),
		WindDirection:            s.WindDirection.In(weather.Bearing),
		UVIndexMax:               s.UVIndexMax.In(weather.OneDecimal),
	}
}

func in(convert func(float64) float64, v *float64) *float64 {
	if v == nil {
		return nil
	}
	return new(convert(*v))
}

func conditionShown(c weather.Condition) *weather.ConditionShown {
	if c == "" {
		return nil
	}
	return &weather.ConditionShown{Code: c, Text: c.Text()}
}
