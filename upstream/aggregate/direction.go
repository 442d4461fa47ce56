package aggregate

import "math"

// Direction is the direction of the sum of unit vectors with these directions, in
// degrees clockwise from north and in ascending order, and the arc that they span.
// It is nil without a direction, and where the vectors cancel out.
func Direction(ascending []float64) (*float64, Range) {
	switch len(ascending) {
	case 0:
		return nil, Range{}
	case 1:
		return new(ascending[0]), Range{}
	}
	var sum Vector
	for _, d := range ascending {
		sum.Add(d, 1)
	}
	return sum.Direction(), smallestArc(ascending)
}

// Vector is the sum of vectors, each with a direction in degrees clockwise from north
// and a length.
type Vector struct{ north, east, length float64 }

// Add adds a vector.
func (v *Vector) Add(degrees, length float64) {
	sin, cos := math.Sincos(degrees * math.Pi / 180)
	v.north, v.east, v.length = v.north+length*cos, v.east+length*sin, v.length+length
}

// Direction is the direction of the sum, nil where the vectors cancel out or all have
// no length.
func (v *Vector) Direction() *float64 {
	if !(math.Hypot(v.north, v.east) > 1e-6*v.length) {
		return nil
	}
	return new(Clockwise(math.Atan2(v.east, v.north) * 180 / math.Pi))
}

// smallestArc is the circle without the widest gap between two neighbours.
func smallestArc(ascending []float64) Range {
	n := len(ascending)
	arc := Range{Min: ascending[0], Max: ascending[n-1], Sources: n}
	widest := 360 - (arc.Max - arc.Min)
	for i := 1; i < n; i++ {
		if gap := ascending[i] - ascending[i-1]; gap > widest {
			widest = gap
			arc.Min, arc.Max = ascending[i], ascending[i-1]
		}
	}
	return arc
}

// Clockwise maps an angle of -360 to 360 to [0, 360). A tiny negative angle, for
// which adding 360 rounds to 360, becomes 0.
func Clockwise(degrees float64) float64 {
	if degrees < 0 {
		degrees += 360
	}
	if degrees >= 360 {
		degrees -= 360
	}
	return degrees
}
