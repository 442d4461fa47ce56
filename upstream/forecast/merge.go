package forecast

import (
	"time"

	"tributary/upstream/aggregate"
	"tributary/upstream/weather"
)

// What is merged: the days and hours that an answer can show.
const (
	mostDays  = 7
	mostHours = 48
)

// Merged is the combination of several forecasts.
type Merged struct {
	Timezone string // IANA name of the zone of the days
	Days     []Day  // from today on
	Hours    []Hour // from the current hour on
	Used     []bool // for each series given to Merge: whether it was used for any field
}

// Day is the merged forecast of one day, in the units of weather.Series.
type Day struct {
	Date                                     string // 2006-01-02
	TemperatureMin, TemperatureMax           *float64
	PrecipitationSum                         *float64 // mm
	PrecipitationProbability                 *float64
	WindSpeedMax, WindGustMax, WindDirection *float64
	UVIndexMax                               *float64
	Condition                                weather.Condition // "": unknown
	Sunrise, Sunset                          *time.Time
	Confidence                               Confidence
	Spread                                   Spread

	by contributions
}

// Spread has the range of each number of a day that at least two sources gave.
type Spread struct {
	TemperatureMin           aggregate.Range `json:"temperature_min,omitzero"`
	TemperatureMax           aggregate.Range `json:"temperature_max,omitzero"`
	PrecipitationSum         aggregate.Range `json:"precipitation_sum,omitzero"`
	PrecipitationProbability aggregate.Range `json:"precipitation_probability,omitzero"`
	WindSpeedMax             aggregate.Range `json:"wind_speed_max,omitzero"`
	WindGustMax              aggregate.Range `json:"wind_gust_max,omitzero"`
	WindDirection            aggregate.Range `json:"wind_direction,omitzero"`
	UVIndexMax               aggregate.Range `json:"uv_index_max,omitzero"`
}

// Confidence is how well the sources agree on the temperatures of a day.
type Confidence string

// The confidences.
const (
	High   Confidence = "high"   // at least two sources, at most 2 °C apart
	Medium Confidence = "medium" // at least two sources, at most 4 °C apart
	Low    Confidence = "low"
)

// Merge combines the forecasts of several providers for a place. Their order decides
// ties. A nil series stands for a provider without one. The series are not changed, but
// the result may share memory with them.
//
// Numbers are medians, and directions those of the sum of unit vectors. The condition of
// an hour is the most frequent one, that of a day the most severe one of any source. A
// gust below the wind speed is left out: the medians of two fields can come from
// different sources.
func Merge(place weather.Place, now time.Time, all ...*weather.Series) *Merged {
	names := []string{place.Timezone}
	for _, s := range all {
		if s != nil {
			names = append(names, s.Timezone)
		}
	}
	zone, name := zoneOf(names...)
	m := &Merged{Timezone: name, Days: make([]Day, mostDays), Hours: make([]Hour, mostHours), Used: make([]bool, len(all))}
	for i, d := range daysFrom(now, zone, mostDays) {
		m.Days[i] = mergeDay(place, d, zone, all)
		m.use(&m.Days[i].by)
	}
	for i := range m.Hours {
		m.Hours[i] = mergeHour(now.UTC().Truncate(time.Hour).Add(time.Duration(i)*time.Hour), all)
		m.use(&m.Hours[i].by)
	}
	return m
}

func (m *Merged) use(by *contributions) {
	for i := range m.Used {
		m.Used[i] = m.Used[i] || by.anyOf(i)
	}
}

func mergeDay(place weather.Place, d day, zone *time.Location, all []*weather.Series) Day {
	p := panel[outlook]{said: make([]*outlook, len(all))}
	for i, s := range all {
		if s != nil {
			p.said[i] = outlookOf(s, d, zone)
		}
	}
	m := Day{Date: d.date}
	m.TemperatureMin, m.Spread.TemperatureMin = p.median(temperatureMin, func(o *outlook) *float64 { return o.temperatureMin })
	m.TemperatureMax, m.Spread.TemperatureMax = p.median(temperatureMax, func(o *outlook) *float64 { return o.temperatureMax })
	m.PrecipitationSum, m.Spread.PrecipitationSum = p.median(precipitationSum, func(o *outlook) *float64 { return o.precipitationSum })
	m.PrecipitationProbability, m.Spread.PrecipitationProbability = p.median(precipitationProbability, func(o *outlook) *float64 { return o.precipitationProbability })
	m.WindSpeedMax, m.Spread.WindSpeedMax = p.median(windSpeedMax, func(o *outlook) *float64 { return o.windSpeedMax })
	m.WindGustMax, m.Spread.WindGustMax = p.median(windGustMax, func(o *outlook) *float64 { return o.windGustMax })
	if less(m.WindGustMax, m.WindSpeedMax) {
		m.WindGustMax, m.Spread.WindGustMax, p.by[windGustMax] = nil, aggregate.Range{}, 0
	}
	m.WindDirection, m.Spread.WindDirection = p.direction(func(o *outlook) *float64 { return o.windDirection })
	m.UVIndexMax, m.Spread.UVIndexMax = p.median(uvIndexMax, func(o *outlook) *float64 { return o.uvIndexMax })
	each(&p, condition, func(o *outlook) *weather.Condition { return knownOrNil(&o.condition) },
		func(c weather.Condition) { m.Condition = worse(m.Condition, c) })
	m.Sunrise = first(&p, sunrise, func(o *outlook) *time.Time { return o.sunrise })
	m.Sunset = first(&p, sunset, func(o *outlook) *time.Time { return o.sunset })
	m.computeSun(place, d, zone)
	m.Confidence = confidenceOf(m.Spread.TemperatureMin, m.Spread.TemperatureMax)
	m.by = p.by
	return m
}

// computeSun fills in what no provider tells.
func (m *Day) computeSun(place weather.Place, d day, zone *time.Location) {
	if m.Sunrise != nil && m.Sunset != nil {
		return
	}
	rise, set := sunOn(d.date, zone, sunNear(place.Latitude, place.Longitude, d.from.Add(12*time.Hour)))
	if m.Sunrise == nil {
		m.Sunrise = rise
	}
	if m.Sunset == nil {
		m.Sunset = set
	}
}

// confidenceOf goes by the greater one of two spreads.
func confidenceOf(least, greatest aggregate.Range) Confidence {
	const rounding = 1e-9 // 21.4 - 19.4 is a little more than 2
	apart := max(least.Max-least.Min, greatest.Max-greatest.Min) - rounding
	switch {
	case min(least.Sources, greatest.Sources) < 2:
		return Low
	case apart <= 2:
		return High
	case apart <= 4:
		return Medium
	}
	return Low
}

func knownOrNil(c *weather.Condition) *weather.Condition {
	if severity(*c) == 0 {
		return nil
	}
	return c
}

// less reports whether both numbers are known and a is less than b.
func less(a, b *float64) bool { return a != nil && b != nil && *a < *b }
