package forecast

import (
	"errors"
	"strings"
	"testing"
	"time"

	"tributary/upstream"
	"tributary/upstream/upstreamtest"
	"tributary/upstream/weather"
)

// recordedDay is the JSON of one day of a recorded forecast at a place.
func recordedDay(t *testing.T, name string, place weather.Place, n int) string {
	t.Helper()
	f := Present(place, Merge(place, recorded[name], read(t, name)), weather.Query{Days: 7}, []string{"it"})
	return upstreamtest.AsJSON(t, f.Daily[n])
}

func TestRecordedDays(t *testing.T) {
	for _, tt := range []struct {
		name, recorded string
		place          weather.Place
		day            int
		want           string
	}{
		{
			// London is at UTC, so the blocks of 00, 03, … 21 are the day's temperatures and winds:
			// 12.61 12.28 11.63 11.54 12.26 11.96 11.0 9.41 °C; 5.29 is the greatest speed, 13.18
			// the greatest gust. Rain is of the three hours before a block, so the sum is of those
			// of 03 to 24: 4.43 + 0.24 + 0.11 + 0.56 + 0.82 + 0 + 0 + 0 = 6.16; the last three
			// have none and are dry (804 804 803). The condition is 501 at 03, rain.
			"OpenWeather, UTC", "openweather-london", at(51.51, -0.13, "Europe/London"), 2,
			`{"date":"2025-03-22","temperature_min":9.4,"temperature_max":12.6,"precipitation_sum":6.2,"precipitation_probability":100,` +
				`"wind_speed_max":5.3,"wind_gust_max":13.2,"wind_direction":148.9,"condition":{"code":"rain","text":"Rain"},` +
				`"sunrise":"2025-03-22T05:58:00Z","sunset":"2025-03-22T18:17:00Z","source_count":1,"confidence":"low"}`,
		},
		{
			// Lisbon is at UTC+1, so its day begins at 23:00Z, and the block of 00Z has an hour of
			// the day before: there is no sum of the day. Temperatures are 16.97 13.26 13.66
			// 15.06 16.13 15.21 12.46 10.87. The rain of that block, 79 %, is of the day before,
			// as is its condition.
			"OpenWeather, an hour off", "openweather-lisbon", at(38.7, -9.1, "Europe/Lisbon"), 1,
			`{"date":"2026-04-11","temperature_min":10.9,"temperature_max":17,"precipitation_probability":0,` +
				`"wind_speed_max":12.1,"wind_gust_max":19.1,"wind_direction":349.1,"condition":{"code":"cloudy","text":"Cloudy"},` +
				`"sunrise":"2026-04-11T06:06:00Z","sunset":"2026-04-11T19:09:00Z","source_count":1,"confidence":"low"}`,
		},
		{
			// The hours from 23:00Z of the 17th to 22:00Z of the 18th: the least is -4.7 at 08, the
			// greatest -1.3 at 14, the greatest wind 2.6 at 22.
			"MET Norway, hourly", "metno-oslo", at(59.92, 10.73, "Europe/Oslo"), 1,
			`{"date":"2023-11-18","temperature_min":-4.7,"temperature_max":-1.3,"precipitation_sum":0,` +
				`"wind_speed_max":2.6,"wind_direction":45.3,"condition":{"code":"cloudy","text":"Cloudy"},` +
				`"sunrise":"2023-11-18T07:21:00Z","sunset":"2023-11-18T14:43:00Z","source_count":1,"confidence":"low"}`,
		},
		{
			// From the 20th on there are four entries a day: too few for a say in a minimum, a
			// maximum or a condition, and at UTC+1 no sums of the day either.
			"MET Norway, six-hourly", "metno-oslo", at(59.92, 10.73, "Europe/Oslo"), 3,
			`{"date":"2023-11-20","sunrise":"2023-11-20T07:26:00Z","sunset":"2023-11-20T14:39:00Z","source_count":0,"confidence":"low"}`,
		},
		{
			// At UTC the four sums of six hours make up the day.
			"MET Norway, six-hourly at UTC", "metno-oslo", at(59.92, 10.73, "UTC"), 3,
			`{"date":"2023-11-20","precipitation_sum":0,"sunrise":"2023-11-20T07:26:00Z","sunset":"2023-11-20T14:39:00Z","source_count":1,"confidence":"low"}`,
		},
		{
			// The answer has UTC days, the place is at UTC+10: the day is from 14:00Z of the 9th.
			// The least is 7 at 21:00Z, the greatest 20.1 at 05:00Z, as the day has it. Speeds are in
			// km/h: 7.4 at 07:00Z is 2.06 m/s, the gust of 18 there is 5 m/s. UV is 3.85 at 03:00Z,
			// 3.9 when rounded.
			"Open-Meteo in UTC, for Melbourne", "openmeteo-melbourne", at(-37.75, 144.88, "Australia/Melbourne"), 1,
			`{"date":"2025-05-10","temperature_min":7,"temperature_max":20.1,"precipitation_sum":0,"precipitation_probability":0,` +
				`"wind_speed_max":2.1,"wind_gust_max":5,"uv_index_max":3.9,` +
				`"sunrise":"2025-05-09T21:09:00Z","sunset":"2025-05-10T07:24:00Z","source_count":1,"confidence":"low"}`,
		},
		{
			// Local hours 00 to 23: 14.9 at 05, 18.8 at 15, 8.2 m/s and code 65 at 03. The
			// probability of 94 at 15 is that of the hour before; 79 at 00 is of the day before.
			"Open-Meteo in local time, which names the zone", "openmeteo-copenhagen", at(55.75, 12.5, ""), 1,
			`{"date":"2026-07-27","temperature_min":14.9,"temperature_max":18.8,"precipitation_probability":94,"wind_speed_max":8.2,` +
				`"condition":{"code":"rain","text":"Rain"},` +
				`"sunrise":"2026-07-27T03:06:00Z","sunset":"2026-07-27T19:26:00Z","source_count":1,"confidence":"low"}`,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := recordedDay(t, tt.recorded, tt.place, tt.day); got != tt.want {
				t.Errorf("got\n%s, want\n%s", got, tt.want)
			}
		})
	}
}

