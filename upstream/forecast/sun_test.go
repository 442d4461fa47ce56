package forecast

import (
	"testing"
	"time"

	"tributary/upstream/weather"
)

func TestSunriseAndSunset(t *testing.T) {
	for _, tt := range []struct {
		name, zone, date    string
		latitude, longitude float64
		rise, set           string // of the zone; "": none
	}{
		// By MET Norway's Sunrise 3.0.
		{"Oslo in winter", "Europe/Oslo", "2022-12-18", 59.933333, 10.716667, "09:16", "15:10"},
		{"Toulon at the equinox", "Etc/GMT-1", "2024-09-24", 43.1, 5.7, "06:27", "18:30"},
		{"Longyearbyen in polar night", "Arctic/Longyearbyen", "2026-12-21", 78.22, 15.65, "", ""},
		// By Open-Meteo.
		{"Copenhagen", "Europe/Copenhagen", "2026-07-26", 55.75, 12.5, "05:04", "21:28"},
		{"Melbourne", "Australia/Melbourne", "2025-05-09", -37.75, 144.875, "07:08", "17:25"},
		// By NOAA's calculator.
		{"Longyearbyen in polar day", "Arctic/Longyearbyen", "2026-06-21", 78.22, 15.65, "", ""},
		{"the North Pole", "UTC", "2026-03-01", 90, 0, "", ""},
		{"the South Pole", "UTC", "2026-12-21", -90, 0, "", ""},
		{"the equator at 180° east", "Pacific/Tarawa", "2026-03-20", 0, 180, "06:04", "18:11"},
		{"the equator at 180° west", "Pacific/Tarawa", "2026-03-20", 0, -180, "06:04", "18:11"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			zone, err := time.LoadLocation(tt.zone)
			if err != nil {
				t.Fatal(err)
			}
			noon, err := time.ParseInLocation("2006-01-02 15:04", tt.date+" 12:00", zone)
			if err != nil {
				t.Fatal(err)
			}
			rise, set := sunOn(tt.date, zone, sunNear(tt.latitude, tt.longitude, noon))
			check := func(what string, got *time.Time, want string) {
				t.Helper()
				if got == nil || want == "" {
					if got != nil || want != "" {
						t.Errorf("%s = %v, want %q", what, got, want)
					}
					return
				}
				expected, err := time.ParseInLocation("2006-01-02 15:04", tt.date+" "+want, zone)
				if err != nil {
					t.Fatal(err)
				}
				if apart := got.Sub(expected).Abs(); apart > 2*time.Minute {
					t.Errorf("%s = %s, want %s", what, got.In(zone), expected)
				}
			}
			check("sunrise", rise, tt.rise)
			check("sunset", set, tt.set)
		})
	}
}

// On every day of a year a place has the sunrises and sunsets that the recorded rules
// allow: none at all, or the sun is up for the time between them.
func TestEveryDayHasASunriseBelowThePolarCircle(t *testing.T) {
	for _, zoneName := range []string{"America/New_York", "Asia/Kolkata", "Pacific/Auckland", "UTC"} {
		zone, err := time.LoadLocation(zoneName)
		if err != nil {
			t.Fatal(err)
		}
		for day := range 366 {
			noon := time.Date(2026, 1, 1+day, 12, 0, 0, 0, zone)
			longitude := map[string]float64{"America/New_York": -74, "Asia/Kolkata": 77.23, "Pacific/Auckland": 174.8, "UTC": 0}[zoneName]
			date := noon.Format(time.DateOnly)
			rise, set := sunOn(date, zone, sunNear(40, longitude, noon))
			if rise == nil || set == nil {
				t.Fatalf("%s in %s: sunrise %v, sunset %v", date, zoneName, rise, set)
			}
			if length := set.Sub(*rise); length < 9*time.Hour || length > 15*time.Hour+10*time.Minute {
				t.Errorf("%s in %s: the day has %s", date, zoneName, length)
			}
		}
	}
}

func TestASourcesSunriseGoesFirst(t *testing.T) {
	now := utc(2026, 7, 26, 9, 0)
	rise, set := utc(2026, 7, 26, 3, 0), utc(2026, 7, 26, 19, 40)
	series := hourly(now, 3, func(_ int, s *weather.Step) { s.Temperature = new(20.0) })
	series.Sun = []weather.Sun{{Rise: rise, Set: set}}
	m := Merge(at(55.75, 12.5, "Europe/Copenhagen"), now, nil, series)
	if d := m.Days[0]; !d.Sunrise.Equal(rise) || !d.Sunset.Equal(set) {
		t.Errorf("sunrise = %v, sunset = %v; want those of the source", d.Sunrise, d.Sunset)
	}
	// The second day is computed: 05:06 and 21:26 in Copenhagen.
	if d := m.Days[1]; d.Sunrise.Sub(utc(2026, 7, 27, 3, 6)).Abs() > 2*time.Minute || d.Sunset.Sub(utc(2026, 7, 27, 19, 26)).Abs() > 2*time.Minute {
		t.Errorf("sunrise = %v, sunset = %v; want about 03:06Z and 19:26Z", d.Sunrise, d.Sunset)
	}
	from := Present(at(55.75, 12.5, ""), m, weather.Query{Days: 2}, []string{"a", "b"}).From
	if from["sunrise"] != "b" || from["sunset"] != "b" {
		t.Errorf("from = %v", from)
	}
}

// The sun can set after midnight: the sunset of a date is the one on that date.
func TestSunsetAfterMidnight(t *testing.T) {
	zone := time.FixedZone("summer", 2*60*60)
	all := []weather.Sun{
		{Rise: utc(2026, 6, 1, 0, 30), Set: utc(2026, 6, 1, 22, 10)},  // sets at 00:10 of the second
		{Rise: utc(2026, 6, 2, 0, 20), Set: utc(2026, 6, 2, 22, 20)},  // sets at 00:20 of the third
		{Rise: utc(2026, 6, 2, 23, 50), Set: utc(2026, 6, 3, 22, 30)}, // rises at 01:50 of the third
	}
	rise, set := sunOn("2026-06-02", zone, all)
	if !rise.Equal(utc(2026, 6, 2, 0, 20)) || !set.Equal(utc(2026, 6, 1, 22, 10)) {
		t.Errorf("sunrise = %v, sunset = %v", rise, set)
	}
}
