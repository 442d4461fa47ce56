package api_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"tributary/upstream/air"
)

const airHere = "/v1/air-quality?lat=28.65&lon=77.23"

func (a *answer) air() envelope[air.Current] {
	a.t.Helper()
	a.wantStatus(http.StatusOK)
	return decode[envelope[air.Current]](a)
}

// bothAir lets every provider of air quality behave so.
func (g *gateway) bothAir(b behaviour) {
	g.openmeteoAir.Now(b)
	g.openweather.Now(b)
}

func TestAirQuality(t *testing.T) {
	it(t, "merges what the providers say", func(t *testing.T) {
		g := newGateway(t)
		a := g.get(airHere)
		got := a.air().Data
		if *got.PM25 != 9 || got.Spread.PM25.Sources != 2 || got.Spread.PM25.Min != 8 || got.Spread.PM25.Max != 10 {
			t.Errorf("pm2_5 = %v, %+v; want 9 of 8 and 10", *got.PM25, got.Spread.PM25)
		}
		if *got.European != 28 || got.Category != "fair" || got.Dominant != "pm2_5" {
			t.Errorf("index = %d %s by %s, want 28 fair by pm2_5", *got.European, got.Category, got.Dominant)
		}
		if got.IndexFrom.USAQI != "openmeteo_air" || *got.USAQI != 48 {
			t.Errorf("us_aqi = %d of %s", *got.USAQI, got.IndexFrom.USAQI)
		}
		a.wantState("openmeteo_air", "live", "")
		a.wantState("openweather", "live", "")
		if cc := a.Header.Get("Cache-Control"); !strings.HasPrefix(cc, "public, max-age=") || !strings.HasSuffix(cc, ", stale-while-revalidate=60, stale-if-error=86400") {
			t.Errorf("Cache-Control = %q", cc)
		}
		if body := string(a.body); !strings.Contains(body, air.OpenMeteoAttribution) {
			t.Errorf("no attribution in %s", body)
		}
	})
	it(t, "finds cities", func(t *testing.T) {
		g := newGateway(t)
		a := g.get("/v1/air-quality?city=Delhi&country=IN")
		if got := a.air().Data.Place; got.Name != "Delhi" || got.Timezone != "Asia/Kolkata" || got.Population != nil {
			t.Errorf("place = %+v", got)
		}
		a.wantState("geocoding", "live", "")
	})
	it(t, "answers from memory, by tag, and to HEAD", func(t *testing.T) {
		g := newGateway(t)
		first := g.get(airHere)
		asked := g.asked()
		g.get(airHere, "If-None-Match", first.Header.Get("ETag")).wantStatus(http.StatusNotModified)
		again := g.get(airHere)
		again.wantStatus(http.StatusOK)
		if got := again.Header.Get("Cache-Status"); !strings.HasPrefix(got, "tributary; hit; ttl=") {
			t.Errorf("Cache-Status = %q", got)
		}
		head := g.send(http.MethodHead, airHere)
		head.wantStatus(http.StatusOK)
		head.wantHeader("ETag", first.Header.Get("ETag"))
		if now := g.asked(); now != asked {
			t.Errorf("%d more requests upstream, want none", now-asked)
		}
	})
	it(t, "asks again for a caller who wants that", func(t *testing.T) {
		g := newGateway(t)
		g.get(airHere)
		time.Sleep(31 * time.Second)
		a := g.get(airHere, "Cache-Control", "no-cache")
		a.wantState("openmeteo_air", "live", "")
		a.wantState("openweather", "live", "")
	})
	it(t, "has the same tag for each spelling of units, which it does not know", func(t *testing.T) {
		g := newGateway(t)
		want := g.get(airHere).Header.Get("ETag")
		g.get(airHere+"&units=furlongs").wantHeader("ETag", want)
	})
	it(t, "does with one source, and says so", func(t *testing.T) {
		g := newGateway(t)
		g.openmeteoAir.Now(breaks)
		a := g.get(airHere)
		got := a.air()
		if got.Meta.Status != "degraded" || *got.Data.PM25 != 10 || got.Data.Spread != (air.Spread{}) {
			t.Errorf("%s: %s", a.call, a.body)
		}
		a.wantState("openmeteo_air", "failed", "server_error")
	})
	it(t, "serves old air when asking fails", func(t *testing.T) {
		g := newGateway(t)
		g.get(airHere)
		time.Sleep(time.Hour)
		g.bothAir(breaks)
		a := g.get(airHere)
		a.air()
		a.wantState("openmeteo_air", "stale", "server_error")
		a.wantState("openweather", "stale", "server_error")
	})
	it(t, "shares OpenWeather's upstream with the weather, not its answers", func(t *testing.T) {
		g := newGateway(t)
		g.get(here)
		calls := g.openweather.Sent()
		g.get(airHere).air()
		if got := g.openweather.Sent(); got != calls+1 {
			t.Errorf("%d more requests to openweather, want 1", got-calls)
		}
	})
}

