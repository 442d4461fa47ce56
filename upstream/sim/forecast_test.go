package sim_test

import (
	"math"
	"net/http"
	"strings"
	"testing"
	"time"

	"tributary/upstream/sim"
)

const hourlyVariables = "temperature_2m,apparent_temperature,relative_humidity_2m,precipitation,precipitation_probability," +
	"weather_code,cloud_cover,pressure_msl,wind_speed_10m,wind_direction_10m,wind_gusts_10m,uv_index"

type seriesBody struct {
	UTCOffsetSeconds int `json:"utc_offset_seconds"`
	Timezone         string
	HourlyUnits      map[string]string `json:"hourly_units"`
	Hourly           map[string][]float64
	DailyUnits       map[string]string `json:"daily_units"`
	Daily            map[string][]int64
}

func openMeteoSeries(t *testing.T, s *sim.Simulator, query string) seriesBody {
	t.Helper()
	got := get(t, s.URL(sim.OpenMeteo)+"/v1/forecast?timeformat=unixtime&wind_speed_unit=ms&hourly="+hourlyVariables+"&daily=sunrise,sunset&"+query)
	if got.status != http.StatusOK {
		t.Fatalf("%s: status = %d: %s", query, got.status, got.body)
	}
	return decode[seriesBody](t, got)
}

func TestOpenMeteoSeries(t *testing.T) {
	s := start(t, sim.Config{})
	got := openMeteoSeries(t, s, "latitude=28.65&longitude=77.23&timezone=auto&past_days=1&forecast_days=9")
	if got.Timezone != "Asia/Kolkata" || got.UTCOffsetSeconds != 19800 || got.HourlyUnits["time"] != "unixtime" || got.HourlyUnits["uv_index"] != "" || got.HourlyUnits["wind_gusts_10m"] != "m/s" {
		t.Errorf("zone %s, %d; units %v", got.Timezone, got.UTCOffsetSeconds, got.HourlyUnits)
	}
	for name, column := range got.Hourly {
		if len(column) != 240 {
			t.Errorf("%s has %d hours, want those of ten days", name, len(column))
		}
	}
	// Local midnight of the day before.
	if first := int64(got.Hourly["time"][0]); first != time.Date(2026, 11, 22, 18, 30, 0, 0, time.UTC).Unix() {
		t.Errorf("the first hour is %s", time.Unix(first, 0).UTC())
	}
	if rise := time.Unix(got.Daily["sunrise"][1], 0).UTC(); rise.Format("2006-01-02 15") != "2026-11-24 01" {
		t.Errorf("sunrise of the second day at %s, want about half past one", rise)
	}
}

// What stands at a label is of that time, and sums, chances and gusts are of the hour
// before. In zones of half hours the values are those of the next full hour UTC.
func TestSeriesAgreesWithTheCurrentWeather(t *testing.T) {
	for _, place := range []string{"latitude=28.65&longitude=77.23", "latitude=59.91&longitude=10.75"} {
		now := noon.Truncate(time.Hour)
		s := start(t, sim.Config{Now: func() time.Time { return now }})
		series := openMeteoSeries(t, s, place+"&timezone=auto")
		shift := int64(series.UTCOffsetSeconds % 3600)
		for range 30 {
			now = now.Add(time.Hour)
			current := forecast(t, s, place+"&wind_speed_unit=ms&current="+allVariables).Current
			i := 0
			for ; int64(series.Hourly["time"][i])+shift != now.Unix(); i++ {
			}
			for name, column := range series.Hourly {
				want, ok := current[name].(float64)
				j := i
				switch name {
				case "precipitation":
					want, j = want*4, i+1 // in a quarter of an hour
				case "wind_gusts_10m":
					j = i + 1
				case "time":
					continue
				}
				if ok && math.Abs(column[j]-want) > 0.03 {
					t.Errorf("%s at %s: %s = %g, the current weather has %g", place, now, name, column[j], want)
				}
			}
		}
	}
}

