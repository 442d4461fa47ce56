package sim

import (
	"bytes"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"time"
)

// openMeteo is one of the APIs of https://open-meteo.com/en/docs. It ignores hourly and
// daily where it has no series.
type openMeteo struct {
	openMeteoAPI
	now   func() time.Time
	zones *zones
}

// openMeteoAPI is how one of the APIs differs from the others.
type openMeteoAPI struct {
	name     string // of the provider
	path     string
	variable string        // what its errors call a variable
	interval time.Duration // of the current block
	cell     func(deg float64) float64
	series   bool // it answers hourly and daily

	// knows reports whether current may ask for a variable.
	knows func(name string) bool
	// measure makes the block of a moment; what it returns gives one variable.
	measure func(q openMeteoQuery, at time.Time) func(name string) measurement
}

// measurement is a variable's value in its unit.
type measurement struct {
	symbol   string
	decimals int
	value    float64
	unknown  bool // shown as null
}

// openMeteoForecast is the API of the weather.
var openMeteoForecast = openMeteoAPI{
	name:     OpenMeteo,
	path:     "/v1/forecast",
	variable: "ForecastVariable",
	interval: 15 * time.Minute,
	cell:     gridCell,
	series:   true,
	knows:    func(name string) bool { _, ok := currentVariables[name]; return ok },
	measure: func(q openMeteoQuery, at time.Time) func(string) measurement {
		w, ground := openMeteoModel.at(q.lat, q.lon, at), elevation(q.lat, q.lon)
		return func(name string) measurement {
			v := currentVariables[name]
			scale := q.units[v.dimension]
			return measurement{symbol: scale.symbol, decimals: scale.decimals, value: v.of(w, ground)*scale.factor + scale.offset}
		}
	},
}

func newOpenMeteo(api openMeteoAPI, now func() time.Time, z *zones) provider {
	o := &openMeteo{api, now, z}
	return readOnly(provider{
		name:        o.name,
		contentType: jsonUTF8,
		answer:      o.answer,
		fail:        openMeteoFailure,
		refuse:      openMeteoRefusal,
		overQuota:   openMeteoOverQuota,
	})
}

func (o *openMeteo) answer(r *http.Request) answer {
	if r.URL.Path != o.path {
		return openMeteoFailure(http.StatusNotFound)
	}
	places, reason := perPlace(r.URL.Query())
	if reason != "" {
		return openMeteoError(http.StatusBadRequest, reason)
	}
	now := o.now()
	var items [][]byte
	for n, v := range places {
		q, reason := o.parse(v)
		if reason != "" { // one bad place fails the whole call
			return openMeteoError(http.StatusBadRequest, reason)
		}
		q.number = n
		items = append(items, o.current(q, now))
	}
	if len(items) == 1 { // a list of one, too, is answered with an object
		return bytesAnswer(http.StatusOK, jsonUTF8, items[0])
	}
	list := append(append([]byte("["), bytes.Join(items, []byte(","))...), ']')
	return bytesAnswer(http.StatusOK, jsonUTF8, list)
}

// current writes the answer by hand: members come in the order in which they were
// asked for, numbers with their unit's decimals.
func (o *openMeteo) current(q openMeteoQuery, now time.Time) []byte {
	at := now.Truncate(o.interval).In(q.zone)
	_, offset := at.Zone()

	b := make([]byte, 0, 1024)
	b = append(b, `{"latitude":`...)
	b = strconv.AppendFloat(b, o.cell(q.lat), 'f', -1, 64)
	b = append(b, `,"longitude":`...)
	b = strconv.AppendFloat(b, o.cell(q.lon), 'f', -1, 64)
	b = append(b, `,"generationtime_ms":0.0519752502441406,"utc_offset_seconds":`...)
	b = strconv.AppendInt(b, int64(offset), 10)
	b = append(b, `,"timezone":`...)
	b = strconv.AppendQuote(b, q.zoneName)
	b = append(b, `,"timezone_abbreviation":`...)
	b = strconv.AppendQuote(b, abbreviation(offset))
	b = append(b, `,"elevation":`...)
	b = appendFixed(b, elevation(q.lat, q.lon), 1)
	if q.number > 0 { // the first has none
		b = append(b, `,"location_id":`...)
		b = strconv.AppendInt(b, int64(q.number), 10)
	}
	if len(q.variables) > 0 {
		of := o.measure(q, at)
		b = q.appendUnits(b, of)
		b = o.appendCurrent(b, q, at, of)
	}
	b = q.appendSeries(b, now)
	return append(b, '}')
}

func (q openMeteoQuery) appendUnits(b []byte, of func(string) measurement) []byte {
	b = fmt.Appendf(b, `,"current_units":{"time":"%s","interval":"seconds"`, q.timeUnit())
	for _, name := range q.variables {
		b = append(b, ',')
		b = strconv.AppendQuote(b, name)
		b = append(b, ':')
		b = strconv.AppendQuote(b, of(name).symbol)
	}
	return append(b, '}')
}

func (o *openMeteo) appendCurrent(b []byte, q openMeteoQuery, at time.Time, of func(string) measurement) []byte {
	b = append(b, `,"current":{"time":`...)
	if q.unixTime {
		b = strconv.AppendInt(b, at.Unix(), 10)
	} else {
		b = at.AppendFormat(b, `"2006-01-02T15:04"`)
	}
	b = append(b, `,"interval":`...)
	b = strconv.AppendInt(b, int64(o.interval/time.Second), 10)
	for _, name := range q.variables {
		b = append(b, ',')
		b = strconv.AppendQuote(b, name)
		b = append(b, ':')
		if v := of(name); v.unknown {
			b = append(b, "null"...)
		} else {
			b = appendFixed(b, v.value, v.decimals)
		}
	}
	return append(b, '}')
}

// gridCell is the centre of the model's grid cell, a sixteenth of a degree wide. The
// provider answers with it instead of the requested coordinate.
func gridCell(deg float64) float64 { return math.Round(deg*16) / 16 }
