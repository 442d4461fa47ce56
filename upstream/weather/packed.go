package weather

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"time"

	"tributary/upstream"
)

// PackedSeries is a Series in few bytes, because a place that is remembered has one of
// each provider: ninety steps take 1 to 2 kB, where the Series takes 20. Nothing of
// it is lost. It does not change, so it may be shared. It can be stored as JSON.
type PackedSeries struct{ bytes []byte }

// packedNumbers are the fields of a step that are packed, in this order, each as a column: a
// number is mostly near the one before.
var packedNumbers = [...]func(*Step) **float64{
	func(s *Step) **float64 { return &s.Temperature },
	func(s *Step) **float64 { return &s.FeelsLike },
	func(s *Step) **float64 { return &s.Humidity },
	func(s *Step) **float64 { return &s.Pressure },
	func(s *Step) **float64 { return &s.CloudCover },
	func(s *Step) **float64 { return &s.WindSpeed },
	func(s *Step) **float64 { return &s.WindDirection },
	func(s *Step) **float64 { return &s.UVIndex },
	func(s *Step) **float64 { return &s.Precipitation },
	func(s *Step) **float64 { return &s.PrecipitationProbability },
	func(s *Step) **float64 { return &s.WindGust },
}

// conditions are numbered by their place here, 0 for none.
var conditions = [...]Condition{
	"", Clear, MostlyClear, PartlyCloudy, Cloudy, Fog, Haze, Drizzle, FreezingDrizzle, Rain, FreezingRain, Sleet, Snow,
	RainShowers, SnowShowers, Thunderstorm, Hail, Dust, Unknown,
}

// Pack returns the series in few bytes. Times are kept to the second.
func (s *Series) Pack() *PackedSeries {
	b := make([]byte, 0, 64+16*len(s.Steps))
	b = binary.AppendUvarint(b, uint64(len(s.Timezone)))
	b = append(b, s.Timezone...)
	b = binary.AppendUvarint(b, uint64(len(s.Steps)))
	last := int64(0)
	for i := range s.Steps {
		step := &s.Steps[i]
		b = appendAfter(b, step.At, &last)
		b = binary.AppendUvarint(b, uint64(step.Hours))
		b = append(b, numberOf(step.Condition))
	}
	for _, number := range packedNumbers {
		b = appendColumn(b, s.Steps, number)
	}
	b = binary.AppendUvarint(b, uint64(len(s.Sun)))
	for _, sun := range s.Sun {
		b = appendAfter(b, sun.Rise, &last)
		b = appendAfter(b, sun.Set, &last)
	}
	return &PackedSeries{append(make([]byte, 0, len(b)), b...)} // without room to grow
}

// packed packs what decode reads.
func packed[A interface{ Pack() P }, P any](decode func(upstream.Response) (A, error)) func(upstream.Response) (P, error) {
	return func(r upstream.Response) (p P, err error) {
		a, err := decode(r)
		if err != nil {
			return p, err
		}
		return a.Pack(), nil
	}
}

// appendAfter appends how much later than last a time is, and makes it the last.
func appendAfter(b []byte, t time.Time, last *int64) []byte {
	b = binary.AppendVarint(b, t.Unix()-*last)
	*last = t.Unix()
	return b
}

func numberOf(c Condition) byte {
	for i, known := range conditions {
		if c == known {
			return byte(i)
		}
	}
	return numberOf(Unknown)
}

// appendColumn appends one number of each step: the scale at which all are integers, and
// their differences. A column that has no such scale is appended as it is, with scale 0.
func appendColumn(b []byte, steps []Step, number func(*Step) **float64) []byte {
	scale := scaleOf(steps, number)
	b = append(b, scale)
	before := int64(0)
	for i := range steps {
		v := *number(&steps[i])
		switch {
		case scale == 0 && v == nil:
			b = binary.BigEndian.AppendUint64(b, math.Float64bits(math.NaN()))
		case scale == 0:
			b = binary.BigEndian.AppendUint64(b, math.Float64bits(*v))
		case v == nil:
			b = append(b, 0)
		default:
			n := int64(math.Round(*v * float64(scale)))
			change := n - before
			b = binary.AppendUvarint(b, uint64(change<<1^change>>63)+1) // zigzag, as AppendVarint does it
			before = n
		}
	}
	return b
}

// scaleOf is the least of 1, 10 and 100 by which all packedNumbers of a column are integers, 0
// if there is none.
func scaleOf(steps []Step, number func(*Step) **float64) byte {
	scale := 1.0
	for i := range steps {
		v := *number(&steps[i])
		if v == nil {
			continue
		}
		for !fits(*v, scale) {
			if scale *= 10; scale > 100 {
				return 0
			}
		}
	}
	return byte(scale)
}

func fits(v, scale float64) bool {
	const most = 1 << 40
	n := math.Round(v * scale)
	return n/scale == v && math.Abs(n) < most && !(v == 0 && math.Signbit(v))
}

// MarshalJSON makes the bytes a text in base64.
func (p *PackedSeries) MarshalJSON() ([]byte, error) { return json.Marshal(p.bytes) }

// UnmarshalJSON reads what MarshalJSON made. Anything else is an error.
func (p *PackedSeries) UnmarshalJSON(text []byte) error {
	if err := json.Unmarshal(text, &p.bytes); err != nil {
		return fmt.Errorf("packed forecast: %w", err)
	}
	_, err := p.read()
	return err
}

// Series unpacks the series.
func (p *PackedSeries) Series() *Series {
	s, err := p.read()
	if err != nil {
		panic(err) // Pack made it, or UnmarshalJSON has read it
	}
	return s
}

var errPacked = errors.New("packed forecast: not in its form")
