package sim

import (
	"slices"
	"strconv"
	"sync"
	"time"
)

// The series is hourly for two days, then continues to the next of the hours 0, 6, 12
// and 18 UTC, and from there for a week in steps of six hours.
const (
	hourlyFor = 48
	sixHourly = 28 // entries
)

// metSeries holds the weather of all hours of a forecast.
type metSeries struct {
	metQuery
	from  time.Time // full hour, UTC
	hours []weather
}

// forecasts keeps bodies, because one takes a fifth of a millisecond to write and stays
// the same for an hour. All simulators share them: a test may start hundreds.
var forecasts struct {
	sync.Mutex
	bodies map[metForecast][]byte
}

// metForecast is what a body depends on.
type metForecast struct {
	metQuery
	from int64 // Unix time
}

const keptForecasts = 64

// forecast returns the body for the hours from a full hour on. It must not be changed.
func (q metQuery) forecast(from time.Time) []byte {
	key := metForecast{q, from.Unix()}
	forecasts.Lock()
	body, ok := forecasts.bodies[key]
	forecasts.Unlock()
	if ok {
		return body
	}
	body = slices.Clone(q.write(from)) // without the spare capacity
	forecasts.Lock()
	defer forecasts.Unlock()
	if forecasts.bodies == nil || len(forecasts.bodies) >= keptForecasts {
		forecasts.bodies = make(map[metForecast][]byte)
	}
	forecasts.bodies[key] = body
	return body
}

// write writes the GeoJSON without encoding/json, because it has about eighty entries.
func (q metQuery) write(from time.Time) []byte {
	hourly := hourlyFor
	for (from.Hour()+hourly)%6 != 0 {
		hourly++
	}
	last := hourly + 6*(sixHourly-1)
	s := metSeries{q, from, make([]weather, last+1)}
	for i := range s.hours {
		s.hours[i] = metNorwayModel.at(q.lat, q.lon, from.Add(time.Duration(i)*time.Hour))
	}

	b := make([]byte, 0, 40<<10)
	b = append(b, `{"type":"Feature","geometry":{"type":"Point","coordinates":[`...)
	b = strconv.AppendFloat(b, q.lon, 'f', -1, 64)
	b = append(b, ',')
	b = strconv.AppendFloat(b, q.lat, 'f', -1, 64)
	b = append(b, ',')
	b = appendFixed(b, q.altitude, 0)
	b = append(b, `]},"properties":{"meta":{"updated_at":`...)
	b = from.AppendFormat(b, `"`+time.RFC3339+`"`)
	b = append(b, `,"units":{"air_pressure_at_sea_level":"hPa","air_temperature":"celsius","cloud_area_fraction":"%",`+
		`"precipitation_amount":"mm","relative_humidity":"%","wind_from_direction":"degrees","wind_speed":"m/s"}},"timeseries":[`...)
	for i := 0; i <= last; {
		if i > 0 {
			b = append(b, ',')
		}
		b = s.appendEntry(b, i, i < hourly)
		if i < hourly {
			i++
		} else {
			i += 6
		}
	}
	return append(b, `]}}`...)
}

// appendEntry writes the entry of hour i. It omits periods that reach beyond the end of
// the series; the last entry has only its instant.
func (s metSeries) appendEntry(b []byte, i int, hourly bool) []byte {
	w := s.hours[i]
	b = append(b, `{"time":`...)
	b = s.from.Add(time.Duration(i)*time.Hour).AppendFormat(b, `"`+time.RFC3339+`"`)
	b = append(b, `,"data":{"instant":{"details":{"air_pressure_at_sea_level":`...)
	b = appendFixed(b, w.pressure, 1)
	b = append(b, `,"air_temperature":`...)
	b = appendFixed(b, w.temperature, 1)
	b = append(b, `,"cloud_area_fraction":`...)
	b = appendFixed(b, w.cloud, 1)
	b = append(b, `,"relative_humidity":`...)
	b = appendFixed(b, w.humidity, 1)
	b = append(b, `,"wind_from_direction":`...)
	b = appendFixed(b, w.windFrom, 1)
	b = append(b, `,"wind_speed":`...)
	b = appendFixed(b, w.windSpeed, 1)
	b = append(b, `}}`...)
	if i+12 < len(s.hours) {
		b = append(b, `,"next_12_hours":{"summary":{"symbol_code":`...)
		b = strconv.AppendQuote(b, s.symbol(i, 12))
		b = append(b, `},"details":{}}`...)
	}
	if hourly {
		b = s.appendPeriod(b, `,"next_1_hours":`, i, 1)
	}
	if i+6 < len(s.hours) {
		b = s.appendPeriod(b, `,"next_6_hours":`, i, 6)
	}
	return append(b, `}}`...)
}

func (s metSeries) appendPeriod(b []byte, member string, i, hours int) []byte {
	amount := 0.0
	for _, w := range s.hours[i : i+hours] {
		amount += w.precipitation
	}
	b = append(b, member...)
	b = append(b, `{"summary":{"symbol_code":`...)
	b = strconv.AppendQuote(b, s.symbol(i, hours))
	b = append(b, `},"details":{"precipitation_amount":`...)
	b = appendFixed(b, amount, 1)
	return append(b, `}}`...)
}

// symbol is the symbol of a period: of its wettest hour, or of its middle if it is dry.
func (s metSeries) symbol(i, hours int) string {
	shown := s.hours[i+hours/2].condition
	wettest := 0.0
	for _, w := range s.hours[i : i+hours] {
		if w.precipitation > wettest {
			wettest, shown = w.precipitation, w.condition
		}
	}
	return shown.metSymbol(s.hours[i].sun, s.lat)
}
