package sample

import (
	"encoding/json"
	"math/big"
	"math/rand/v2"
)

// number makes a number within the bounds: a whole multiple of a step, which is 1 for
// integers and 0.01 for others if the schema leaves it open.
func (m *maker) number(r *rules, p place) json.Number {
	if v := m.coordinate(p); v != "" && valid(r.all, v) {
		return v
	}
	b := r.bounds()
	whole := r.kind() == "integer"
	low, high := b.window(usual(p.name, whole))
	if p.salt >= retried && b.low != nil && b.high != nil {
		low, high = b.low, b.high
	}
	step := b.step
	switch {
	case whole && step != nil:
		step = new(big.Rat).SetInt(step.Num()) // the integers among the multiples of a/b are those of a
	case whole:
		step = big.NewRat(1, 1)
	case step == nil:
		step = usual(p.name, whole).step
	}
	random := m.rand(p, "number")
	for range 4 { // finer steps, if bounds are closer than a step
		if v := b.between(low, high, step, random); v != nil {
			return decimal(v)
		}
		if b.step != nil || whole {
			break
		}
		step = new(big.Rat).Quo(step, big.NewRat(1000, 1))
	}
	if b.low != nil {
		return decimal(b.low)
	}
	return "0"
}

// bounds are what the schemas say about a number; nil: nothing.
type bounds struct {
	low, high         *big.Rat
	lowOpen, highOpen bool // the bound itself is not allowed
	step              *big.Rat
}

func (r *rules) bounds() (b bounds) {
	for _, s := range r.all {
		b.raise(s.Minimum, false)
		b.raise(s.ExclusiveMinimum, true)
		b.lower(s.Maximum, false)
		b.lower(s.ExclusiveMaximum, true)
		if step := s.MultipleOf; step != nil && step.Sign() > 0 {
			b.step = common(b.step, step)
		}
	}
	return b
}

func (b *bounds) raise(to *big.Rat, open bool) {
	if to != nil && (b.low == nil || to.Cmp(b.low) > 0 || open && to.Cmp(b.low) == 0) {
		b.low, b.lowOpen = to, open
	}
}

func (b *bounds) lower(to *big.Rat, open bool) {
	if to != nil && (b.high == nil || to.Cmp(b.high) < 0 || open && to.Cmp(b.high) == 0) {
		b.high, b.highOpen = to, open
	}
}

// common is the least number that is a multiple of both.
func common(a, b *big.Rat) *big.Rat {
	if a == nil {
		return b
	}
	product := new(big.Int).Mul(a.Num(), b.Num())
	num := product.Quo(product, new(big.Int).GCD(nil, nil, a.Num(), b.Num()))
	return new(big.Rat).SetFrac(num, new(big.Int).GCD(nil, nil, a.Denom(), b.Denom()))
}

// window is where a number is looked for: what is usual, as far as the bounds allow it.
func (b bounds) window(u usualNumber) (low, high *big.Rat) {
	low, high = u.low, u.high
	if b.low != nil && b.low.Cmp(low) > 0 {
		low = b.low
	}
	if b.high != nil && b.high.Cmp(high) < 0 {
		high = b.high
	}
	if low.Cmp(high) <= 0 {
		return low, high
	}
	wide := big.NewRat(1000, 1)
	switch {
	case b.low != nil && b.high != nil:
		return b.low, b.high
	case b.low != nil:
		return b.low, new(big.Rat).Add(b.low, wide)
	}
	return new(big.Rat).Sub(b.high, wide), b.high
}

// between is a random multiple of step from low to high; nil if there is none.
func (b bounds) between(low, high, step *big.Rat, random *rand.Rand) *big.Rat {
	first := ceil(new(big.Rat).Quo(low, step))
	last := new(big.Int).Neg(ceil(new(big.Rat).Neg(new(big.Rat).Quo(high, step))))
	at := func(k *big.Int) *big.Rat { return new(big.Rat).Mul(new(big.Rat).SetInt(k), step) }
	one := big.NewInt(1)
	if b.lowOpen && at(first).Cmp(b.low) <= 0 {
		first.Add(first, one)
	}
	if b.highOpen && at(last).Cmp(b.high) >= 0 {
		last.Sub(last, one)
	}
	n := new(big.Int).Sub(last, first)
	if n.Sign() < 0 {
		return nil
	}
	k := uint64(1 << 62)
	if n.IsUint64() && n.Uint64() < k {
		k = n.Uint64()
	}
	return at(first.Add(first, new(big.Int).SetUint64(random.Uint64N(k+1))))
}

func ceil(r *big.Rat) *big.Int {
	q, rem := new(big.Int).DivMod(r.Num(), r.Denom(), new(big.Int))
	if rem.Sign() > 0 {
		q.Add(q, big.NewInt(1))
	}
	return q
}

// decimal is a number as JSON writes it, without needless zeros.
func decimal(r *big.Rat) json.Number {
	digits, exact := r.FloatPrec()
	if !exact {
		digits = min(digits+20, 40)
	}
	return json.Number(r.FloatString(digits))
}
