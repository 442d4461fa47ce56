package weather

import (
	"testing"
	"time"
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
			Temperature: Range{23.6, 24.4, 3}, FeelsLike: Range{-1, 1, 2}, DewPoint: Range{0, 10, 2}, Humidity: Range{40, 50.04, 2},
			Pressure: Range{1013.2, 1015, 2}, WindSpeed: Range{0, 10, 2}, WindDirection: Range{359.97, 10.01, 2}, WindGust: Range{1, 2, 2},
			CloudCover: Range{0, 100, 2}, Precipitation: Range{0, 25.4, 2}, Visibility: Range{1609.344, 10000, 2},
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
		`"units":{"temperature":"°C","wind_speed":"m/s","pressure":"hPa","precipitation":"mm","visibility":"m","humidity":"%"},` +
		`"spread":{"temperature":{"min":23.6,"max":24.4,"sources":3},"feels_like":{"min":-1,"max":1,"sources":2},"dew_point":{"min":0,"max":10,"sources":2},` +
		`"humidity":{"min":40,"max":50,"sources":2},"pressure":{"min":1013.2,"max":1015,"sources":2},"wind_speed":{"min":0,"max":10,"sources":2},` +
		`"wind_direction":{"min":0,"max":10,"sources":2},"wind_gust":{"min":1,"max":2,"sources":2},"cloud_cover":{"min":0,"max":100,"sources":2},` +
		`"precipitation":{"min":0,"max":25.4,"sources":2},"visibility":{"min":1609.3,"max":10000,"sources":2}}}`
	if got := asJSON(t, Present(place, delhi(), Metric)); got != want {
		t.Errorf("data =\n%s, want\n%s", got, want)
	}
	if place.Admin == "" || place.Population == nil {
		t.Error("Present has changed the caller's place")
	}
}

func TestPresentImperial(t *testing.T) {
	// 24.1499 °C = 75.46982 °F; 24.55 °C = 76.19 °F; 12 °C = 53.6 °F; 1014.2 hPa = 29.949 inHg;
	// 2.44 m/s = 5.458 mph; 5.1 m/s = 11.408 mph; 4000 m = 2.485 mi.
	const want = `{"place":{"latitude":28.65,"longitude":77.23,"timezone":"Asia/Calcutta"},` +
		`"observed_at":"2026-11-24T06:00:00Z","condition":{"code":"partly_cloudy","text":"Partly cloudy","is_day":true},` +
		`"temperature":75.5,"feels_like":76.2,"dew_point":53.6,"humidity":47,"pressure":29.95,` +
		`"wind":{"speed":5.5,"direction":290,"gust":11.4},"cloud_cover":40,"precipitation":0,"visibility":2.5,` +
		`"units":{"temperature":"°F","wind_speed":"mph","pressure":"inHg","precipitation":"in","visibility":"mi","humidity":"%"},` +
		`"spread":{"temperature":{"min":74.5,"max":75.9,"sources":3},"feels_like":{"min":30.2,"max":33.8,"sources":2},"dew_point":{"min":32,"max":50,"sources":2},` +
		`"humidity":{"min":40,"max":50,"sources":2},"pressure":{"min":29.92,"max":29.97,"sources":2},"wind_speed":{"min":0,"max":22.4,"sources":2},` +
		`"wind_direction":{"min":0,"max":10,"sources":2},"wind_gust":{"min":2.2,"max":4.5,"sources":2},"cloud_cover":{"min":0,"max":100,"sources":2},` +
		`"precipitation":{"min":0,"max":1,"sources":2},"visibility":{"min":1,"max":6.2,"sources":2}}}`
	if got := asJSON(t, Present(NewPlace(28.65, 77.23), delhi(), Imperial)); got != want {
		t.Errorf("data =\n%s, want\n%s", got, want)
	}
}

func TestPresentWhatIsNotKnown(t *testing.T) {
	m := Merge(now, &Report{ObservedAt: clock(6, 0).Add(500 * time.Millisecond).In(time.FixedZone("", 3600)), Temperature: new(-0.04)})
	const want = `{"place":{"latitude":-0.13,"longitude":0},"observed_at":"2026-11-24T06:00:00Z","condition":{"code":"unknown","text":"Unknown"},"temperature":0,` +
		`"units":{"temperature":"°C","wind_speed":"m/s","pressure":"hPa","precipitation":"mm","visibility":"m","humidity":"%"}}`
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