// A range of air that only one category or pollutant fits.
func TestAirQualityOfEveryCategory(t *testing.T) {
	for i, c := range []struct {
		category, dominant string
		change             func(*air.Report)
	}{
		{"good", "nitrogen_dioxide", func(r *air.Report) { r.PM25, r.PM10 = new(1.0), new(1.0) }},
		{"fair", "pm2_5", func(*air.Report) {}},
		{"moderate", "pm10", func(r *air.Report) { r.PM10 = new(100.0) }},
		{"poor", "sulphur_dioxide", func(r *air.Report) { r.SulphurDioxide = new(190.0) }},
		{"very_poor", "ozone", func(r *air.Report) { r.Ozone = new(180.0) }},
		{"extremely_poor", "pm2_5", func(r *air.Report) { r.PM25 = new(400.0) }},
	} {
		it(t, "is "+c.category, func(t *testing.T) {
			g := newGateway(t)
			r := airReport(0)
			c.change(r)
			g.bothAir(sendsJSON(r))
			got := g.get(airHere).air().Data
			if string(got.Category) != c.category || got.Dominant != c.dominant || *got.European <= 20*(i-1) {
				t.Errorf("index = %d %s by %s, want %s by %s", *got.European, got.Category, got.Dominant, c.category, c.dominant)
			}
		})
	}
}

func TestAirQualityProblems(t *testing.T) {
	for _, c := range []struct {
		name    string
		prepare func(*setup)
		behave  func(*gateway)
		path    string
		status  int
		code    string
	}{
		{"no place", nil, nil, "/v1/air-quality", 400, "invalid_parameters"},
		{"half a place", nil, nil, "/v1/air-quality?lat=1", 400, "invalid_parameters"},
		{"a city that is not known", nil, func(g *gateway) { g.geocoding.Now(answers404) }, "/v1/air-quality?city=Nowhere", 404, "not_found"},
		{"no data now", nil, func(g *gateway) { g.bothAir(hasNoData) }, airHere, 404, "no_data"},
		{"a place that nobody covers", nil, func(g *gateway) { g.bothAir(answers404) }, airHere, 404, "not_found"},
		{"providers that all fail", nil, func(g *gateway) { g.bothAir(breaks) }, airHere, 502, "all_sources_failed"},
		{"providers that all refuse", nil, func(g *gateway) { g.bothAir(answers(429, "")) }, airHere, 503, ""},
		{"providers that all hang", nil, func(g *gateway) { g.bothAir(hangs) }, airHere, 504, ""},
		{"no provider", func(s *setup) { s.without = []string{"openmeteo_air", "openweather"} }, nil, airHere, 501, "not_configured"},
		{"no geocoding", func(s *setup) { s.without = []string{"geocoding"} }, nil, "/v1/air-quality?city=Delhi", 501, "not_configured"},
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

func TestUserWithAirQuality(t *testing.T) {
	it(t, "has the sources under the part, and no spread", func(t *testing.T) {
		g := populated(t)
		a := g.get("/v1/users/1?include=air_quality")
		u := a.user(http.StatusOK).Data
		if u.AirQuality == nil || *u.AirQuality.PM25 != 9 || u.AirQuality.Spread != (air.Spread{}) || u.Weather != nil {
			t.Errorf("%s: %s", a.call, a.body)
		}
		a.wantState("air_quality", "live", "")
		if got := a.sourcesOf("air_quality"); len(got) != 2 || !slices.ContainsFunc(got, func(s string) bool { return strings.HasPrefix(s, "openmeteo_air live") }) {
			t.Errorf("sources of the air = %q", got)
		}
	})
	it(t, "is degraded where one of them fails", func(t *testing.T) {
		g := populated(t)
		g.openmeteoAir.Now(breaks)
		a := g.get("/v1/users/1?include=weather,air_quality")
		if got := a.user(http.StatusOK); got.Meta.Status != "degraded" || got.Data.AirQuality == nil || got.Data.Weather == nil {
			t.Errorf("%s: %s", a.call, a.body)
		}
	})
	it(t, "does without where all fail", func(t *testing.T) {
		g := populated(t)
		g.bothAir(breaks)
		a := g.get("/v1/users/1?include=air_quality")
		if got := a.user(http.StatusOK).Data; got.AirQuality != nil {
			t.Errorf("%s: %s", a.call, a.body)
		}
		a.wantState("air_quality", "failed", "server_error")
	})
	it(t, "skips it where every provider is off", func(t *testing.T) {
		g := populated(t, func(s *setup) { s.without = []string{"openmeteo_air", "openweather"} })
		a := g.get("/v1/users/1?include=air_quality")
		a.user(http.StatusOK)
		a.wantState("air_quality", "skipped", "")
	})
}
