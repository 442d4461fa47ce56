package weather

import (
	"math/rand/v2"
	"testing"
	"time"

	"tributary/upstream/aggregate"
)

// delhi is merged from three sources, with more decimals than are shown.
func delhi() *Merged {
	return &Merged{
		Report: Report{
			ObservedAt: clock(6, 0), Temperature: new(24.1499), FeelsLike: new(24.55), DewPoint: new(12.0), Humidity: new(47.04),
			Pressure: new(1014.2), WindSpeed: new(2.44), WindGust: new(5.1), WindDirection: new(289.96), CloudCover: new(39.96),
			Precipitation: new(0.0), Visibility: new(4000.0), Condition: PartlyCloudy, IsDay: new(true), Timezone: "Asia/Calcutta",
		},
		Spread: Spread{
			Temperature: aggregate.Range{Min: 23.6, Max: 24.4, Sources: 3}, FeelsLike: aggregate.Range{Min: -1, Max: 1, Sources: 2}, DewPoint: aggregate.Range{Min: 0, Max: 10, Sources: 2}, Humidity: aggregate.Range{Min: 40, Max: 50.04, Sources: 2},
			Pressure: aggregate.Range{Min: 1013.2, Max: 1015, Sources: 2}, WindSpeed: aggregate.Range{Min: 0, Max: 10, Sources: 2}, WindDirection: aggregate.Range{Min: 359.97, Max: 10.01, Sources: 2}, WindGust: aggregate.Range{Min: 1, Max: 2, Sources: 2},
			CloudCover: aggregate.Range{Min: 0, Max: 100, Sources: 2}, Precipitation: aggregate.Range{Min: 0, Max: 25.4, Sources: 2}, Visibility: aggregate.Range{Min: 1609.344, Max: 10000, Sources: 2},
		},
		Used: []bool{true, true, true},
	}
}

func TestPresentMetric(t *testing.T) {
	place := NewPlace(28.65, 77.23)
	place.Name, place.Country, place.Admin, place.Timezone, place.Population = "Delhi", "IN", "Delhi", "Asia/Kolkata", new(int64(10927986))
	const want = `{"place":{"name":"Delhi","country":"IN","latitude":28.65,"longitude":77.23,"timezone":"Asia/Kolkata"},` +
		`"observed_at":"2026-11-24T06:00:00Z","condition":{"code":"partly_cloudy","text":"Partly cloudy","is_day":true},` +
		`"temperature":24.1,"feels_like":24.6,"dew_point":12,"humidity":47,"pressure":1014.2,` +
		`"wind":{"speed":2.4,"direction":290,"gust":5.1},"cloud_cover":40,"precipitation":0,"visibility":4000,` +
		`"units":{"temperature":"°C","wind_speed":"m/s","pressure":"hPa","precipitation":"mm/h","visibility":"m","humidity":"%"},` +
		`"spread":{"temperature":{"min":23.6,"max":24.4,"sources":3},"feels_like":{"min":-1,"max":1,"sources":2},"dew_point":{"min":0,"max":10,"sources":2},` +
		`"humidity":{"min":40,"max":50,"sources":2},"pressure":{"min":1013.2,"max":1015,"sources":2},"wind_speed":{"min":0,"max":10,"sources":2},` +
		`"wind_direction":{"min":0,"max":10,"sources":2},"wind_gust":{"min":1,"max":2,"sources":2},"cloud_cover":{"min":0,"max":100,"sources":2},` +
		`"precipitation":{"min":0,"max":25.4,"sources":2},"visibility":{"min":1609.3,"max":10000,"sources":2}}}`
	if got := asJSON(t, Present(place, delhi(), Metric)); got != want {
		t.Errorf("data =\n%s, want\n%s", got, want)
	}
	if place.Admin == "" || place.Population == nil {
		t.Error("Present changed the caller's place")
	}
}

func TestPresentImperial(t *testing.T) {
	// 24.1499 °C = 75.46982 °F; 24.55 °C = 76.19 °F; 12 °C = 53.6 °F; 1014.2 hPa = 29.949 inHg;
	// 2.44 m/s = 5.458 mph; 5.1 m/s = 11.408 mph; 4000 m = 2.485 mi; 10 km = 6.214 mi.
	const want = `{"place":{"latitude":28.65,"longitude":77.23,"timezone":"Asia/Calcutta"},` +
		`"observed_at":"2026-11-24T06:00:00Z","condition":{"code":"partly_cloudy","text":"Partly cloudy","is_day":true},` +
		`"temperature":75.5,"feels_like":76.2,"dew_point":53.6,"humidity":47,"pressure":29.95,` +
		`"wind":{"speed":5.5,"direction":290,"gust":11.4},"cloud_cover":40,"precipitation":0,"visibility":2.49,` +
		`"units":{"temperature":"°F","wind_speed":"mph","pressure":"inHg","precipitation":"in/h","visibility":"mi","humidity":"%"},` +
		`"spread":{"temperature":{"min":74.5,"max":75.9,"sources":3},"feels_like":{"min":30.2,"max":33.8,"sources":2},"dew_point":{"min":32,"max":50,"sources":2},` +
		`"humidity":{"min":40,"max":50,"sources":2},"pressure":{"min":29.92,"max":29.97,"sources":2},"wind_speed":{"min":0,"max":22.4,"sources":2},` +
		`"wind_direction":{"min":0,"max":10,"sources":2},"wind_gust":{"min":2.2,"max":4.5,"sources":2},"cloud_cover":{"min":0,"max":100,"sources":2},` +
		`"precipitation":{"min":0,"max":1,"sources":2},"visibility":{"min":1,"max":6.21,"sources":2}}}`
	if got := asJSON(t, Present(NewPlace(28.65, 77.23), delhi(), Imperial)); got != want {
		t.Errorf("data =\n%s, want\n%s", got, want)
	}
}

