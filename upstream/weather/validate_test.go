package weather

import (
	"math"
	"testing"
	"time"
)

func TestValidateRefuses(t *testing.T) {
	for _, tt := range []struct {
		name   string
		with   func(r *Report)
		want   string // empty: no error
		noData bool
	}{
		{"nothing in a temperature and a time", func(r *Report) {}, "", false},
		{"no temperature", func(r *Report) { r.Temperature = nil }, "temperature: missing", false},
		{"Kelvin", func(r *Report) { r.Temperature = new(282.5) }, "temperature: 282.5 °C is outside -100 to 60", false},
		{"nothing at the limits of temperature", func(r *Report) { r.Temperature = new(60.0) }, "", false},
		{"a temperature below all records", func(r *Report) { r.Temperature = new(-100.1) }, "temperature: -100.1 °C is outside", false},
		{"a temperature that is not number", func(r *Report) { r.Temperature = new(math.NaN()) }, "temperature: NaN °C is outside", false},
		{"no time", func(r *Report) { r.ObservedAt = time.Time{} }, "observed_at: before the year 2000", false},
		{"1970", func(r *Report) { r.ObservedAt = time.Unix(1_795_500, 0).UTC() }, "observed_at: before the year 2000", false},
		{"milliseconds taken for seconds", func(r *Report) { r.ObservedAt = now.AddDate(50_000, 0, 0) }, "observed_at: more than a year in the future", false},
		{"a clock of another year", func(r *Report) { r.ObservedAt = now.AddDate(1, 0, 0).Add(time.Second) }, "observed_at: more than a year in the future", false},
		{"an observation that is too old", func(r *Report) { r.ObservedAt = now.Add(-3*time.Hour - time.Second) }, "the observation is more than 3 hours old", true},
		{"nothing at three hours", func(r *Report) { r.ObservedAt = now.Add(-3 * time.Hour) }, "", false},
		{"an observation of years ago", func(r *Report) { r.ObservedAt = now.AddDate(-12, 0, 0) }, "the observation is more than 3 hours old", true},
		{"an observation in the future", func(r *Report) { r.ObservedAt = now.Add(15*time.Minute + time.Second) }, "more than 15 minutes in the future", true},
		{"nothing at a quarter of an hour ahead", func(r *Report) { r.ObservedAt = now.Add(15 * time.Minute) }, "", false},
		{"an observation of next month", func(r *Report) { r.ObservedAt = now.AddDate(0, 1, 0) }, "more than 15 minutes in the future", true},
		{"units before time", func(r *Report) { r.Temperature, r.ObservedAt = new(282.5), now.AddDate(0, 0, -1) }, "temperature: 282.5", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := &Report{ObservedAt: clock(6, 0), Temperature: new(24.1)}
			tt.with(r)
			err := r.validate(now)
			switch {
			case tt.noData:
				wantNoData(t, err, tt.want)
			case tt.want != "":
				wantError(t, err, tt.want)
			case err != nil:
				t.Errorf("error = %v, want none", err)
			}
		})
	}
}

// An impossible value is removed, and the other values are kept.
func TestValidateDropsImpossibleValues(t *testing.T) {
	nan := math.NaN()
	for _, tt := range []struct {
		name            string
		field           func(r *Report) **float64
		kept            []float64
		lowered, absent []float64 // lowered to the greatest possible value
	}{
		{"feels_like", func(r *Report) **float64 { return &r.FeelsLike }, []float64{-150, 0, 90}, nil, []float64{-150.1, 90.1, nan}},
		{"dew_point", func(r *Report) **float64 { return &r.DewPoint }, []float64{-120, 40}, nil, []float64{-120.1, 40.1, nan}},
		{"humidity", func(r *Report) **float64 { return &r.Humidity }, []float64{0, 47, 100}, []float64{100.01, 101, 102, 105}, []float64{105.01, 297, -0.01, -1, nan}},
		{"pressure", func(r *Report) **float64 { return &r.Pressure }, []float64{860, 1013.25, 1100}, nil, []float64{652.4, 854, 1100.1, 101_320, 29.92, 0, nan}},
		{"wind_speed", func(r *Report) **float64 { return &r.WindSpeed }, []float64{0, 120}, nil, []float64{-0.1, -1, 120.1, nan}},
		{"wind_gust", func(r *Report) **float64 { return &r.WindGust }, []float64{0, 150}, nil, []float64{-1, 150.1, nan}},
		{"wind_direction", func(r *Report) **float64 { return &r.WindDirection }, []float64{0, 10.5005, 360}, nil, []float64{-1, 360.1, 999, nan}},
		{"cloud_cover", func(r *Report) **float64 { return &r.CloudCover }, []float64{0, 100}, []float64{101, 102, 105}, []float64{106, 255, -1, nan}},
		{"precipitation", func(r *Report) **float64 { return &r.Precipitation }, []float64{0, 2000}, nil, []float64{-0.1, -3276.8, 2000.1, math.Inf(1), nan}},
		{"precipitation_next_hour", func(r *Report) **float64 { return &r.PrecipitationNextHour }, []float64{0, 2000}, nil, []float64{-0.1, 9999, nan}},
		{"visibility", func(r *Report) **float64 { return &r.Visibility }, []float64{0, 500_000}, nil, []float64{-1, 1e6, math.Inf(1), nan}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			check := func(v float64, want *float64) {
				t.Helper()
				r := openMeteoDelhi()
				r.PrecipitationNextHour = new(1.0)
				untouched := asJSON(t, r)
				*tt.field(&r) = &v
				if err := r.validate(now); err != nil {
					t.Fatalf("%g costs the report: %v", v, err)
				}
				if got := *tt.field(&r); !near(got, want) {
					t.Errorf("%g = %s, want %s", v, known(got), known(want))
				}
				whole := openMeteoDelhi()
				whole.PrecipitationNextHour = new(1.0)
				*tt.field(&r) = *tt.field(&whole)
				if got := asJSON(t, r); got != untouched {
					t.Errorf("%g changed other fields: %s, want %s", v, got, untouched)
				}
			}
			for _, v := range tt.kept {
				check(v, &v)
			}
			for _, v := range tt.lowered {
				check(v, new(100.0))
			}
			for _, v := range tt.absent {
				check(v, nil)
			}
		})
	}
}

func TestValidateDropsACapWithoutAVisibility(t *testing.T) {
	r := &Report{ObservedAt: clock(6, 0), Temperature: new(24.1), Visibility: new(1e9), VisibilityCapped: true}
	if err := r.validate(now); err != nil || r.Visibility != nil || r.VisibilityCapped {
		t.Errorf("validate = %v and %s, want neither a visibility nor a cap", err, asJSON(t, r))
	}
}
