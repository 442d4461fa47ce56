package weather

import (
	"math"
	"slices"
	"time"
)

// lateAfter is how much older than the newest observation one may be and still be
// used for every field.
const lateAfter = 90 * time.Minute

// Merged is several reports merged into one.
type Merged struct {
	Report        // without Next, PrecipitationNextHour and VisibilityCapped; ObservedAt is the oldest of the reports used
	Spread Spread // how far the reports lie apart
	Used   []bool // for each report given to Merge, whether any field is made of it
}

// Spread has, for each number that at least two reports gave, how far they lie
// apart; in the units of Report, or once presented in the reader's.
type Spread struct {
	Temperature   Range `json:"temperature,omitzero"`
	FeelsLike     Range `json:"feels_like,omitzero"`
	DewPoint      Range `json:"dew_point,omitzero"`
	Humidity      Range `json:"humidity,omitzero"`
	Pressure      Range `json:"pressure,omitzero"`
	WindSpeed     Range `json:"wind_speed,omitzero"`
	WindDirection Range `json:"wind_direction,omitzero"`
	WindGust      Range `json:"wind_gust,omitzero"`
	CloudCover    Range `json:"cloud_cover,omitzero"`
	Precipitation Range `json:"precipitation,omitzero"`
	Visibility    Range `json:"visibility,omitzero"`
}

// Range is from the least to the greatest of several numbers. The zero Range
// is that of less than two. Of directions it is the smallest arc that holds
// them all, from Min clockwise to Max: around north, Min is the greater.
type Range struct {
	Min     float64 `json:"min"`
	Max     float64 `json:"max"`
	Sources int     `json:"sources"`
}

// Merge makes one report for now out of several. Their order decides ties. A nil
// report stands for a source that has none; if all are nil, so is the result. The
// reports are not changed, but the result may share their memory.
//
// Numbers are medians; the wind's direction is the mean of its unit vectors,
// and absent where they cancel out; the condition and whether it is day are
// what most reports have. A report more than 90 minutes older than the newest is
// used only for fields that no newer one has.
//
// Medians of different fields can come from different reports. A gust below the
// wind speed or a dew point above the temperature, which no report may have, is
// left out.
func Merge(now time.Time, reports ...*Report) *Merged {
	p := newPanel(now, reports)
	if p == nil {
		return nil
	}
	var m Merged
	m.Temperature, m.Spread.Temperature = p.median(func(r *Report) *float64 { return r.Temperature })
	m.FeelsLike, m.Spread.FeelsLike = p.median(func(r *Report) *float64 { return r.FeelsLike })
	m.DewPoint, m.Spread.DewPoint = p.median(func(r *Report) *float64 { return r.DewPoint })
	if greater(m.DewPoint, m.Temperature) {
		m.DewPoint, m.Spread.DewPoint = nil, Range{}
		p.withdraw()
	}
	m.Humidity, m.Spread.Humidity = p.median(func(r *Report) *float64 { return r.Humidity })
	m.Pressure, m.Spread.Pressure = p.median(func(r *Report) *float64 { return r.Pressure })
	m.WindSpeed, m.Spread.WindSpeed = p.median(func(r *Report) *float64 { return r.WindSpeed })
	m.WindGust, m.Spread.WindGust = p.median(func(r *Report) *float64 { return r.WindGust })
	if greater(m.WindSpeed, m.WindGust) {
		m.WindGust, m.Spread.WindGust = nil, Range{}
		p.withdraw()
	}
	m.CloudCover, m.Spread.CloudCover = p.median(func(r *Report) *float64 { return r.CloudCover })
	m.Visibility, m.Spread.Visibility = p.visibility()
	m.Precipitation, m.Spread.Precipitation = p.median(p.precipitation())
	m.WindDirection, m.Spread.WindDirection = p.direction()
	m.Condition = p.condition()
	m.IsDay = p.isDay()
	m.Timezone = p.timezone()
	m.ObservedAt, m.Used = p.used()
	return &m
}

// panel is the reports side by side, each at its entry for now.
type panel struct {
	seats     []seat
	newlyUsed []*seat   // those that the latest call of each marked as used
	numbers   []float64 // scratch: the values of one field
	results   []float64 // what the numbers of the result point into: one allocation for all
}

