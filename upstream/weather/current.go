package weather

import "time"

// Current is the current weather in the form of the API: the data of /v1/weather.
// Numbers that are not known are absent.
type Current struct {
	Place         Place          `json:"place"`
	ObservedAt    time.Time      `json:"observed_at"`
	Condition     ConditionShown `json:"condition"`
	Temperature   *float64       `json:"temperature,omitempty"`
	FeelsLike     *float64       `json:"feels_like,omitempty"`
	DewPoint      *float64       `json:"dew_point,omitempty"`
	Humidity      *float64       `json:"humidity,omitempty"`
	Pressure      *float64       `json:"pressure,omitempty"`
	Wind          Wind           `json:"wind,omitzero"` // absent if nothing of it is known
	CloudCover    *float64       `json:"cloud_cover,omitempty"`
	Precipitation *float64       `json:"precipitation,omitempty"`
	Visibility    *float64       `json:"visibility,omitempty"`
	Units         UnitNames      `json:"units"`

	// Spread is absent if no number comes from two sources. Set it to the zero
	// Spread to leave it out.
	Spread Spread `json:"spread,omitzero"`
}

// ConditionShown is a condition for programs and for people.
type ConditionShown struct {
	Code  Condition `json:"code"`
	Text  string    `json:"text"`
	IsDay *bool     `json:"is_day,omitempty"`
}

// Wind is what is known of the wind.
type Wind struct {
	Speed     *float64 `json:"speed,omitempty"`
	Direction *float64 `json:"direction,omitempty"` // degrees clockwise from north, where it comes from
	Gust      *float64 `json:"gust,omitempty"`
}

// Present converts what was merged into the form of the API, in these units. A
// place without a time zone gets that of the reports.
func Present(place Place, m *Merged, u Units) Current {
	s := u.system()
	place.Latitude, place.Longitude = Round2(place.Latitude), Round2(place.Longitude)
	place.Admin, place.Population = "", nil // told where places are listed
	if place.Timezone == "" {
		place.Timezone = m.Timezone
	}
	return Current{
		Place:         place,
		ObservedAt:    m.ObservedAt.UTC().Truncate(time.Second),
		Condition:     ConditionShown{m.Condition, m.Condition.Text(), m.IsDay},
		Temperature:   shown(m.Temperature, s.temperature),
		FeelsLike:     shown(m.FeelsLike, s.temperature),
		DewPoint:      shown(m.DewPoint, s.temperature),
		Humidity:      shown(m.Humidity, oneDecimal),
		Pressure:      shown(m.Pressure, s.pressure),
		Wind:          Wind{shown(m.WindSpeed, s.speed), shown(m.WindDirection, bearing), shown(m.WindGust, s.speed)},
		CloudCover:    shown(m.CloudCover, oneDecimal),
		Precipitation: shown(m.Precipitation, s.precipitation),
		Visibility:    shown(m.Visibility, s.distance),
		Units:         s.names,
		Spread:        s.spread(&m.Spread),
	}
}

func shown(v *float64, in func(float64) float64) *float64 {
	if v == nil {
		return nil
	}
	return new(in(*v))
}

func (s *system) spread(of *Spread) Spread {
	return Spread{
		Temperature:   of.Temperature.shown(s.temperature),
		FeelsLike:     of.FeelsLike.shown(s.temperature),
		DewPoint:      of.DewPoint.shown(s.temperature),
		Humidity:      of.Humidity.shown(oneDecimal),
		Pressure:      of.Pressure.shown(s.pressure),
		WindSpeed:     of.WindSpeed.shown(s.speed),
		WindDirection: of.WindDirection.shown(bearing),
		WindGust:      of.WindGust.shown(s.speed),
		CloudCover:    of.CloudCover.shown(oneDecimal),
		Precipitation: of.Precipitation.shown(s.precipitation),
		Visibility:    of.Visibility.shown(s.distance),
	}
}

// shown keeps the zero Range, which in Fahrenheit would begin at 32.
func (r Range) shown(in func(float64) float64) Range {
	if r.Sources == 0 {
		return r
	}
	return Range{in(r.Min), in(r.Max), r.Sources}
}