func TestPresentKeepsSmallImperialValues(t *testing.T) {
	for _, tt := range []struct {
		name   string
		report Report
		want   string
		show   func(c Current) *float64
	}{
		{"light rain in thousandths of an inch", Report{Precipitation: new(1.0)}, "0.039", func(c Current) *float64 { return c.Precipitation }},
		{"the least measurable rain", Report{Precipitation: new(0.254)}, "0.01", func(c Current) *float64 { return c.Precipitation }},
		{"drizzle", Report{Precipitation: new(0.1)}, "0.004", func(c Current) *float64 { return c.Precipitation }},
		{"a downpour", Report{Precipitation: new(100.0)}, "3.937", func(c Current) *float64 { return c.Precipitation }},
		{"dense fog in hundredths of a mile", Report{Visibility: new(50.0)}, "0.03", func(c Current) *float64 { return c.Visibility }},
		{"just below ten miles", Report{Visibility: new(16_000.0)}, "9.94", func(c Current) *float64 { return c.Visibility }},
		{"ten miles", Report{Visibility: new(16_093.44)}, "10", func(c Current) *float64 { return c.Visibility }},
		{"rounded up to ten miles", Report{Visibility: new(16_090.0)}, "10", func(c Current) *float64 { return c.Visibility }},
		{"above ten miles", Report{Visibility: new(61_023.0)}, "37.9", func(c Current) *float64 { return c.Visibility }},
		{"hundredths of inches of mercury", Report{Pressure: new(1013.25)}, "29.92", func(c Current) *float64 { return c.Pressure }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.show(Present(Place{}, &Merged{Report: tt.report}, Imperial)); known(got) != tt.want {
				t.Errorf("shown = %s, want %s", known(got), tt.want)
			}
		})
	}
}

// Values that are in order in a Report stay in order after rounding.
func TestPresentKeepsTheOrder(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 20_000 {
		speed, temperature := random.Float64()*40, random.Float64()*150-90
		m := &Merged{Report: Report{
			WindSpeed: &speed, WindGust: new(speed + random.Float64()*0.2),
			Temperature: &temperature, DewPoint: new(temperature - random.Float64()*0.2),
		}}
		for _, u := range []Units{Metric, Imperial} {
			c := Present(Place{}, m, u)
			if *c.Wind.Gust < *c.Wind.Speed || *c.DewPoint > *c.Temperature {
				t.Fatalf("%s: shown as %s", u, asJSON(t, c))
			}
		}
	}
}

func TestPresentUnknownValues(t *testing.T) {
	m := Merge(now, &Report{ObservedAt: clock(6, 0).Add(500 * time.Millisecond).In(time.FixedZone("", 3600)), Temperature: new(-0.04)})
	const want = `{"place":{"latitude":-0.13,"longitude":0},"observed_at":"2026-11-24T06:00:00Z","condition":{"code":"unknown","text":"Unknown"},"temperature":0,` +
		`"units":{"temperature":"°C","wind_speed":"m/s","pressure":"hPa","precipitation":"mm/h","visibility":"m","humidity":"%"}}`
	if got := asJSON(t, Present(Place{Latitude: -0.1257, Longitude: -0.001}, m, Metric)); got != want {
		t.Errorf("data =\n%s, want\n%s", got, want)
	}
	if got := Present(Place{}, m, Imperial).Spread; got != (Spread{}) {
		t.Errorf("spread of one source = %+v, want none", got)
	}
}

func TestPresentPartOfTheWind(t *testing.T) {
	m := Merge(now, &Report{ObservedAt: clock(6, 0), Temperature: new(20.0), WindDirection: new(359.96)})
	if got, want := asJSON(t, Present(Place{}, m, Metric).Wind), `{"direction":0}`; got != want {
		t.Errorf("wind = %s, want %s", got, want)
	}
}

func TestParseUnits(t *testing.T) {
	for name, want := range map[string]bool{"metric": true, "imperial": true, "": false, "Metric": false, "kelvin": false} {
		if _, ok := ParseUnits(name); ok != want {
			t.Errorf("ParseUnits(%q) = %v, want %v", name, ok, want)
		}
	}
	if u, _ := ParseUnits("imperial"); u != Imperial {
		t.Errorf("ParseUnits(imperial) = %q", u)
	}
}