func TestForecastsAgree(t *testing.T) {
	s := start(t, sim.Config{})
	type block struct {
		DT   int64
		Main struct{ Temp float64 }
		Pop  float64
		Rain map[string]float64
		Snow map[string]float64
		ID   []struct{ ID int } `json:"weather"`
	}
	wet := 0
	for _, place := range [][2]string{{"59.91", "10.75"}, {"1.29", "103.85"}, {"-41.29", "174.78"}} {
		open := openMeteoSeries(t, s, "latitude="+place[0]+"&longitude="+place[1])
		at := map[int64]int{}
		for i, label := range open.Hourly["time"] {
			at[int64(label)] = i
		}
		query := "?lat=" + place[0] + "&lon=" + place[1]
		met := decode[metBody](t, get(t, s.URL(sim.MetNorway)+compactPath+query)).Properties.Timeseries
		for _, e := range met {
			i, ok := at[e.Time.Unix()]
			if ok && math.Abs(open.Hourly["temperature_2m"][i]-e.Data.Instant.Details["air_temperature"]) > 3 {
				t.Errorf("%s at %s: Open-Meteo has %g °C, MET Norway %g", query, e.Time, open.Hourly["temperature_2m"][i], e.Data.Instant.Details["air_temperature"])
			}
		}
		if reach := met[len(met)-1].Time.Sub(met[0].Time); reach < 8*24*time.Hour {
			t.Errorf("MET Norway's series is for %s, want more than eight days", reach)
		}
		for _, e := range decode[struct{ List []block }](t, get(t, s.URL(sim.OpenWeather)+"/data/2.5/forecast"+query+"&appid=key&units=metric")).List {
			i, ok := at[e.DT]
			if !ok {
				t.Fatalf("Open-Meteo has no hour %d", e.DT)
			}
			if math.Abs(open.Hourly["temperature_2m"][i]-e.Main.Temp) > 3 {
				t.Errorf("%s at %d: Open-Meteo has %g °C, OpenWeather %g", query, e.DT, open.Hourly["temperature_2m"][i], e.Main.Temp)
			}
			sum, most := 0.0, 0.0
			for h := range 3 { // labels of the hours before
				sum, most = sum+open.Hourly["precipitation"][i-h], max(most, open.Hourly["precipitation_probability"][i-h])
			}
			if fallen := e.Rain["3h"] + e.Snow["3h"]; math.Abs(sum-fallen) > 0.5+0.5*sum || (fallen > 0) != (e.ID[0].ID < 700) {
				t.Errorf("%s at %d: Open-Meteo has %g mm, OpenWeather %g with condition %d", query, e.DT, sum, fallen, e.ID[0].ID)
			} else if fallen > 0 {
				wet++
			}
			if math.Abs(most-100*e.Pop) > 12 {
				t.Errorf("%s at %d: Open-Meteo has %g %%, OpenWeather %g", query, e.DT, most, e.Pop)
			}
		}
	}
	if wet == 0 {
		t.Error("no block with rain or snow")
	}
}

func TestOpenMeteoPolarDays(t *testing.T) {
	s := start(t, sim.Config{})
	for lat, want := range map[string]int64{"78.22": 0, "-78.22": 24 * 60 * 60} {
		got := openMeteoSeries(t, s, "latitude="+lat+"&longitude=15.65").Daily
		for i := range got["sunrise"] {
			if length := got["sunset"][i] - got["sunrise"][i]; length != want || got["sunrise"][i] != got["time"][i] {
				t.Errorf("%s: day %d from %d has sunrise %d, sunset %d", lat, i, got["time"][i], got["sunrise"][i], got["sunset"][i])
			}
		}
	}
}

func TestOpenMeteoSeriesInLocalTime(t *testing.T) {
	s := start(t, sim.Config{})
	got := get(t, s.URL(sim.OpenMeteo)+"/v1/forecast?latitude=28.65&longitude=77.23&timezone=auto&forecast_days=1&hourly=temperature_2m&daily=sunrise").body
	for _, part := range []string{
		`"hourly_units":{"time":"iso8601","temperature_2m":"°C"},"hourly":{"time":["2026-11-24T00:00","2026-11-24T01:00"`,
		`"daily_units":{"time":"iso8601","sunrise":"iso8601"},"daily":{"time":["2026-11-24"],"sunrise":["2026-11-24T0`,
	} {
		if !strings.Contains(got, part) {
			t.Errorf("no %s in %s", part, got)
		}
	}
}

func TestOpenMeteoRefusesSeries(t *testing.T) {
	s := start(t, sim.Config{})
	for query, reason := range map[string]string{
		"hourly=temperature":             "Cannot initialize ForecastVariable from invalid String value temperature for key hourly",
		"daily=sun":                      "Cannot initialize ForecastVariableDaily from invalid String value sun for key daily",
		"daily=sunset&forecast_days=17":  "Forecast days is invalid. Allowed range 0 to 16. Given 17.",
		"daily=sunset&past_days=-1":      "Past days is invalid. Allowed range 0 to 92. Given -1.",
		"daily=sunset&forecast_days=two": "Forecast days is invalid. Allowed range 0 to 16. Given two.",
	} {
		got := get(t, s.URL(sim.OpenMeteo)+"/v1/forecast?latitude=1&longitude=2&"+query)
		if got.status != http.StatusBadRequest || !strings.Contains(got.body, reason) {
			t.Errorf("%s: %d %s, want %s", query, got.status, got.body, reason)
		}
	}
}
