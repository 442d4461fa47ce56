package weather

import (
	"slices"
	"time"

	"tributary/upstream/aggregate"
)

// lateAfter is the greatest difference to the newest observation at which a report is
// still used for every field.
const lateAfter = 90 * time.Minute

// Merged is the combination of several reports.
type Merged struct {
	Report        // without Next, Forecast, PrecipitationNextHour and VisibilityCapped; ObservedAt is the oldest of the reports used
	Spread Spread // how far the reports differ
	Used   []bool // for each report given to Merge: whether it was used for any field
}

// Spread has the range of each number that at least two reports gave, in the units
// of Report or, after Present, in the caller's.
type Spread struct {
	Temperature   aggregate.Range `json:"temperature,omitzero"`
	FeelsLike     aggregate.Range `json:"feels_like,omitzero"`
	DewPoint      aggregate.Range `json:"dew_point,omitzero"`
	Humidity      aggregate.Range `json:"humidity,omitzero"`
	Pressure      aggregate.Range `json:"pressure,omitzero"`
	WindSpeed     aggregate.Range `json:"wind_speed,omitzero"`
	WindDirection aggregate.Range `json:"wind_direction,omitzero"`
	WindGust      aggregate.Range `json:"wind_gust,omitzero"`
	CloudCover    aggregate.Range `json:"cloud_cover,omitzero"`
	Precipitation aggregate.Range `json:"precipitation,omitzero"`
	Visibility    aggregate.Range `json:"visibility,omitzero"`
}

// Merge combines several reports into one for now. Their order decides ties. A nil
// report stands for a source without one; if all are nil, the result is nil. The
// reports are not changed, but the result may share memory with them.
//
// Numbers are medians. The wind direction is the direction of the sum of unit
// vectors, and absent if they cancel out. The condition and day or night are the
// most frequent values. A report more than 90 minutes older than the newest is used
// only for fields that no newer one has.
//
// The medians of two fields can come from different reports, so they can contradict
// each other: a gust below the wind speed and a dew point above the temperature are
// left out.
func Merge(now time.Time, reports ...*Report) *Merged {
	current := make([]*Report, len(reports))
	for i, r := range reports {
		if r != nil {
			current[i] = r.At(now)
		}
	}
	const results = 11
	p := panel{aggregate.NewPanel(current, func(r *Report) time.Time { return r.ObservedAt }, lateAfter, results)}
	if p.Panel == nil {
		return nil
	}
	var m Merged
	m.Temperature, m.Spread.Temperature = p.Median(func(r *Report) *float64 { return r.Temperature })
	m.FeelsLike, m.Spread.FeelsLike = p.Median(func(r *Report) *float64 { return r.FeelsLike })
	m.DewPoint, m.Spread.DewPoint = p.Median(func(r *Report) *float64 { return r.DewPoint })
	if greater(m.DewPoint, m.Temperature) {
		m.DewPoint, m.Spread.DewPoint = nil, aggregate.Range{}
		p.Withdraw()
	}
	m.Humidity, m.Spread.Humidity = p.Median(func(r *Report) *float64 { return r.Humidity })
	m.Pressure, m.Spread.Pressure = p.Median(func(r *Report) *float64 { return r.Pressure })
	m.WindSpeed, m.Spread.WindSpeed = p.Median(func(r *Report) *float64 { return r.WindSpeed })
	m.WindGust, m.Spread.WindGust = p.Median(func(r *Report) *float64 { return r.WindGust })
	if greater(m.WindSpeed, m.WindGust) {
		m.WindGust, m.Spread.WindGust = nil, aggregate.Range{}
		p.Withdraw()
	}
	m.CloudCover, m.Spread.CloudCover = p.Median(func(r *Report) *float64 { return r.CloudCover })
	m.Visibility, m.Spread.Visibility = p.visibility()
	m.Precipitation, m.Spread.Precipitation = p.Median(p.precipitation())
	m.WindDirection, m.Spread.WindDirection = p.direction()
	m.Condition = p.condition()
	m.IsDay = p.isDay()
	m.Timezone = p.timezone()
	m.ObservedAt, m.Used = p.Used()
	return &m
}

