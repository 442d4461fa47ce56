package aggregate

import (
	"slices"
	"time"
)

// Range has the least and the greatest of several numbers. It is zero for fewer than
// two. For directions it is the smallest arc that contains all of them, clockwise from
// Min to Max; around north, Min is the greater number.
type Range struct {
	Min     float64 `json:"min"`
	Max     float64 `json:"max"`
	Sources int     `json:"sources"`
}

// In converts both ends of the range. The zero Range stays zero, although 0 °C is
// 32 °F.
func (r Range) In(convert func(float64) float64) Range {
	if r.Sources == 0 {
		return r
	}
	return Range{convert(r.Min), convert(r.Max), r.Sources}
}

// Panel merges several reports field by field; their order decides ties. A report is
// late if it is much older than the newest one. It is then used only for fields that no
// newer report has.
type Panel[R any] struct {
	seats     []seat[R]
	newlyUsed []*seat[R] // marked as used by the latest call of Each
	numbers   []float64  // scratch: the values of one field
	results   []float64  // the numbers of the result, in one allocation
}

type seat[R any] struct {
	report *R // nil: none
	at     time.Time
	late   bool
	used   bool
}

// NewPanel returns a panel, nil if all reports are nil. at returns the time of a
// report's observation; results is the greatest number of numbers in the result.
func NewPanel[R any](reports []*R, at func(*R) time.Time, lateAfter time.Duration, results int) *Panel[R] {
	var newest time.Time
	seats := make([]seat[R], len(reports))
	empty := true
	for i, r := range reports {
		if r == nil {
			continue
		}
		seats[i].report, seats[i].at, empty = r, at(r), false
		if seats[i].at.After(newest) {
			newest = seats[i].at
		}
	}
	if empty {
		return nil
	}
	for i := range seats {
		s := &seats[i]
		s.late = s.report != nil && newest.Sub(s.at) > lateAfter
	}
	return &Panel[R]{
		seats: seats, newlyUsed: make([]*seat[R], 0, len(seats)),
		numbers: make([]float64, 0, len(seats)), results: make([]float64, 0, results),
	}
}

// Each calls yield for each report that has a field and is not too late for it, in
// order, and marks the report as used. The function of returns the field of a report,
// nil if the report does not have it.
func Each[R, T any](p *Panel[R], of func(*R) *T, yield func(*R, T)) {
	p.newlyUsed = p.newlyUsed[:0]
	for i := range p.seats {
		s := &p.seats[i]
		if s.report == nil {
			continue
		}
		value := of(s.report)
		if value == nil || s.late && newerHas(p, s.at, of) {
			continue
		}
		if !s.used {
			s.used, p.newlyUsed = true, append(p.newlyUsed, s)
		}
		yield(s.report, *value)
	}
}

func newerHas[R, T any](p *Panel[R], than time.Time, of func(*R) *T) bool {
	return slices.ContainsFunc(p.seats, func(s seat[R]) bool {
		return s.report != nil && s.at.After(than) && of(s.report) != nil
	})
}

// Withdraw removes the marks of the latest call of Each, for a field that is left out
// of the result.
func (p *Panel[R]) Withdraw() {
	for _, s := range p.newlyUsed {
		s.used = false
	}
}

// Any reports whether a report fits.
func (p *Panel[R]) Any(fits func(*R) bool) bool { return p.First(fits) != nil }

// AnyInTime reports whether a report that is not late fits.
func (p *Panel[R]) AnyInTime(fits func(*R) bool) bool {
	return slices.ContainsFunc(p.seats, func(s seat[R]) bool { return s.report != nil && !s.late && fits(s.report) })
}

// First is the first report that fits, nil for none. It is not marked as used.
func (p *Panel[R]) First(fits func(*R) bool) *R {
	for _, s := range p.seats {
		if s.report != nil && fits(s.report) {
			return s.report
		}
	}
	return nil
}

// Sorted returns the values of a field in ascending order, until the next call.
func (p *Panel[R]) Sorted(of func(*R) *float64) []float64 {
	p.numbers = p.numbers[:0]
	Each(p, of, func(_ *R, v float64) { p.numbers = append(p.numbers, v) })
	slices.Sort(p.numbers)
	return p.numbers
}

// Keep stores v as a number of the result and returns a pointer to it.
func (p *Panel[R]) Keep(v float64) *float64 {
	p.results = append(p.results, v)
	return &p.results[len(p.results)-1]
}

// Median is the median of a field, nil if no report has it, and its range.
func (p *Panel[R]) Median(of func(*R) *float64) (*float64, Range) {
	v := p.Sorted(of)
	if len(v) == 0 {
		return nil, Range{}
	}
	return p.Keep(Median(v)), RangeOf(v)
}

// Used returns the time of the oldest report used, and which reports were used.
func (p *Panel[R]) Used() (oldest time.Time, used []bool) {
	used = make([]bool, len(p.seats))
	for i, s := range p.seats {
		used[i] = s.used
		if s.used && (oldest.IsZero() || s.at.Before(oldest)) {
			oldest = s.at
		}
	}
	return oldest, used
}

// Median is the median of at least one number in ascending order.
func Median(v []float64) float64 {
	n := len(v)
	if n%2 == 1 {
		return v[n/2]
	}
	return v[n/2-1]/2 + v[n/2]/2
}

// RangeOf is the range of numbers in ascending order.
func RangeOf(v []float64) Range {
	if len(v) < 2 {
		return Range{}
	}
	return Range{v[0], v[len(v)-1], len(v)}
}

// Majority returns the most frequent vote; of several, the one that comes first.
// There is at least one.
func Majority[T comparable](votes []T) T {
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
