package api_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"tributary/api"
	"tributary/upstream/forecast"
	"tributary/upstream/sim"
	"tributary/upstream/weather"
)

const forecastHere = "/v1/weather/forecast?lat=28.65&lon=77.23"

func (a *answer) forecast() envelope[forecast.Forecast] {
	a.t.Helper()
	a.wantStatus(http.StatusOK)
	return decode[envelope[forecast.Forecast]](a)
}

func TestForecast(t *testing.T) {
	it(t, "merges what the providers say", func(t *testing.T) {
		g := newGateway(t) // which begins at midnight UTC, 05:30 in Delhi
		a := g.get(forecastHere)
		got := a.forecast().Data
		if got.Place.Timezone != "Asia/Kolkata" || len(got.Daily) != 5 || got.Hourly != nil || string(mustJSON(t, got.From)) != `{"sunrise":"openmeteo","sunset":"openmeteo"}` {
			t.Fatalf("%s: %s", a.call, a.body)
		}
		d := got.Daily[0]
		// 21 °C at 00:00Z and 26.75 °C at 23:00Z, by the source in the middle; 24 hours of 0.1 mm.
		if d.Date != time.Now().Format(time.DateOnly) || *d.TemperatureMin != 21 || *d.TemperatureMax != 26.8 || *d.PrecipitationSum != 2.4 ||
			*d.PrecipitationProbability != 21 || *d.WindSpeedMax != 4 || *d.WindGustMax != 9 || *d.WindDirection != 91 || *d.UVIndexMax != 5 ||
			d.Condition.Code != weather.Rain || d.SourceCount != 3 || d.Confidence != forecast.High || d.Spread.TemperatureMin.Max != 22 ||
			d.Sunrise.Hour() != 1 || d.Sunset.Hour() != 12 {
			t.Errorf("day = %s", mustJSON(t, d))
		}
		for _, source := range []string{"openmeteo", "metno", "openweather"} {
			a.wantState(source, "live", "")
		}
		if cc := a.Header.Get("Cache-Control"); !strings.HasPrefix(cc, "public, max-age=") || !strings.HasSuffix(cc, ", stale-while-revalidate=60, stale-if-error=86400") {
			t.Errorf("Cache-Control = %q", cc)
		}
		if body := string(a.body); !strings.Contains(body, weather.OpenMeteoAttribution) || !strings.Contains(body, weather.METNorwayAttribution) {
			t.Errorf("no attribution in %s", body)
		}
	})
	it(t, "has as many days as asked for, and hours where asked for", func(t *testing.T) {
		g := newGateway(t)
		for query, want := range map[string]struct{ days, hours int }{
			"&days=1": {1, 0}, "&days=7&hourly=true": {7, 48}, "&hourly=false": {5, 0}, "&days=7": {7, 0}, "&days=2&hourly=true&units=imperial": {2, 48},
		} {
			a := g.get(forecastHere + query)
			if got := a.forecast().Data; len(got.Daily) != want.days || len(got.Hourly) != want.hours {
				t.Errorf("%s: %d days and %d hours, want %d and %d", a.call, len(got.Daily), len(got.Hourly), want.days, want.hours)
			}
		}
		if asked := g.asked(); asked != 3 {
			t.Errorf("%d requests upstream, want one of each provider for all forms", asked)
		}
	})
	it(t, "begins the hours at the current one, and the days at midnight of the place", func(t *testing.T) {
		g := newGateway(t)
		time.Sleep(18*time.Hour + 25*time.Minute) // 23:55 in Delhi
		first := func() (date string, hour time.Time) {
			got := g.get(forecastHere + "&hourly=true").forecast().Data
			return got.Daily[0].Date, got.Hourly[0].Time
		}
		date, hour := first()
		if now := time.Now(); date != now.Format(time.DateOnly) || !hour.Equal(now.Truncate(time.Hour)) {
			t.Errorf("at %s: the first day is %s, the first hour %s", now, date, hour)
		}
		time.Sleep(6 * time.Minute)
		if next, same := first(); next != time.Now().AddDate(0, 0, 1).Format(time.DateOnly) || !same.Equal(hour) {
			t.Errorf("after midnight in Delhi: the first day is %s, the first hour %s", next, same)
		}
	})
	it(t, "has a confidence", func(t *testing.T) {
		g := newGateway(t)
		g.openweather.Now(reports(3))
		if got := g.get(forecastHere).forecast().Data.Daily[0].Confidence; got != forecast.Medium {
			t.Errorf("confidence = %s with a spread of 3 °C", got)
		}
		g.openweather.Now(reports(9))
		if got := g.get("/v1/weather/forecast?lat=1&lon=2").forecast().Data.Daily[0].Confidence; got != forecast.Low {
			t.Errorf("confidence = %s with a spread of 9 °C", got)
		}
	})
	it(t, "names the source of what only one has", func(t *testing.T) {
		g := newGateway(t)
		g.metno.Now(breaks)
		g.openweather.Now(hasNoData)
		a := g.get(forecastHere + "&hourly=true")
		got := a.forecast()
		if got.Meta.Status != "degraded" || len(got.Data.From) != 19 || got.Data.From["temperature_max"] != "openmeteo" || got.Data.Daily[0].Confidence != forecast.Low || got.Data.Daily[0].SourceCount != 1 {
			t.Errorf("%s: %s", a.call, a.body)
		}
		a.wantState("metno", "failed", "server_error")
		a.wantState("openweather", "failed", "no_data")
	})
	it(t, "finds cities", func(t *testing.T) {
		g := newGateway(t)
		a := g.get("/v1/weather/forecast?city=Delhi&country=IN")
		if got := a.forecast().Data.Place; got.Name != "Delhi" || got.Timezone != "Asia/Kolkata" || got.Population != nil {
			t.Errorf("place = %+v", got)
		}
		a.wantState("geocoding", "live", "")
	})
	it(t, "answers from memory, by tag, and to HEAD", func(t *testing.T) {
		g := newGateway(t)
		first := g.get(forecastHere)
		asked := g.asked()
		g.get(forecastHere, "If-None-Match", first.Header.Get("ETag")).wantStatus(http.StatusNotModified)
		again := g.get(forecastHere)
		again.wantStatus(http.StatusOK)
		if got := again.Header.Get("Cache-Status"); !strings.HasPrefix(got, "tributary; hit; ttl=") {
			t.Errorf("Cache-Status = %q", got)
		}
		head := g.send(http.MethodHead, forecastHere)
		head.wantStatus(http.StatusOK)
		head.wantHeader("ETag", first.Header.Get("ETag"))
		if other := g.get(forecastHere + "&days=6").Header.Get("ETag"); other == first.Header.Get("ETag") {
			t.Errorf("six days have the tag of five")
		}
		if now := g.asked(); now != asked {
			t.Errorf("%d more requests upstream, want none", now-asked)
		}
	})
	it(t, "asks again for a caller who wants that", func(t *testing.T) {
		g := newGateway(t)
		g.get(forecastHere + "&units=metric")
		time.Sleep(31 * time.Second)
		a := g.get(forecastHere, "Cache-Control", "no-cache")
		a.wantState("openmeteo", "live", "")
	})
	it(t, "serves an old forecast when asking fails", func(t *testing.T) {
		g := newGateway(t)
		g.get(forecastHere)
		time.Sleep(23 * time.Hour)
		g.all(breaks)
		a := g.get(forecastHere + "&days=7")
		if got := a.forecast().Data.Daily; len(got) != 7 || got[6].TemperatureMax == nil || got[6].PrecipitationSum == nil {
			t.Errorf("%s: %s", a.call, a.body)
		}
		a.wantState("openmeteo", "stale", "server_error")
	})
}

