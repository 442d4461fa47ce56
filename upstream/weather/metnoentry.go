package weather

import (
	"errors"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"tributary/upstream"
	"tributary/upstream/aggregate"
)

// metnoEntry is an entry of the series: what is so at a time, and in the hours after it.
type metnoEntry struct {
	at      time.Time
	untimed bool // its time is not one
	metnoData
}

type metnoData struct {
	kind    jsontext.Kind // of data; 0: absent
	instant metnoInstant

	next1Hours  metnoPeriod // absent in later entries
	next6Hours  metnoPeriod
	next12Hours metnoPeriod
}

type metnoInstant struct {
	details jsontext.Kind // 0: absent

	airPressureAtSeaLevel number
	airTemperature        number
	cloudAreaFraction     number
	dewPointTemperature   number // only in the complete format
	relativeHumidity      number
	windFromDirection     number
	windSpeed             number
	windSpeedOfGust       number // only in the complete format, for some places
}

type metnoPeriod struct {
	hasSymbol           bool
	condition           Condition
	isDay               *bool
	precipitationAmount number
}

// read reads an entry.
func (e *metnoEntry) read(d *jsontext.Decoder) error {
	e.untimed = true
	return members(d, func(name []byte) error {
		switch string(name) {
		case `"time"`:
			return e.readTime(d)
		case `"data"`:
			e.metnoData = metnoData{kind: d.PeekKind()}
			return members(d, func(name []byte) error { return e.metnoData.read(d, name) })
		}
		return d.SkipValue()
	})
}

func (e *metnoEntry) readTime(d *jsontext.Decoder) error {
	kind := d.PeekKind()
	v, err := d.ReadValue()
	if err != nil {
		return err
	}
	e.untimed = true
	if kind == jsontext.KindString {
		at, err := time.Parse(time.RFC3339, unquoted(v))
		e.at, e.untimed = at.UTC(), err != nil
	}
	return nil
}

func (m *metnoData) read(d *jsontext.Decoder, name []byte) error {
	switch string(name) {
	case `"instant"`:
		m.instant = metnoInstant{}
		return members(d, func(name []byte) error {
			if string(name) != `"details"` {
				return d.SkipValue()
			}
			m.instant = metnoInstant{details: d.PeekKind()}
			return members(d, func(name []byte) error { return m.instant.read(d, name) })
		})
	case `"next_1_hours"`:
		return m.next1Hours.read(d)
	case `"next_6_hours"`:
		return m.next6Hours.read(d)
	case `"next_12_hours"`:
		return m.next12Hours.read(d)
	}
	return d.SkipValue()
}

func (m *metnoInstant) read(d *jsontext.Decoder, name []byte) error {
	switch string(name) {
	case `"air_pressure_at_sea_level"`:
		return m.airPressureAtSeaLevel.UnmarshalJSONFrom(d)
	case `"air_temperature"`:
		return m.airTemperature.UnmarshalJSONFrom(d)
	case `"cloud_area_fraction"`:
		return m.cloudAreaFraction.UnmarshalJSONFrom(d)
	case `"dew_point_temperature"`:
		return m.dewPointTemperature.UnmarshalJSONFrom(d)
	case `"relative_humidity"`:
		return m.relativeHumidity.UnmarshalJSONFrom(d)
	case `"wind_from_direction"`:
		return m.windFromDirection.UnmarshalJSONFrom(d)
	case `"wind_speed"`:
		return m.windSpeed.UnmarshalJSONFrom(d)
	case `"wind_speed_of_gust"`:
		return m.windSpeedOfGust.UnmarshalJSONFrom(d)
	}
	return d.SkipValue()
}

func (p *metnoPeriod) read(d *jsontext.Decoder) error {
	*p = metnoPeriod{}
	return members(d, func(name []byte) error {
		switch string(name) {
		case `"summary"`:
			p.hasSymbol, p.condition, p.isDay = false, "", nil
			return members(d, func(name []byte) error {
				if string(name) == `"symbol_code"` {
					return p.readSymbol(d)
				}
				return d.SkipValue()
			})
		case `"details"`:
			p.precipitationAmount = number{}
			return members(d, func(name []byte) error {
				if string(name) == `"precipitation_amount"` {
					return p.precipitationAmount.UnmarshalJSONFrom(d)
				}
				return d.SkipValue()
			})
		}
		return d.SkipValue()
	})
}

func (p *metnoPeriod) readSymbol(d *jsontext.Decoder) error {
	kind := d.PeekKind()
	v, err := d.ReadValue()
	if err != nil {
		return err
	}
	p.hasSymbol, p.condition, p.isDay = false, "", nil
	if kind != jsontext.KindString {
		return nil
	}
	if code := unquoted(v); code != "" {
		p.hasSymbol = true
		p.condition, p.isDay = metnoCondition(code)
	}
	return nil
}

// symbol returns the condition of the shortest period that has one. Only the next
// hour's symbol tells day from night: longer periods contain both.
func (m *metnoData) symbol() (Condition, *bool) {
	switch {
	case m.next1Hours.hasSymbol:
		return m.next1Hours.condition, m.next1Hours.isDay
	case m.next6Hours.hasSymbol:
		return m.next6Hours.condition, nil
	case m.next12Hours.hasSymbol:
		return m.next12Hours.condition, nil
	}
	return Unknown, nil
}

// unreadable returns why the entry has no weather, or nil.
func (m *metnoData) unreadable() error {
	switch m.kind {
	case jsontext.KindBeginObject:
		return nil
	case jsontext.KindInvalid:
		return errors.New("data: body: empty")
	}
	return errors.New("data: body: not a JSON object")
}

func (e *metnoEntry) report(u units) (*Report, error) {
	if err := e.unreadable(); err != nil {
		return nil, err
	}
	m := &e.instant
	if m.details != jsontext.KindBeginObject {
		return nil, aggregate.Unusable("instant.details", m.details)
	}
	if !m.airTemperature.Given() { // MET leaves out what it has no value for
		return nil, upstream.Errorf(upstream.CodeNoData, "no value now: the entry for now has no air_temperature")
	}
	temperature, err := u.Require("air_temperature", m.airTemperature, toCelsius)
	if err != nil {
		return nil, err
	}
	condition, isDay := e.symbol()
	return &Report{
		ObservedAt:            e.at,
		Temperature:           temperature,
		DewPoint:              u.Read("dew_point_temperature", m.dewPointTemperature, toCelsius),
		Humidity:              u.Read("relative_humidity", m.relativeHumidity, toPercent),
		Pressure:              u.Read("air_pressure_at_sea_level", m.airPressureAtSeaLevel, toHPa),
		WindSpeed:             u.Read("wind_speed", m.windSpeed, toMPS),
		WindGust:              u.Read("wind_speed_of_gust", m.windSpeedOfGust, toMPS),
		WindDirection:         u.Read("wind_from_direction", m.windFromDirection, toDegrees),
		CloudCover:            u.Read("cloud_area_fraction", m.cloudAreaFraction, toPercent),
		PrecipitationNextHour: u.Read("precipitation_amount", e.next1Hours.precipitationAmount, toMM),
		Condition:             condition,
		IsDay:                 isDay,
	}, nil
}
