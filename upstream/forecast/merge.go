package forecast

import (
	"math/bits"
	"slices"
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

// Hour is the merged forecast of one hour.
type Hour struct {
	At                                 time.Time
	Temperature, FeelsLike             *float64
	Humidity                           *float64
	Precipitation                      *float64 // mm in the hour from At
	PrecipitationProbability           *float64
	WindSpeed, WindGust, WindDirection *float64
	CloudCover, Pressure               *float64
	Condition                          weather.Condition

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

// mergeHour merges what is said about the hour itself: sums and conditions of three
// or six hours are left to the days.
func mergeHour(at time.Time, all []*weather.Series) Hour {
	p := panel[weather.Step]{said: make([]*weather.Step, len(all))}
	for i, s := range all {
		if s != nil {
			p.said[i] = s.At(at)
		}
	}
	ofHour := func(of func(*weather.Step) *float64) func(*weather.Step) *float64 {
		return func(s *weather.Step) *float64 {
			if s.Hours != 1 {
				return nil
			}
			return of(s)
		}
	}
	m := Hour{At: at}
	m.Temperature, _ = p.median(temperature, func(s *weather.Step) *float64 { return s.Temperature })
	m.FeelsLike, _ = p.median(feelsLike, func(s *weather.Step) *float64 { return s.FeelsLike })
	m.Humidity, _ = p.median(humidity, func(s *weather.Step) *float64 { return s.Humidity })
	m.Precipitation, _ = p.median(precipitation, ofHour(func(s *weather.Step) *float64 { return s.Precipitation }))
	m.PrecipitationProbability, _ = p.median(precipitationProbability, ofHour(func(s *weather.Step) *float64 { return s.PrecipitationProbability }))
	m.WindSpeed, _ = p.median(windSpeed, func(s *weather.Step) *float64 { return s.WindSpeed })
	m.WindGust, _ = p.median(windGust, ofHour(func(s *weather.Step) *float64 { return s.WindGust }))
	if less(m.WindGust, m.WindSpeed) {
		m.WindGust, p.by[windGust] = nil, 0
	}
	m.WindDirection, _ = p.direction(func(s *weather.Step) *float64 {
		if s.WindSpeed != nil && *s.WindSpeed == 0 { // the direction of a calm has no meaning
			return nil
		}
		return s.WindDirection
	})
	m.CloudCover, _ = p.median(cloudCover, func(s *weather.Step) *float64 { return s.CloudCover })
	m.Pressure, _ = p.median(pressure, func(s *weather.Step) *float64 { return s.Pressure })
	var votes []weather.Condition
	each(&p, condition, func(s *weather.Step) *weather.Condition {
		if s.Hours != 1 {
			return nil
		}
		return knownOrNil(&s.Condition)
	}, func(c weather.Condition) { votes = append(votes, c) })
	if len(votes) > 0 {
		m.Condition = aggregate.Majority(votes)
	}
	m.by = p.by
	return m
}

func knownOrNil(c *weather.Condition) *weather.Condition {
	if severity(*c) == 0 {
		return nil
	}
	return c
}

// less reports whether both numbers are known and a is less than b.
func less(a, b *float64) bool { return a != nil && b != nil && *a < *b }

// panel holds what the sources say about one day or hour, in order, and who said what
// the result has.
type panel[T any] struct {
	said []*T // nil: nothing
	by   contributions
}

// each calls yield with a field of each source that has it, and records the source.
func each[T, V any](p *panel[T], f field, of func(*T) *V, yield func(V)) {
	for i, s := range p.said {
		if s == nil {
			continue
		}
		if v := of(s); v != nil {
			p.by[f] |= 1 << i
			yield(*v)
		}
	}
}

// first is a field of the first source that has it.
func first[T, V any](p *panel[T], f field, of func(*T) *V) (found *V) {
	for i, s := range p.said {
		if s == nil || of(s) == nil {
			continue
		}
		p.by[f] = 1 << i
		return of(s)
	}
	return nil
}

func (p *panel[T]) sorted(f field, of func(*T) *float64) (numbers []float64) {
	each(p, f, of, func(v float64) { numbers = append(numbers, v) })
	slices.Sort(numbers)
	return numbers
}

func (p *panel[T]) median(f field, of func(*T) *float64) (*float64, aggregate.Range) {
	v := p.sorted(f, of)
	if len(v) == 0 {
		return nil, aggregate.Range{}
	}
	return new(aggregate.Median(v)), aggregate.RangeOf(v)
}

func (p *panel[T]) direction(of func(*T) *float64) (*float64, aggregate.Range) {
	mean, arc := aggregate.Direction(p.sorted(windDirection, of))
	if mean == nil {
		p.by[windDirection] = 0
	}
	return mean, arc
}

// contributions has for each field the sources that gave it, a bit for each.
type contributions [fields]uint64

func (c *contributions) anyOf(source int) bool {
	return slices.ContainsFunc(c[:], func(by uint64) bool { return by&(1<<source) != 0 })
}

// sources is the number of sources that gave any field.
func (c *contributions) sources() int {
	var all uint64
	for _, by := range c {
		all |= by
	}
	return bits.OnesCount64(all)
}

func (c *contributions) add(other *contributions) {
	for f, by := range other {
		c[f] |= by
	}
}

// only returns the source of a field that one source gave.
func (c *contributions) only(f field) (source int, ok bool) {
	return bits.TrailingZeros64(c[f]), bits.OnesCount64(c[f]) == 1
}
