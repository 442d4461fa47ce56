package forecast

import (
	"math/bits"
	"slices"

	"tributary/upstream/aggregate"
)

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
