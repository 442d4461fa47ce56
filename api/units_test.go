package api_test

import (
	"net/http"
	"testing"
	"time"

	"tributary/upstream/aggregate"
	"tributary/upstream/weather"
)

// TestUnits has numbers computed by hand.
func TestUnits(t *testing.T) {
	const beginning = `{"data":{"place":{"latitude":28.65,"longitude":77.23,"timezone":"Asia/Kolkata"},"observed_at":"2000-01-01T00:00:00Z",` +
		`"condition":{"code":"rain","text":"Rain","is_day":false},`
	for _, c := range []struct{ units, want string }{
		{"metric", beginning +
			`"temperature":22,"feels_like":-40,"dew_point":12.3,"humidity":47,"pressure":1013.3,` + // 1013.25
			`"wind":{"speed":10,"direction":0,"gust":15.5},` + // 359.97° is north
			`"cloud_cover":40,"precipitation":25.4,"visibility":4000,` +
			`"units":{"temperature":"°C","wind_speed":"m/s","pressure":"hPa","precipitation":"mm/h","visibility":"m","humidity":"%"},` +
			`"spread":{"temperature":{"min":20,"max":24,"sources":2}}}`},
		{"imperial", beginning +
			`"temperature":71.6,` + // 22 × 9/5 + 32
			`"feels_like":-40,` + // where the scales meet
			`"dew_point":54.1,` + // 12.3 × 9/5 + 32 = 54.14
			`"humidity":47,` +
			`"pressure":29.92,` + // 1013.25 ÷ 33.86389 = 29.9213
			`"wind":{"speed":22.4,"direction":0,"gust":34.7},` + // ÷ 0.44704: 22.369, 34.673
			`"cloud_cover":40,` +
			`"precipitation":1,` + // 25.4 mm are an inch
			`"visibility":2.49,` + // 4000 ÷ 1609.344 = 2.4855
			`"units":{"temperature":"°F","wind_speed":"mph","pressure":"inHg","precipitation":"in/h","visibility":"mi","humidity":"%"},` +
			`"spread":{"temperature":{"min":68,"max":75.2,"sources":2}}}`},
	} {
		it(t, "are "+c.units, func(t *testing.T) {
			g := newGateway(t, func(s *setup) { s.without = []string{"openweather"} })
			g.openmeteo.Now(sendsJSON(weather.Report{
				ObservedAt:  time.Now(),
				Temperature: new(20.0), FeelsLike: new(-40.0), DewPoint: new(12.3), Humidity: new(47.0), Pressure: new(1013.25),
				WindSpeed: new(10.0), WindGust: new(15.5), WindDirection: new(359.97),
				CloudCover: new(40.0), Precipitation: new(25.4), Visibility: new(4000.0),
				Condition: weather.Rain, IsDay: new(false), Timezone: "Asia/Kolkata",
			}))
			g.metno.Now(sendsJSON(weather.Report{ObservedAt: time.Now(), Temperature: new(24.0)}))
			a := g.get(here + "&units=" + c.units)
			if got := string(data(a)); got != c.want {
				t.Errorf("%s =\n%s, want\n%s", a.call, got, c.want)
			}
		})
	}
}

func TestSpreadOfEveryNumber(t *testing.T) {
	g := newGateway(t, func(s *setup) { s.without = []string{"openweather"} })
	for f, n := range map[*fake]float64{g.openmeteo: 10, g.metno: 20} {
		f.Now(sendsJSON(weather.Report{
			ObservedAt:  time.Now(),
			Temperature: &n, FeelsLike: &n, DewPoint: &n, Humidity: &n, Pressure: new(1000 + n),
			WindSpeed: &n, WindGust: &n, WindDirection: &n, CloudCover: &n, Precipitation: &n, Visibility: &n,
		}))
	}
	ten := aggregate.Range{Min: 10, Max: 20, Sources: 2}
	want := weather.Spread{
		Temperature: ten, FeelsLike: ten, DewPoint: ten, Humidity: ten, Pressure: aggregate.Range{Min: 1010, Max: 1020, Sources: 2},
		WindSpeed: ten, WindGust: ten, WindDirection: ten, CloudCover: ten, Precipitation: ten, Visibility: ten,
	}
	if got := g.get(here).weather().Data.Spread; got != want {
		t.Errorf("spread = %+v, want %+v", got, want)
	}
}

func TestEveryCondition(t *testing.T) {
	for _, code := range theContract().Model.Components.Schemas.GetOrZero("Condition").Schema().Properties.GetOrZero("code").Schema().Enum {
		g := newGateway(t)
		g.all(sendsJSON(weather.Report{ObservedAt: time.Now(), Condition: weather.Condition(code.Value)}))
		if got := g.get(here).weather().Data.Condition; string(got.Code) != code.Value || got.Text == "" {
			t.Errorf("condition = %+v, want %s and a text", got, code.Value)
		}
	}
}

func TestUnitsAreMetricByDefault(t *testing.T) {
	g := newGateway(t)
	if a, b := string(data(g.get(here))), string(data(g.get(here+"&units=metric"))); a != b {
		t.Errorf("without units: %s\nwant what metric says: %s", a, b)
	}
}

func TestUnknownValuesAreAbsent(t *testing.T) {
	it(t, "and not 0", func(t *testing.T) {
		g := newGateway(t, func(s *setup) { s.without = []string{"openweather", "metno"} })
		g.openmeteo.Now(sendsJSON(weather.Report{ObservedAt: time.Now(), Temperature: new(0.0)}))
		a := g.get(here + "&units=imperial")
		a.wantStatus(http.StatusOK)
		want := `{"data":{"place":{"latitude":28.65,"longitude":77.23},"observed_at":"2000-01-01T00:00:00Z",` +
			`"condition":{"code":"unknown","text":"Unknown"},"temperature":32,` +
			`"units":{"temperature":"°F","wind_speed":"mph","pressure":"inHg","precipitation":"in/h","visibility":"mi","humidity":"%"}}`
		if got := string(data(a)); got != want {
			t.Errorf("%s = %s, want %s", a.call, got, want)
		}
	})
}
