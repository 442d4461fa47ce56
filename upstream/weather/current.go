package weather

import "time"

// Current is the current weather as the API returns it: the data of /v1/weather.
// Unknown numbers are absent.
type Current struct {
	Place         Place          `json:"place"`
	ObservedAt    time.Time      `json:"observed_at"`
	Condition     ConditionShown `json:"condition"`
	Temperature   *float64       `json:"temperature,omitempty"`
	FeelsLike     *float64       `json:"feels_like,omitempty"`
	DewPoint      *float64       `json:"dew_point,omitempty"`
	Humidity      *float64       `json:"humidity,omitempty"`
	Pressure      *float64       `json:"pressure,omitempty"`
	Wind          Wind           `json:"wind,omitzero"` // absent if nothing is known of it
	CloudCover    *float64       `json:"cloud_cover,omitempty"`
	Precipitation *float64       `json:"precipitation,omitempty"`
	Visibility    *float64       `json:"visibility,omitempty"`
	Units         UnitNames      `json:"units"`

	// Spread is absent if no number comes from two sources. The zero Spread leaves it
	// out.
	Spread Spread `json:"spread,omitzero"`
}

// ConditionShown is a condition as a code and as English text.
type ConditionShown struct {
	Code  Condition `json:"code"`
	Text  string    `json:"text"`
	IsDay *bool     `json:"is_day,omitempty"`
}

// Wind holds what is known about the wind.
type Wind struct {
	Speed     *float64 `json:"speed,omitempty"`
	Direction *float64 `json:"direction,omitempty"` // degrees clockwise from north, where the wind comes from
	Gust      *float64 `json:"gust,omitempty"`
}

// Present converts merged reports to the form of the API in these units. A place
// without a time zone gets the one from the reports.
func Present(place Place, m *Merged, u Units) Current {
	s := u.system()
	place = place.Shown()
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
		Humidity:      shown(m.Humidity, OneDecimal),
		Pressure:      shown(m.Pressure, s.pressure),
		Wind:          Wind{shown(m.WindSpeed, s.speed), shown(m.WindDirection, Bearing), shown(m.WindGust, s.speed)},
		CloudCover:    shown(m.CloudCover, OneDecimal),
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
		Temperature:   of.Temperature.In(s.temperature),
		FeelsLike:     of.FeelsLike.In(s.temperature),
		DewPoint:      of.DewPoint.In(s.temperature),
		Humidity:      of.Humidity.In(OneDecimal),
		Pressure:      of.Pressure.In(s.pressure),
		WindSpeed:     of.WindSpeed.In(s.speed),
		WindDirection: of.WindDirection.In(Bearing),
		WindGust:      of.WindGust.In(s.speed),
		CloudCover:    of.CloudCover.In(OneDecimal),
		Precipitation: of.Precipitation.In(s.precipitation),
		Visibility:    of.Visibility.In(s.distance),
	}
}
