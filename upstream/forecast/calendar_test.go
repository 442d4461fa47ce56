package forecast

import (
	"testing"
	"time"

	"tributary/upstream/weather"
)

func TestDays(t *testing.T) {
	for _, tt := range []struct {
		name, zone  string
		now         time.Time
		day         int
		date        string
		from, until time.Time
	}{
		{"today, from before now", "UTC", utc(2026, 11, 24, 6, 20), 0, "2026-11-24", utc(2026, 11, 24, 0, 0), utc(2026, 11, 25, 0, 0)},
		{"today, at its first moment", "UTC", utc(2026, 11, 24, 0, 0), 0, "2026-11-24", utc(2026, 11, 24, 0, 0), utc(2026, 11, 25, 0, 0)},
		{"the last day", "UTC", utc(2026, 11, 24, 6, 20), 6, "2026-11-30", utc(2026, 11, 30, 0, 0), utc(2026, 12, 1, 0, 0)},
		{"the date of the place, not that of UTC", "Pacific/Auckland", utc(2026, 11, 24, 20, 0), 0, "2026-11-25", utc(2026, 11, 24, 11, 0), utc(2026, 11, 25, 11, 0)},
		{"23 hours in Berlin", "Europe/Berlin", utc(2026, 3, 28, 12, 0), 1, "2026-03-29", utc(2026, 3, 28, 23, 0), utc(2026, 3, 29, 22, 0)},
		{"25 hours in Berlin", "Europe/Berlin", utc(2026, 10, 24, 12, 0), 1, "2026-10-25", utc(2026, 10, 24, 22, 0), utc(2026, 10, 25, 23, 0)},
		{"25 hours in New York, while they last", "America/New_York", utc(2026, 11, 1, 6, 30), 0, "2026-11-01", utc(2026, 11, 1, 4, 0), utc(2026, 11, 2, 5, 0)},
		{"a day without midnight: Cairo goes from 00:00 to 01:00", "Africa/Cairo", utc(2026, 4, 23, 12, 0), 1, "2026-04-24", utc(2026, 4, 23, 22, 0), utc(2026, 4, 24, 21, 0)},
		{"a day with two midnights: Havana goes from 01:00 to 00:00", "America/Havana", utc(2026, 10, 31, 12, 0), 1, "2026-11-01", utc(2026, 11, 1, 4, 0), utc(2026, 11, 2, 5, 0)},
		{"half an hour later in Delhi, from the first full hour", "Asia/Kolkata", utc(2026, 11, 24, 6, 20), 0, "2026-11-24", utc(2026, 11, 23, 19, 0), utc(2026, 11, 24, 19, 0)},
		{"before the first full hour in Delhi", "Asia/Kolkata", utc(2026, 11, 24, 18, 40), 0, "2026-11-25", utc(2026, 11, 24, 19, 0), utc(2026, 11, 25, 19, 0)},
		{"three quarters in Kathmandu", "Asia/Kathmandu", utc(2026, 11, 24, 6, 0), 1, "2026-11-25", utc(2026, 11, 24, 19, 0), utc(2026, 11, 25, 19, 0)},
		{"half an hour of summer time on Lord Howe", "Australia/Lord_Howe", utc(2026, 4, 4, 0, 0), 1, "2026-04-05", utc(2026, 4, 4, 13, 0), utc(2026, 4, 5, 14, 0)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			zone, err := time.LoadLocation(tt.zone)
			if err != nil {
				t.Fatal(err)
			}
			got := daysFrom(tt.now, zone, 7)[tt.day]
			if got.date != tt.date || !got.from.Equal(tt.from) || !got.until.Equal(tt.until) {
				t.Errorf("day = %s from %s until %s, want %s from %s until %s", got.date, got.from, got.until, tt.date, tt.from, tt.until)
			}
		})
	}
}

// A day of 25 hours has one more hour in its sum, and its extremes are those of all.
func TestValuesWhereClocksChange(t *testing.T) {
	for _, tt := range []struct {
		name  string
		now   time.Time
		hours int
		sum   float64
	}{
		{"23 hours", utc(2026, 3, 28, 12, 0), 23, 23},
		{"25 hours", utc(2026, 10, 24, 12, 0), 25, 25},
	} {
		t.Run(tt.name, func(t *testing.T) {
			place := at(52.52, 13.41, "Europe/Berlin")
			d := daysFrom(tt.now, mustZone(t, "Europe/Berlin"), 2)[1]
			from := d.from.Add(-time.Hour)
			whole := hourly(from, tt.hours+2, func(i int, s *weather.Step) { // of the hours before and after the day too
				s.Temperature, s.Precipitation = new(float64(i)), new(1.0)
			})
			got := Merge(place, tt.now, whole).Days[1]
			if *got.PrecipitationSum != tt.sum || *got.TemperatureMin != 1 || *got.TemperatureMax != float64(tt.hours) {
				t.Errorf("sum %v of %v to %v; want %v of 1 to %d", *got.PrecipitationSum, *got.TemperatureMin, *got.TemperatureMax, tt.sum, tt.hours)
			}
			short := &weather.Series{Steps: whole.Steps[:tt.hours]} // without the last hour of the day
			if got := Merge(place, tt.now, short).Days[1]; got.PrecipitationSum != nil || *got.TemperatureMax != float64(tt.hours-1) {
				t.Errorf("without its last hour: sum %v, greatest %v", got.PrecipitationSum, *got.TemperatureMax)
			}
		})
	}
}

func mustZone(t *testing.T, name string) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

func TestZoneOfAPlace(t *testing.T) {
	for _, tt := range []struct {
		name, place string
		sources     []string
		want        string
	}{
		{"the place's own", "Asia/Kolkata", []string{"Europe/Oslo"}, "Asia/Kolkata"},
		{"that of a source", "", []string{"", "Europe/Oslo", "Asia/Kolkata"}, "Europe/Oslo"},
		{"one that exists", "Mars/Olympus", []string{"Europe/Oslo"}, "Europe/Oslo"},
		{"never that of this machine", "Local", nil, "UTC"},
		{"UTC else", "", []string{""}, "UTC"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			all := []*weather.Series{nil}
			for _, zone := range tt.sources {
				all = append(all, &weather.Series{Timezone: zone})
			}
			if got := Merge(at(0, 0, tt.place), utc(2026, 1, 1, 0, 0), all...).Timezone; got != tt.want {
				t.Errorf("time zone = %q, want %q", got, tt.want)
			}
		})
	}
}