type seat struct {
	report *Report // nil: none
	late   bool
	used   bool
}

// newPanel returns nil when there is no report.
func newPanel(now time.Time, reports []*Report) *panel {
	var newest time.Time
	seats := make([]seat, len(reports))
	empty := true
	for i, r := range reports {
		if r == nil {
			continue
		}
		seats[i].report, empty = r.At(now), false
		if at := seats[i].report.ObservedAt; at.After(newest) {
			newest = at
		}
	}
	if empty {
		return nil
	}
	for i := range seats {
		s := &seats[i]
		s.late = s.report != nil && newest.Sub(s.report.ObservedAt) > lateAfter
	}
	return &panel{
		seats: seats, newlyUsed: make([]*seat, 0, len(seats)),
		numbers: make([]float64, 0, len(seats)), results: make([]float64, 0, 11),
	}
}

// each calls yield with the field of each report that counts for it, in order,
// and marks the report as used. Where of returns nil, the report does not have
// the field.
func each[T any](p *panel, of func(*Report) *T, yield func(*Report, T)) {
	p.newlyUsed = p.newlyUsed[:0]
	for i := range p.seats {
		s := &p.seats[i]
		if s.report == nil {
			continue
		}
		value := of(s.report)
		if value == nil || s.late && newerHas(p, s.report.ObservedAt, of) {
			continue
		}
		if !s.used {
			s.used, p.newlyUsed = true, append(p.newlyUsed, s)
		}
		yield(s.report, *value)
	}
}

func newerHas[T any](p *panel, than time.Time, of func(*Report) *T) bool {
	return slices.ContainsFunc(p.seats, func(s seat) bool {
		return s.report != nil && s.report.ObservedAt.After(than) && of(s.report) != nil
	})
}

// withdraw takes back the marks of the latest call of each: its field is left
// out.
func (p *panel) withdraw() {
	for _, s := range p.newlyUsed {
		s.used = false
	}
}

// current reports whether any report that is not late fits.
func (p *panel) current(fits func(*Report) bool) bool {
	return slices.ContainsFunc(p.seats, func(s seat) bool { return s.report != nil && !s.late && fits(s.report) })
}

// sorted returns the values of a field in ascending order, until the next call.
func (p *panel) sorted(of func(*Report) *float64) []float64 {
	p.numbers = p.numbers[:0]
	each(p, of, func(_ *Report, v float64) { p.numbers = append(p.numbers, v) })
	slices.Sort(p.numbers)
	return p.numbers
}

// keep returns where v lies in the result.
func (p *panel) keep(v float64) *float64 {
	p.results = append(p.results, v)
	return &p.results[len(p.results)-1]
}

func (p *panel) median(of func(*Report) *float64) (*float64, Range) {
	v := p.sorted(of)
	if len(v) == 0 {
		return nil, Range{}
	}
	return p.keep(middle(v)), rangeOf(v)
}

// middle is the median of at least one number in ascending order.
func middle(v []float64) float64 {
	n := len(v)
	if n%2 == 1 {
		return v[n/2]
	}
	return v[n/2-1]/2 + v[n/2]/2
}

// rangeOf is the zero Range for fewer than two numbers; they are in ascending
// order.
func rangeOf(v []float64) Range {
	if len(v) < 2 {
		return Range{}
	}
	return Range{v[0], v[len(v)-1], len(v)}
}

// greater reports whether both numbers are known and a is greater.
func greater(a, b *float64) bool { return a != nil && b != nil && *a > *b }

// precipitation decides what counts as such: what was measured if a report that
// is not late has it, else also a forecast for the next hour.
func (p *panel) precipitation() func(*Report) *float64 {
	measured := func(r *Report) *float64 { return r.Precipitation }
	if p.current(func(r *Report) bool { return measured(r) != nil }) {
		return measured
	}
	return func(r *Report) *float64 {
		if r.Precipitation != nil {
			return r.Precipitation
		}
		return r.PrecipitationNextHour
	}
}