func TestThreeSourcesOfOneDay(t *testing.T) {
	// Oslo's hours beside blocks of three hours that are 1 °C warmer, and hours 3 °C
	// warmer: the medians are those of the blocks.
	oslo := read(t, "metno-oslo")
	warmer := func(distance time.Duration, by float64) *weather.Series {
		return every(distance, utc(2023, 11, 17, 21, 0), 60, func(_ int, s *weather.Step) {
			if met := oslo.At(s.At); met != nil {
				s.Temperature = new(*met.Temperature + by)
			}
		})
	}
	place := at(59.92, 10.73, "Europe/Oslo")
	d := Merge(place, recorded["metno-oslo"], oslo, warmer(time.Hour, 3), warmer(3*time.Hour, 1)).Days[1]
	// Blocks at 00, 03, … 21: -4.1 -4.4 -4.5 -3.9 -1.8 -1.9 -2.8 -2.8, one warmer: -3.5 to
	// -0.8. The hours are -4.7 to -1.3, three warmer -1.7 to 1.7.
	if *d.TemperatureMin != -3.5 || *d.TemperatureMax != -0.8 || d.Confidence != Medium || d.by.sources() != 3 {
		t.Errorf("day = %s", upstreamtest.AsJSON(t, d))
	}
	wantJSON(t, d.Spread, `{"temperature_min":{"min":-4.7,"max":-1.7000000000000002,"sources":3},"temperature_max":{"min":-1.3,"max":1.7,"sources":3}}`)
}

func TestRecordedRefusals(t *testing.T) {
	for _, tt := range []struct {
		name, body string
		at         time.Time
		code       upstream.Code // "": a plain error
		want       string
	}{
		{"openmeteo-twente", upstreamtest.Testdata(t, "openmeteo-twente.json"), utc(2026, 10, 18, 20, 5), upstream.CodeNoData, "no value now"},
		{"openweather-london in Kelvin", upstreamtest.Testdata(t, "openweather-london.json"), recorded["openweather-london"], "", "cannot be °C at latitude 51"},
		{"openweather-boulder in °F", upstreamtest.Testdata(t, "openweather-boulder.json"), recorded["openweather-boulder"], "", "cannot be °C at latitude 40"},
		{"openweather-lisbon ten days later", upstreamtest.Testdata(t, "openweather-lisbon.json"), utc(2026, 4, 20, 0, 0), upstream.CodeNoData, "no value now"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, err := decode(tt.name, tt.body, tt.at)
			if err == nil {
				t.Fatalf("decoded as %s", upstreamtest.AsJSON(t, s))
			}
			typed, _ := errors.AsType[*upstream.Error](err)
			if (typed != nil) != (tt.code != "") || typed != nil && typed.Code != tt.code || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error = %v, want %q with code %q", err, tt.want, tt.code)
			}
		})
	}
}
