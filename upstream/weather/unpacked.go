package weather

import (
	"encoding/binary"
	"math"
	"time"
)

// maxPackedSteps is more than any provider sends.
const maxPackedSteps = 10_000

// unpacking reads packed bytes. After a mistake everything it reads is 0.
type unpacking struct {
	left []byte
	bad  bool
}

func (p *PackedSeries) read() (*Series, error) {
	u := unpacking{left: p.bytes}
	s := &Series{Timezone: string(u.take(u.count(len(p.bytes))))}
	s.Steps = make([]Step, u.count(min(maxPackedSteps, len(p.bytes))))
	last := int64(0)
	for i := range s.Steps {
		s.Steps[i].At = u.after(&last)
		s.Steps[i].Hours = u.count(math.MaxInt32)
		s.Steps[i].Condition = u.condition()
	}
	for _, number := range packedNumbers {
		u.column(s.Steps, number)
	}
	if n := u.count(len(p.bytes)); n > 0 {
		s.Sun = make([]Sun, n)
		for i := range s.Sun {
			s.Sun[i] = Sun{Rise: u.after(&last), Set: u.after(&last)}
		}
	}
	if u.bad || len(u.left) > 0 {
		return nil, errPacked
	}
	return s, nil
}

func (u *unpacking) take(n int) []byte {
	if n > len(u.left) {
		u.bad, u.left = true, nil
		return nil
	}
	taken := u.left[:n]
	u.left = u.left[n:]
	return taken
}

func (u *unpacking) uvarint() uint64 {
	v, n := binary.Uvarint(u.left)
	if n <= 0 {
		u.bad, u.left = true, nil
		return 0
	}
	u.left = u.left[n:]
	return v
}

// count is a number from 0 to most.
func (u *unpacking) count(most int) int {
	v := u.uvarint()
	if v > uint64(most) {
		u.bad, u.left = true, nil
		return 0
	}
	return int(v)
}

func (u *unpacking) after(last *int64) time.Time {
	v, n := binary.Varint(u.left)
	if n <= 0 {
		u.bad, u.left = true, nil
		return time.Time{}
	}
	u.left = u.left[n:]
	*last += v
	return time.Unix(*last, 0).UTC()
}

func (u *unpacking) byte() byte {
	if b := u.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (u *unpacking) condition() Condition {
	n := int(u.byte())
	if n >= len(conditions) {
		u.bad = true
		return ""
	}
	return conditions[n]
}

// column reads one number of each step. All packedNumbers of a column are in one array.
func (u *unpacking) column(steps []Step, number func(*Step) **float64) {
	scale := u.byte()
	all := make([]float64, len(steps))
	before := int64(0)
	for i := range steps {
		if scale == 0 {
			raw := u.take(8)
			if raw == nil {
				return
			}
			if all[i] = math.Float64frombits(binary.BigEndian.Uint64(raw)); math.IsNaN(all[i]) {
				continue
			}
		} else {
			v := u.uvarint()
			if v == 0 {
				continue
			}
			v--
			before += int64(v>>1) ^ -int64(v&1)
			all[i] = float64(before) / float64(scale)
		}
		*number(&steps[i]) = &all[i]
	}
}
