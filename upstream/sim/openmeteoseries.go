package sim

import (
	"fmt"
	"math"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// openMeteoSeries is what hourly= and daily= ask for, and for how many days.
type openMeteoSeries struct {
	hourly, daily  []string // variables, in the caller's order
	past, forecast int      // days
}

// parseSeries returns the provider's reason for rejecting a request, else "".
func (o *openMeteo) parseSeries(v url.Values) (s openMeteoSeries, reason string) {
	if !o.series {
		return s, ""
	}
	read := func(key, kind string, known func(string) bool) (names []string) {
		for _, list := range v[key] {
			for name := range strings.SplitSeq(list, ",") {
				if !known(name) && reason == "" {
					reason = unknownValue(kind, key, name)
				}
				names = append(names, name)
			}
		}
		return names
	}
	s.hourly = read("hourly", o.variable, func(name string) bool { _, ok := hourlyVariable(name); return ok })
	s.daily = read("daily", o.variable+"Daily", func(name string) bool { return name == "sunrise" || name == "sunset" })
	days := func(key, title string, most, otherwise int) int {
		if !v.Has(key) {
			return otherwise
		}
		n, err := strconv.Atoi(v.Get(key))
		if (err != nil || n < 0 || n > most) && reason == "" {
			reason = fmt.Sprintf("%s is invalid. Allowed range 0 to %d. Given %s.", title, most, v.Get(key))
		}
		return n
	}
	s.past = days("past_days", "Past days", 92, 0)
	s.forecast = days("forecast_days", "Forecast days", 16, 7)
	return s, reason
}

// appendSeries writes the blocks hourly and daily. As the provider does, it uses the
// present offset for the whole answer, and reads values at full hours UTC: in zones of half
// hours they stand at other times than their own.
func (q openMeteoQuery) appendSeries(b []byte, now time.Time) []byte {
	if len(q.hourly) == 0 && len(q.daily) == 0 {
		return b
	}
	const day = 24 * 60 * 60
	_, offset := now.In(q.zone).Zone()
	whole := offset / 3600 * 3600
	first := (now.Unix()+int64(whole))/day*day - int64(whole) - int64(q.past)*day // read from here
	shift := int64(whole - offset)                                                // label of what is read
	days := q.past + q.forecast

	label := func(b []byte, unix int64, layout string) []byte {
		if q.unixTime {
			return strconv.AppendInt(b, unix, 10)
		}
		return time.Unix(unix+int64(offset), 0).UTC().AppendFormat(b, `"`+layout+`"`)
	}
	const minute = "2006-01-02T15:04"
	if len(q.hourly) > 0 {
		at := func(i int) time.Time { return time.Unix(first+int64(i)*3600, 0).UTC() }
		b = q.appendBlock(b, "hourly", q.hourly, 24*days,
			func(b []byte, i int) []byte { return label(b, first+shift+int64(i)*3600, minute) },
			func(name string) string { return q.hourlyScale(name).symbol },
			q.hourlyValues(at, 24*days))
	}
	if len(q.daily) > 0 {
		b = q.appendBlock(b, "daily", q.daily, days,
			func(b []byte, i int) []byte { return label(b, first+shift+int64(i)*day, time.DateOnly) },
			func(string) string { return q.timeUnit() },
			func(b []byte, name string, i int) []byte {
				rise, set := q.daylight(first + shift + int64(i)*day)
				if name == "sunset" {
					rise = set
				}
				return label(b, rise, minute)
			})
	}
	return b
}

// daylight has the unix times of a sunrise and a sunset: in polar night both are the
// beginning of the day, in polar day they are a day apart.
func (q openMeteoQuery) daylight(midnight int64) (rise, set int64) {
	noon := time.Unix(midnight+12*60*60, 0).UTC()
	up, down := riseAndSet(q.lat, q.lon, noon)
	switch {
	case !up.IsZero():
		return up.Unix(), down.Unix()
	case sunAt(q.lat, q.lon, noon).up():
		return midnight, midnight + 24*60*60
	}
	return midnight, midnight
}

// appendBlock writes the units and the columns of a block.
func (q openMeteoQuery) appendBlock(b []byte, block string, names []string, n int,
	time func(b []byte, i int) []byte, symbol func(name string) string, value func(b []byte, name string, i int) []byte,
) []byte {
	b = fmt.Appendf(b, `,"%s_units":{"time":"%s"`, block, q.timeUnit())
	for _, name := range names {
		b = fmt.Appendf(b, `,%q:%q`, name, symbol(name))
	}
	b = fmt.Appendf(b, `},"%s":{"time":[`, block)
	for i := range n {
		b = time(separated(b, i), i)
	}
	for _, name := range names {
		b = fmt.Appendf(b, `],%q:[`, name)
		for i := range n {
			b = value(separated(b, i), name, i)
		}
	}
	return append(b, `]}`...)
}

func separated(b []byte, i int) []byte {
	if i > 0 {
		return append(b, ',')
	}
	return b
}

// hourlyValues returns a function that writes a variable of the i-th of n hours.
func (q openMeteoQuery) hourlyValues(at func(i int) time.Time, n int) func(b []byte, name string, i int) []byte {
	hours := make([]weather, n+1) // from an hour before the first
	for i := range hours {
		hours[i] = openMeteoModel.at(q.lat, q.lon, at(i-1))
	}
	ground := elevation(q.lat, q.lon)
	return func(b []byte, name string, i int) []byte {
		v, _ := hourlyVariable(name)
		w := hours[i+1]
		if v.before {
			w = hours[i]
		}
		scale := q.units[v.dimension]
		return appendFixed(b, v.of(w, ground)*scale.factor+scale.offset, scale.decimals)
	}
}

func (q openMeteoQuery) hourlyScale(name string) scale {
	v, _ := hourlyVariable(name)
	return q.units[v.dimension]
}

func (q openMeteoQuery) timeUnit() string {
	if q.unixTime {
		return "unixtime"
	}
	return "iso8601"
}

// hourly is a variable that hourly= may request.
type hourly struct {
	variable
	before bool // of the hour before its time
}

// hourlyVariable returns a variable: one of those that differ from the current ones, or
// one of those.
func hourlyVariable(name string) (hourly, bool) {
	switch name {
	case "precipitation":
		return hourly{variable{ofWater, func(w weather, _ float64) float64 { return w.precipitation }}, true}, true
	case "precipitation_probability":
		return hourly{variable{ofShare, func(w weather, _ float64) float64 { return w.chance }}, true}, true
	case "wind_gusts_10m":
		return hourly{currentVariables[name], true}, true
	case "uv_index":
		return hourly{variable{ofIndex, func(w weather, _ float64) float64 { return w.uvIndex() }}, false}, true
	case "rain", "showers", "snowfall": // sums, which nobody asks for
		return hourly{}, false
	}
	v, ok := currentVariables[name]
	return hourly{v, false}, ok
}

// uvIndex is by the height of the sun and the clouds.
func (w weather) uvIndex() float64 {
	sine := math.Sin(radians(w.sun.elevation))
	if sine <= 0 {
		return 0
	}
	return 12 * math.Pow(sine, 1.3) * (1 - 0.006*w.cloud)
}