// visibility is a median in which a capped value, which says "at least", counts
// as the median of those that are not capped where that is greater: it agrees
// with them, and never lowers their median. Among capped values alone it is
// their plain median. The range is that of the values as they were given.
func (p *panel) visibility() (*float64, Range) {
	of := func(r *Report) *float64 { return r.Visibility }
	if !slices.ContainsFunc(p.seats, func(s seat) bool { return s.report != nil && s.report.VisibilityCapped }) {
		return p.median(of)
	}
	var exact, capped []float64
	each(p, of, func(r *Report, v float64) {
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
		return nil, Range{}
	case len(exact) == 0:
		return p.keep(middle(given)), rangeOf(given)
	}
	slices.Sort(exact)
	agreed := middle(exact)
	for _, c := range capped {
		exact = append(exact, max(c, agreed))
	}
	slices.Sort(exact)
	return p.keep(middle(exact)), rangeOf(given)
}

// direction is the direction of the sum of the unit vectors. Speeds do not
// weigh: they are another field, which need not be known. A report of calm has a
// direction of no meaning, mostly 0, and where all current ones are calm a late
// one does not replace it.
func (p *panel) direction() (*float64, Range) {
	of := func(r *Report) *float64 {
		if r.calm() {
			return nil
		}
		return r.WindDirection
	}
	if p.current((*Report).calm) && !p.current(func(r *Report) bool { return of(r) != nil }) {
		return nil, Range{}
	}
	v := p.sorted(of)
	if len(v) == 0 {
		return nil, Range{}
	}
	if len(v) == 1 {
		return p.keep(v[0]), Range{}
	}
	var north, east float64
	for _, d := range v {
		sin, cos := math.Sincos(d * math.Pi / 180)
		north, east = north+cos, east+sin
	}
	arc := smallestArc(v)
	if math.Hypot(north, east)/float64(len(v)) < 1e-6 {
		return nil, arc // they cancel out
	}
	return p.keep(clockwise(math.Atan2(east, north) * 180 / math.Pi)), arc
}

// smallestArc is the circle without the widest gap between neighbours.
func smallestArc(ascending []float64) Range {
	n := len(ascending)
	arc := Range{ascending[0], ascending[n-1], n}
	widest := 360 - (arc.Max - arc.Min)
	for i := 1; i < n; i++ {
		if gap := ascending[i] - ascending[i-1]; gap > widest {
			widest = gap
			arc.Min, arc.Max = ascending[i], ascending[i-1]
		}
	}
	return arc
}

// clockwise brings an angle of -360 to 360 into 0 to below 360. An angle so
// little below 0 that adding 360 rounds to 360 is north too.
func clockwise(degrees float64) float64 {
	if degrees < 0 {
		degrees += 360
	}
	if degrees >= 360 {
		degrees -= 360
	}
	return degrees
}

func (p *panel) condition() Condition {
	votes := make([]Condition, 0, len(p.seats))
	each(p, func(r *Report) *Condition {
		if !r.Condition.known() {
			return nil
		}
		return &r.Condition
	}, func(_ *Report, c Condition) { votes = append(votes, c) })
	if len(votes) == 0 {
		return Unknown
	}
	return majority(votes)
}

func (p *panel) isDay() *bool {
	votes := make([]bool, 0, len(p.seats))
	each(p, func(r *Report) *bool { return r.IsDay }, func(_ *Report, day bool) { votes = append(votes, day) })
	if len(votes) == 0 {
		return nil
	}
	return new(majority(votes))
}

// majority returns the most frequent vote; of several, the one that comes first.
// There is at least one.
func majority[T comparable](votes []T) T {
	winner, most := votes[0], 0
	for _, candidate := range votes {
		n := 0
		for _, v := range votes {
			if v == candidate {
				n++
			}
		}
		if n > most {
			winner, most = candidate, n
		}
	}
	return winner
}

// timezone is the first that a report has. It is the place's and not an
// observation: it does not grow old, and a report is not used for it.
func (p *panel) timezone() string {
	for _, s := range p.seats {
		if s.report != nil && s.report.Timezone != "" {
			return s.report.Timezone
		}
	}
	return ""
}

// used returns the oldest time of the reports used, and which those are.
func (p *panel) used() (oldest time.Time, used []bool) {
	used = make([]bool, len(p.seats))
	for i, s := range p.seats {
		used[i] = s.used
		if s.used && (oldest.IsZero() || s.report.ObservedAt.Before(oldest)) {
			oldest = s.report.ObservedAt
		}
	}
	return oldest, used
}
