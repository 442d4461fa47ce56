package weather

import (
	"encoding/json"
	"reflect"
	"testing"
	"time"
)

func TestReportAt(t *testing.T) {
	third := &Report{ObservedAt: clock(8, 0)}
	second := &Report{ObservedAt: clock(7, 0), Next: third}
	first := &Report{ObservedAt: clock(6, 0), Next: second}
	for _, tt := range []struct {
		name string
		now  time.Time
		want *Report
	}{
		{"the first before its time", clock(5, 50), first},
		{"the first from its time on", clock(6, 0), first},
		{"the first until the second's time", clock(6, 59), first},
		{"the second from its time on", clock(7, 0), second},
		{"the third after two steps", clock(8, 30), third},
		{"the last for ever", clock(23, 0), third},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := first.At(tt.now); got != tt.want {
				t.Errorf("At(%v) = entry of %v, want that of %v", tt.now, got.ObservedAt, tt.want.ObservedAt)
			}
		})
	}
}

func TestReportSurvivesJSON(t *testing.T) {
	full := &Report{
		ObservedAt: clock(6, 0), Temperature: new(0.0), FeelsLike: new(-3.25), DewPoint: new(-1.0), Humidity: new(100.0),
		Pressure: new(1013.25), WindSpeed: new(4.7 / 3.6), WindGust: new(1e-7), WindDirection: new(360.0), CloudCover: new(0.0),
		Precipitation: new(0.0), PrecipitationNextHour: new(0.1), Visibility: new(10000.0), VisibilityCapped: true,
		Condition: FreezingDrizzle, IsDay: new(false), Timezone: "Asia/Kolkata",
		Next: &Report{ObservedAt: clock(7, 0), Temperature: new(0.1), Condition: Unknown},
	}
	for name, n := range numbers(full) {
		if n == nil {
			t.Fatalf("the report of this test does not have %s", name)
		}
	}
	var got *Report
	if err := json.Unmarshal([]byte(asJSON(t, full)), &got); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, full) {
		t.Errorf("came back as %s, want %s", asJSON(t, got), asJSON(t, full))
	}
}
