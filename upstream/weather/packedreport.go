package weather

import (
	"encoding/binary"
	"encoding/json"
	"math"
	"time"
)

// PackedReport is a Report in few bytes, because a place that is remembered has several:
// its numbers take 40 bytes instead of 200. Nothing of it is lost. It does not change, so
// it may be shared. It can be stored as JSON, which is that of the Report.
type PackedReport struct {
	Forecast *PackedSeries // of the Report

	observedAt int64  // ns since 1970
	bytes      string // as Report.appendTo writes it
	next       *PackedReport
}

// reportNumbers are the numbers of a report, in the order in which they are packed.
var reportNumbers = [...]func(*Report) **float64{
	func(r *Report) **float64 { return &r.Temperature },
	func(r *Report) **float64 { return &r.FeelsLike },
	func(r *Report) **float64 { return &r.DewPoint },
	func(r *Report) **float64 { return &r.Humidity },
	func(r *Report) **float64 { return &r.Pressure },
	func(r *Report) **float64 { return &r.WindSpeed },
	func(r *Report) **float64 { return &r.WindGust },
	func(r *Report) **float64 { return &r.WindDirection },
	func(r *Report) **float64 { return &r.CloudCover },
	func(r *Report) **float64 { return &r.Precipitation },
	func(r *Report) **float64 { return &r.Visibility },
	func(r *Report) **float64 { return &r.PrecipitationNextHour },
}

// What is known of a report: a bit for each number, and these.
const (
	visibilityCapped = 1 << (len(reportNumbers) + iota)
	dayOrNightKnown
	isDayNow
)

// Pack returns the report, and those after it, in few bytes.
func (r *Report) Pack() *PackedReport {
	const usual = 6 // reports, of 40 bytes
	ends, b := make([]int, 0, usual), make([]byte, 0, usual*40)
	for each := r; each != nil; each = each.Next {
		b = each.appendTo(b)
		ends = append(ends, len(b))
	}
	packed, bytes, from := make([]PackedReport, len(ends)), string(b), 0
	for i, each := 0, r; each != nil; i, each = i+1, each.Next {
		packed[i] = PackedReport{observedAt: each.ObservedAt.UnixNano(), bytes: bytes[from:ends[i]], Forecast: each.Forecast}
		if from = ends[i]; each.Next != nil {
			packed[i].next = &packed[i+1]
		}
	}
	return &packed[0]
}

// appendTo appends what is known, the condition, the time zone, and the numbers.
func (r *Report) appendTo(b []byte) []byte {
	known := uint64(0)
	for i, number := range reportNumbers {
		if *number(r) != nil {
			known |= 1 << i
		}
	}
	if r.VisibilityCapped {
		known |= visibilityCapped
	}
	if r.IsDay != nil {
		known |= dayOrNightKnown
		if *r.IsDay {
			known |= isDayNow
		}
	}
	b = binary.AppendUvarint(b, known)
	b = append(b, numberOf(r.Condition))
	b = binary.AppendUvarint(b, uint64(len(r.Timezone)))
	b = append(b, r.Timezone...)
	for _, number := range reportNumbers {
		if v := *number(r); v != nil {
			b = appendNumber(b, *v)
		}
	}
	return b
}

// numberScales are the scales at which a number may be an integer; the last is for those
// that are not one at any.
var numberScales = [4]float64{1, 10, 100, 0}

// appendNumber appends an integer with the number of its scale in its lowest two bits, or
// all bits of a number that is not one.
func appendNumber(b []byte, v float64) []byte {
	for i, scale := range numberScales[:3] {
		if fits(v, scale) {
			return binary.AppendVarint(b, int64(math.Round(v*scale))<<2|int64(i))
		}
	}
	return binary.BigEndian.AppendUint64(binary.AppendVarint(b, 3), math.Float64bits(v))
}

// At returns the report for now; see Report.At.
func (p *PackedReport) At(now time.Time) *PackedReport {
	for at := now.UnixNano(); p.next != nil && p.next.observedAt <= at; {
		p = p.next
	}
	return p
}

// ObservedAt is the report's.
func (p *PackedReport) ObservedAt() time.Time { return time.Unix(0, p.observedAt).UTC() }

// Report is the report, without those after it and without the forecast.
func (p *PackedReport) Report() *Report {
	u := unpacking{left: []byte(p.bytes)}
	known := u.uvarint()
	r := &Report{ObservedAt: p.ObservedAt(), VisibilityCapped: known&visibilityCapped != 0}
	if known&dayOrNightKnown != 0 {
		r.IsDay = &night
		if known&isDayNow != 0 {
			r.IsDay = &day
		}
	}
	r.Condition = u.condition()
	r.Timezone = string(u.take(u.count(len(u.left))))
	var values [len(reportNumbers)]float64
	for i, number := range reportNumbers {
		if known&(1<<i) != 0 {
			values[i] = u.number()
			*number(r) = &values[i]
		}
	}
	return r
}

// number reads what appendNumber has written.
func (u *unpacking) number() float64 {
	v, n := binary.Varint(u.left)
	u.left = u.left[max(n, 0):]
	if scale := numberScales[v&3]; scale != 0 {
		return float64(v>>2) / scale
	}
	return math.Float64frombits(binary.BigEndian.Uint64(u.take(8)))
}

// all are the report and those after it, with the forecast.
func (p *PackedReport) all() *Report {
	r := p.Report()
	r.Forecast = p.Forecast
	if p.next != nil {
		r.Next = p.next.all()
	}
	return r
}

// MarshalJSON makes the JSON of the Report.
func (p *PackedReport) MarshalJSON() ([]byte, error) { return json.Marshal(p.all()) }

// UnmarshalJSON reads the JSON of a Report.
func (p *PackedReport) UnmarshalJSON(text []byte) error {
	var r Report
	if err := json.Unmarshal(text, &r); err != nil {
		return err
	}
	*p = *r.Pack()
	return nil
}