// panel holds the reports in order, each at its entry for now.
type panel struct{ *aggregate.Panel[Report] }

// greater reports whether both numbers are known and a is greater than b.
func greater(a, b *float64) bool { return a != nil && b != nil && *a > *b }

// precipitation returns the field to merge: the measured value if a report that is
// not late has one, else also the forecast for the next hour.
func (p panel) precipitation() func(*Report) *float64 {
	measured := func(r *Report) *float64 { return r.Precipitation }
	if p.AnyInTime(func(r *Report) bool { return measured(r) != nil }) {
		return measured
	}
	return func(r *Report) *float64 {
		if r.Precipitation != nil {
			return r.Precipitation
		}
		return r.PrecipitationNextHour
	}
}

// visibility is a median in which a capped value means "at least". A capped value
// counts as the median of the uncapped ones if that is greater, so it never lowers
// their median. If all values are capped, it is their plain median. The range is of
// the values as reported.
func (p panel) visibility() (*float64, aggregate.Range) {
	of := func(r *Report) *float64 { return r.Visibility }
	if !p.Any(func(r *Report) bool { return r.VisibilityCapped }) {
		return p.Median(of)
	}
	var exact, capped []float64
	aggregate.Each(p.Panel, of, func(r *Report, v float64) {
		if r.VisibilityCapped {
			capped = append(capped, v)
		} else {
			exact = append(exact, v)
		}
	})
	given := slices.Concat(exact, capped)
	slices.Sort(given)
	switch {
	case len(given) == 0:
		return nil, aggregate.Range{}
	case len(exact) == 0:
		return p.Keep(aggregate.Median(given)), aggregate.RangeOf(given)
	}
	slices.Sort(exact)
	agreed := aggregate.Median(exact)
	for _, c := range capped {
		exact = append(exact, max(c, agreed))
	}
	slices.Sort(exact)
	return p.Keep(aggregate.Median(exact)), aggregate.RangeOf(given)
}

// direction is the direction of the sum of the unit vectors, not weighted by speed,
// which is another field and may be unknown. Reports of calm are skipped: their
// direction, mostly 0, has no meaning. If all current reports are calm, a late one
// does not replace them.
func (p panel) direction() (*float64, aggregate.Range) {
	of := func(r *Report) *float64 {
		if r.calm() {
			return nil
		}
		return r.WindDirection
	}
	if p.AnyInTime((*Report).calm) && !p.AnyInTime(func(r *Report) bool { return of(r) != nil }) {
		return nil, aggregate.Range{}
	}
	mean, arc := aggregate.Direction(p.Sorted(of))
	if mean == nil {
		return nil, arc
	}
	return p.Keep(*mean), arc
}

func (p panel) condition() Condition {
	votes := make([]Condition, 0, 3)
	aggregate.Each(p.Panel, func(r *Report) *Condition {
		if !r.Condition.known() {
			return nil
		}
		return &r.Condition
	}, func(_ *Report, c Condition) { votes = append(votes, c) })
	if len(votes) == 0 {
		return Unknown
	}
	return aggregate.Majority(votes)
}

func (p panel) isDay() *bool {
	votes := make([]bool, 0, 3)
	aggregate.Each(p.Panel, func(r *Report) *bool { return r.IsDay }, func(_ *Report, day bool) { votes = append(votes, day) })
	if len(votes) == 0 {
		return nil
	}
	return new(aggregate.Majority(votes))
}

// timezone returns the first time zone of any report. It belongs to the place, not to
// an observation, so a late report may provide it and does not count as used.
func (p panel) timezone() string {
	if r := p.First(func(r *Report) bool { return r.Timezone != "" }); r != nil {
		return r.Timezone
	}
	return ""
}
