package weather

import (
	"testing"

	"tributary/upstream"
)

func TestOpenWeatherRequest(t *testing.T) {
	const want = "/data/2.5/weather?lat=-33.87&lon=151.21&units=metric"
	if got := requested(t, OpenWeather(), NewPlace(-33.86785, 151.20732)); got != want {
		t.Errorf("request = %s, want %s", got, want)
	}
}

// openWeatherDelhi is testdata/openweather.json, read by hand.
func openWeatherDelhi() Report {
	return Report{
		ObservedAt: clock(6, 12), Temperature: new(24.4), FeelsLike: new(24.12), Humidity: new(50.0), Pressure: new(1014.0),
		WindSpeed: new(2.06), WindGust: new(4.5), WindDirection: new(300.0), CloudCover: new(20.0),
		Precipitation: new(0.0), Visibility: new(3500.0), Condition: Haze, IsDay: new(true),
	}
}

func TestOpenWeatherReads(t *testing.T) {
	good := testdata(t, "openweather.json")
	const haze = `{"id":721,"main":"Haze","description":"haze","icon":"50d"}`
	for _, tt := range []struct {
		name   string
		body   string
		differ func(want *Report)
	}{
		{"the answer to what was asked", good, func(*Report) {}},
		{"no gust and no direction", edit(t, good, `,"deg":300,"gust":4.5`, ``), func(want *Report) { want.WindGust, want.WindDirection = nil, nil }},
		{"no wind at all", edit(t, good, `"wind":{"speed":2.06,"deg":300,"gust":4.5},`, ``),
			func(want *Report) { want.WindSpeed, want.WindGust, want.WindDirection = nil, nil, nil }},
		{"null for what is not known", edit(t, good, `"visibility":3500`, `"visibility":null,"rain":null`), func(want *Report) { want.Visibility = nil }},
		{"the pressure at sea level rather than another", edit(t, good, `"pressure":1014,`, `"pressure":989,`), func(*Report) {}},
		{"the pressure where sea level is not told", edit(t, good, `"pressure":1014,`, `"pressure":1013.5,`, `"sea_level":1014,"grnd_level":989`, `"x":1`),
			func(want *Report) { want.Pressure = new(1013.5) }},
		{"a view of more than its most", edit(t, good, `3500`, `16093`), func(want *Report) { want.Visibility = new(16093.0) }},
		{"night", edit(t, good, `50d`, `50n`), func(want *Report) { want.IsDay = new(false) }},
		{"neither day nor night", edit(t, good, `50d`, ``), func(want *Report) { want.IsDay = nil }},
		{"a code as text", edit(t, good, `"cod":200`, `"cod":"200"`), func(*Report) {}},
		{"no code", edit(t, good, `,"cod":200`, ``), func(*Report) {}},
		{"other scripts", edit(t, good, `"name":"Delhi"`, `"name":"Дели"`, `"description":"haze"`, `"description":"дымка"`), func(*Report) {}},
		{"rain of the last hour", edit(t, good, haze, `{"id":501,"icon":"10d"}`, `"clouds"`, `"rain":{"1h":1.52},"clouds"`),
			func(want *Report) { want.Condition, want.Precipitation = Rain, new(1.52) }},
		{"rain and snow", edit(t, good, haze, `{"id":616,"icon":"13d"}`, `"clouds"`, `"rain":{"1h":0.5},"snow":{"1h":0.25},"clouds"`),
			func(want *Report) { want.Condition, want.Precipitation = Sleet, new(0.75) }},
		{"snow alone", edit(t, good, haze, `{"id":601,"icon":"13d"}`, `"clouds"`, `"snow":{"1h":2},"clouds"`),
			func(want *Report) { want.Condition, want.Precipitation = Snow, new(2.0) }},
		{"rain of three hours", edit(t, good, haze, `{"id":500,"icon":"10d"}`, `"clouds"`, `"rain":{"3h":6},"clouds"`),
			func(want *Report) { want.Condition, want.Precipitation = Rain, new(2.0) }},
		{"the last hour rather than three", edit(t, good, haze, `{"id":500,"icon":"10d"}`, `"clouds"`, `"rain":{"1h":1,"3h":6},"clouds"`),
			func(want *Report) { want.Condition, want.Precipitation = Rain, new(1.0) }},
		{"rain without an amount", edit(t, good, haze, `{"id":520,"icon":"09d"}`),
			func(want *Report) { want.Condition, want.Precipitation = RainShowers, nil }},
		{"an empty block of rain", edit(t, good, haze, `{"id":520,"icon":"09d"}`, `"clouds"`, `"rain":{},"clouds"`),
			func(want *Report) { want.Condition, want.Precipitation = RainShowers, nil }},
		{"mist that comes with rain of no amount", edit(t, good, haze, `{"id":701,"icon":"50d"},{"id":500,"icon":"10d"}`),
			func(want *Report) { want.Condition, want.Precipitation = Fog, nil }},
		{"an id of later years", edit(t, good, `721`, `999`), func(want *Report) { want.Condition, want.Precipitation = Unknown, nil }},
		{"summer in the far north", edit(t, good, `"lat":28.65`, `"lat":68.5`, `"temp":24.4`, `"temp":32.5`), func(want *Report) { want.Temperature = new(32.5) }},
		{"the hottest of days in Kuwait", edit(t, good, `"lat":28.65`, `"lat":29.4`, `"temp":24.4`, `"temp":53.9`), func(want *Report) { want.Temperature = new(53.9) }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			want := openWeatherDelhi()
			tt.differ(&want)
			got, err := decodeOpenWeather(respond(tt.body, now))
			if err != nil {
				t.Fatal(err)
			}
			sameReport(t, got, &want)
		})
	}
}

