package weather

import (
	"math"
	"testing"
	"time"
)

func TestValidate(t *testing.T) {
	for _, tt := range []struct {
		name string
		with func(r *Report)
		want string // empty: believed
	}{
		{"believes a temperature and a time", func(r *Report) {}, ""},
		{"wants a temperature", func(r *Report) { r.Temperature = nil }, "temperature: missing"},
		{"wants a time", func(r *Report) { r.ObservedAt = time.Time{} }, "observed_at: missing"},
		{"lets a clock run a little fast", func(r *Report) { r.ObservedAt = now.Add(15 * time.Minute) }, ""},
		{"refuses the future", func(r *Report) { r.ObservedAt = now.Add(15*time.Minute + time.Second) }, "observed_at: more than 15 minutes ahead of the clock"},
		{"believes what is three hours old", func(r *Report) { r.ObservedAt = now.Add(-3 * time.Hour) }, ""},
		{"refuses what is older", func(r *Report) { r.ObservedAt = now.Add(-3*time.Hour - time.Second) }, "observed_at: more than 3 hours old"},
		{"believes all limits", func(r *Report) {
			r.Temperature, r.FeelsLike, r.DewPoint, r.Humidity, r.Pressure = new(60.0), new(-150.0), new(40.0), new(100.0), new(1100.0)
			r.WindSpeed, r.WindGust, r.WindDirection, r.CloudCover = new(0.0), new(150.0), new(360.0), new(100.0)
			r.Precipitation, r.PrecipitationNextHour, r.Visibility = new(0.0), new(2000.0), new(0.0)
		}, ""},
		{"refuses Kelvin", func(r *Report) { r.Temperature = new(282.5) }, "temperature: 282.5 °C is outside -100 to 60"},
		{"refuses a deep freeze", func(r *Report) { r.Temperature = new(-100.1) }, "temperature: -100.1 °C is outside"},
		{"refuses a hot feeling", func(r *Report) { r.FeelsLike = new(90.1) }, "feels_like: 90.1 °C is outside -150 to 90"},
		{"refuses a dew point above all seas", func(r *Report) { r.DewPoint = new(40.1) }, "dew_point: 40.1 °C is outside -120 to 40"},
		{"refuses more than all humidity", func(r *Report) { r.Humidity = new(100.5) }, "humidity: 100.5 % is outside 0 to 100"},
		{"refuses pascals", func(r *Report) { r.Pressure = new(101320.0) }, "pressure: 101320 hPa is outside 850 to 1100"},
		{"refuses the pressure on a mountain", func(r *Report) { r.Pressure = new(700.0) }, "pressure: 700 hPa is outside"},
		{"refuses a negative wind", func(r *Report) { r.WindSpeed = new(-1.0) }, "wind_speed: -1 m/s is outside 0 to 120"},
		{"refuses a gust of no storm", func(r *Report) { r.WindGust = new(151.0) }, "wind_gust: 151 m/s is outside 0 to 150"},
		{"refuses more than a turn", func(r *Report) { r.WindDirection = new(361.0) }, "wind_direction: 361° is outside 0 to 360"},
		{"refuses more than all the sky", func(r *Report) { r.CloudCover = new(101.0) }, "cloud_cover: 101 % is outside 0 to 100"},
		{"refuses negative rain", func(r *Report) { r.Precipitation = new(-0.1) }, "precipitation: -0.1 mm/h is outside 0 to 2000"},
		{"refuses negative rain to come", func(r *Report) { r.PrecipitationNextHour = new(-0.1) }, "precipitation_next_hour: -0.1 mm/h is outside"},
		{"refuses a view around the Earth", func(r *Report) { r.Visibility = new(1e6) }, "visibility: 1e+06 m is outside 0 to 500000"},
		{"refuses infinity", func(r *Report) { r.Visibility = new(math.Inf(1)) }, "visibility: +Inf m is outside"},
		{"refuses what is no number", func(r *Report) { r.Humidity = new(math.NaN()) }, "humidity: NaN % is outside"},
		{"looks at later entries", func(r *Report) { r.Next = &Report{ObservedAt: clock(7, 0), Temperature: new(99.0)} }, "temperature: 99 °C is outside"},
		{"wants a temperature of later entries", func(r *Report) { r.Next = &Report{ObservedAt: clock(7, 0)} }, "temperature: missing"},
		{"wants later entries to be later", func(r *Report) { r.Next = &Report{ObservedAt: r.ObservedAt, Temperature: new(9.0)} }, "observed_at: the entries are not in the order of time"},
		{"lets later entries be in the future", func(r *Report) { r.Next = &Report{ObservedAt: clock(11, 0), Temperature: new(9.0)} }, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := &Report{ObservedAt: clock(6, 0), Temperature: new(24.1)}
			tt.with(r)
			err := r.validate(now)
			if tt.want == "" {
				if err != nil {
					t.Errorf("error = %v, want none", err)
				}
				return
			}
			wantError(t, err, tt.want)
		})
	}
}