func TestForecastsOfManyPlaces(t *testing.T) {
	it(t, "are the forecast of each place in order, of one for single questions too", func(t *testing.T) {
		g := newGateway(t)
		path := batchPath("/v1/weather/forecast", "place", "28.65,77.23", "-33.87,151.21", "28.6501,77.2301") + "&days=2&units=imperial"
		entries, status := batchOf[forecast.Forecast](g.get(path))
		if len(entries) != 3 || status != "complete" {
			t.Fatalf("%d entries, %s; want 3, complete", len(entries), status)
		}
		asked := g.asked()
		for i, at := range []string{"lat=28.65&lon=77.23", "lat=-33.87&lon=151.21", "lat=28.65&lon=77.23"} {
			alone := g.get("/v1/weather/forecast?" + at + "&days=2&units=imperial").forecast().Data
			if got, want := string(mustJSON(t, entries[i].Data)), string(mustJSON(t, alone)); got != want || len(alone.Daily) != 2 {
				t.Errorf("entry %d = %s, alone %s", i, got, want)
			}
		}
		if now := g.asked(); now != asked {
			t.Errorf("%d more requests upstream for single questions, want none", now-asked)
		}
	})
	it(t, "have a problem in the place of what fails", func(t *testing.T) {
		g := newGateway(t, func(s *setup) { s.without = []string{"metno", "openweather"} })
		g.openmeteo.Now(func(r *http.Request) (*http.Response, error) {
			if strings.HasSuffix(r.URL.RawQuery, "8.1,77.5") {
				return breaks(r)
			}
			return reports(0)(r)
		})
		entries, status := batchOf[forecast.Forecast](g.get(batchPath("/v1/weather/forecast", "place", somePlaces(2)...)))
		if p := entries[1].Problem; status != "degraded" || p == nil || p.Code != "all_sources_failed" || len(entries[0].Data.Daily) != 5 {
			t.Errorf("%s, entries = %s; want the second failed", status, mustJSON(t, entries))
		}
	})
	it(t, "count for the client's limit as many as they are", func(t *testing.T) {
		g := newGateway(t, func(s *setup) { s.ClientLimit = api.Limit{Calls: 5, Window: time.Minute} })
		g.get(batchPath("/v1/weather/forecast", "place", somePlaces(4)...)).wantStatus(http.StatusOK)
		g.get(batchPath("/v1/weather/forecast", "place", somePlaces(2)...)).problem(http.StatusTooManyRequests, "too_many_requests")
	})
}