func TestOpenWeatherRefuses(t *testing.T) {
	good := testdata(t, "openweather.json")
	refusesGarbage(t, decodeOpenWeather, good)
	for _, tt := range []struct {
		name, body, want string
	}{
		{"Kelvin", edit(t, good, `"temp":24.4`, `"temp":297.55`), "temperature: 297.55 °C is outside -100 to 60"},
		{"Fahrenheit", edit(t, good, `"temp":24.4`, `"temp":75.9`), "temperature: 75.9 °C is outside -100 to 60"},
		{"Fahrenheit that only the latitude gives away", edit(t, good, `"temp":24.4`, `"temp":53.6`, `"lat":28.65`, `"lat":55.75`), "temperature: 53.6 cannot be °C at latitude 55.75"},
		{"the same in the south", edit(t, good, `"temp":24.4`, `"temp":51`, `"lat":28.65`, `"lat":-45.9`), "temperature: 51 cannot be °C at latitude -45.9"},
		{"no weather", edit(t, good, `"weather":[{"id":721,"main":"Haze","description":"haze","icon":"50d"}],`, ``), "weather: missing or empty"},
		{"an empty weather", edit(t, good, `[{"id":721,"main":"Haze","description":"haze","icon":"50d"}]`, `[]`), "weather: missing or empty"},
		{"an object for weather", edit(t, good, `[{"id":721,"main":"Haze","description":"haze","icon":"50d"}]`, `{}`), "weather: a JSON object that cannot be read"},
		{"no temperature", edit(t, good, `"temp":24.4,`, ``), "temperature: missing"},
		{"text for a number", edit(t, good, `"temp":24.4`, `"temp":"24.4"`), "main.temp: a JSON string that cannot be read"},
		{"a number out of range", edit(t, good, `"humidity":50`, `"humidity":1e999`), "main.humidity: a JSON number that cannot be read"},
		{"no time", edit(t, good, `"dt":1795500720,`, ``), "dt: missing"},
		{"a time of four hours ago", edit(t, good, `1795500720`, `1795486320`), "observed_at: more than 3 hours old"},
		{"an error of its own in a 200", `{"cod":"500","message":"Internal error"}`, `cod: "500" in a 200`},
		{"a code a page long", `{"cod":"<html><body>Internal error"}`, `cod: "<html><body>" in a 200`},
		{"negative rain", edit(t, good, `"clouds"`, `"rain":{"1h":-1},"clouds"`), "precipitation: -1 mm/h is outside"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := decodeOpenWeather(respond(tt.body, now))
			wantError(t, err, tt.want)
		})
	}
}

func TestOpenWeatherReadsTheCodeInsideA200(t *testing.T) {
	for body, want := range map[string]upstream.Code{
		`{"cod":"404","message":"Error: Not found city"}`: upstream.CodeNotFound,
		`{"cod":404,"message":"city not found"}`:          upstream.CodeNotFound,
		`{"cod":401,"message":"Invalid API key."}`:        upstream.CodeUnauthorized,
		`{"cod":429,"message":"blocked"}`:                 upstream.CodeRateLimited,
	} {
		_, err := decodeOpenWeather(respond(body, now))
		wantCode(t, err, want)
	}
}
