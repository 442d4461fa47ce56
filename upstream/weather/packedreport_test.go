package weather

import (
	"encoding/json"
	"math"
	"reflect"
	"testing"
	"time"
)

func TestPackedReportIsTheReport(t *testing.T) {
	full := func(v float64) *Report {
		r := &Report{ObservedAt: now, Condition: Rain, IsDay: new(true), Timezone: "Asia/Kolkata", VisibilityCapped: true}
		for _, number := range reportNumbers {
			*number(r) = new(v)
			v++
		}
		return r
	}
	series := full(1)
	series.Forecast = seriesOf(new(1.5)).Pack()
	series.Next = &Report{ObservedAt: now.Add(time.Hour), Temperature: new(-0.1), Condition: Unknown}
	series.Next.Next = &Report{ObservedAt: now.Add(2 * time.Hour), Temperature: new(3.0), Condition: Clear, IsDay: new(false)}
	for name, r := range map[string]*Report{
		"nothing but a time":               {ObservedAt: now},
		"part of a second":                 {ObservedAt: now.Add(time.Nanosecond), Condition: Unknown},
		"tenths that binary does not have": full(0.1),
		"hundredths":                       full(-1013.25),
		"more digits":                      full(1.0 / 3),
		"great numbers":                    full(1e300),
		"integers":                         full(-6),
		"the negative zero":                {ObservedAt: now, Temperature: new(math.Copysign(0, -1))},
		"those after it, and the forecast": series,
	} {
		t.Run(name, func(t *testing.T) {
			packed := r.Pack()
			if got := packed.all(); !reflect.DeepEqual(got, r) || asJSON(t, got) != asJSON(t, r) {
				t.Errorf("unpacked as\n%s, want\n%s", asJSON(t, got), asJSON(t, r))
			}
			if got := asJSON(t, packed); got != asJSON(t, r) {
				t.Errorf("stored as\n%s, want\n%s", got, asJSON(t, r))
			}
			stored := new(PackedReport)
			if err := json.Unmarshal([]byte(asJSON(t, r)), stored); err != nil || !reflect.DeepEqual(stored, packed) {
				t.Errorf("read again as\n%s, %v, want\n%s", asJSON(t, stored), err, asJSON(t, r))
			}
		})
	}
	t.Run("the one for now", func(t *testing.T) {
		packed := series.Pack()
		for hour := -1; hour <= 3; hour++ {
			for _, at := range []time.Time{now.Add(time.Duration(hour)*time.Hour - 1), now.Add(time.Duration(hour) * time.Hour)} {
				if got, want := packed.At(at).ObservedAt(), series.At(at).ObservedAt; !got.Equal(want) {
					t.Errorf("at %v it is that of %v, want %v", at, got, want)
				}
			}
		}
		if packed.At(now) != packed.At(now.Add(time.Minute)) {
			t.Error("the same report has two addresses, so that what is merged of it is not found again")
		}
	})
}