func TestForecastProblems(t *testing.T) {
	for _, c := range []struct {
		name    string
		prepare func(*setup)
		behave  func(*gateway)
		path    string
		status  int
		code    string
	}{
		{"no place", nil, nil, "/v1/weather/forecast", 400, "invalid_parameters"},
		{"no day", nil, nil, forecastHere + "&days=0", 400, "invalid_parameters"},
		{"eight days", nil, nil, forecastHere + "&days=8", 400, "invalid_parameters"},
		{"days that are no number", nil, nil, forecastHere + "&days=five", 400, "invalid_parameters"},
		{"days given twice", nil, nil, forecastHere + "&days=1&days=1", 400, "invalid_parameters"},
		{"hourly that is neither", nil, nil, forecastHere + "&hourly=1", 400, "invalid_parameters"},
		{"hourly without a value", nil, nil, forecastHere + "&hourly", 400, "invalid_parameters"},
		{"no day of many places", nil, nil, "/v1/weather/forecast?place=1,2&days=0", 400, "invalid_parameters"},
		{"a place beside a city", nil, nil, "/v1/weather/forecast?place=1,2&city=Delhi", 400, "invalid_parameters"},
		{"unknown units", nil, nil, forecastHere + "&units=kelvin", 400, "invalid_parameters"},
		{"a city that is not known", nil, func(g *gateway) { g.geocoding.Now(answers404) }, "/v1/weather/forecast?city=Nowhere", 404, "not_found"},
		{"no data", nil, func(g *gateway) { g.all(hasNoData) }, forecastHere, 404, "no_data"},
		{"a place that nobody covers", nil, func(g *gateway) { g.all(answers404) }, forecastHere, 404, "not_found"},
		{"providers that all fail", nil, func(g *gateway) { g.all(breaks) }, forecastHere, 502, "all_sources_failed"},
		{"providers that all refuse", nil, func(g *gateway) { g.all(answers(429, "")) }, forecastHere, 503, ""},
		{"providers that all hang", nil, func(g *gateway) { g.all(hangs) }, forecastHere, 504, ""},
		{"no provider", func(s *setup) { s.without = []string{"openmeteo", "metno", "openweather"} }, nil, forecastHere, 501, "not_configured"},
		{"no geocoding", func(s *setup) { s.without = []string{"geocoding"} }, nil, "/v1/weather/forecast?city=Delhi", 501, "not_configured"},
	} {
		it(t, "tells of "+c.name, func(t *testing.T) {
			var changes []func(*setup)
			if c.prepare != nil {
				changes = append(changes, c.prepare)
			}
			g := newGateway(t, changes...)
			if c.behave != nil {
				c.behave(g)
			}
			a := g.get(c.path)
			a.wantStatus(c.status)
			if !strings.Contains(string(a.body), `"code":"`+c.code) {
				t.Errorf("%s: %s, want code %s", a.call, a.body, c.code)
			}
		})
	}
}

func TestForecastOfSimulatedProviders(t *testing.T) {
	simulator, g := simulated(t)
	g.get(here).weather()
	a := g.get(forecastHere + "&days=7&hourly=true")
	got := a.forecast().Data
	a.wantState("metno", "cached", "")
	if n := simulator.Calls(sim.MetNorway); n != 1 {
		t.Errorf("MET Norway was asked %d times, want once for the weather and the forecast", n)
	}
	for i, d := range got.Daily {
		if d.TemperatureMin == nil || *d.TemperatureMin > *d.TemperatureMax || d.PrecipitationSum == nil || d.Condition == nil || d.UVIndexMax == nil || d.Sunrise == nil || d.Sunset == nil {
			t.Errorf("day %d = %s", i, mustJSON(t, d))
		}
	}
	if d := got.Daily[1]; d.SourceCount != 3 || d.Confidence == forecast.Low {
		t.Errorf("tomorrow = %s, want three sources that agree", mustJSON(t, d))
	}
	for i, h := range got.Hourly {
		if h.Temperature == nil || h.Precipitation == nil || h.PrecipitationProbability == nil || h.WindGust == nil && h.WindSpeed == nil || h.Condition == nil {
			t.Errorf("hour %d = %s", i, mustJSON(t, h))
		}
	}
	if got.From["uv_index_max"] != sim.OpenMeteo || got.From["precipitation_sum"] != "" {
		t.Errorf("from = %v", got.From)
	}
	for _, query := range []string{"city=Longyearbyen&units=imperial", "lat=90&lon=0", "lat=-90&lon=180", "lat=-54.8&lon=-68.3", "lat=27.7&lon=85.32&days=1"} {
		if b := g.get("/v1/weather/forecast?" + query); b.forecast().Meta.Status != "complete" {
			t.Errorf("%s: %s", b.call, b.body)
		}
	}
}
