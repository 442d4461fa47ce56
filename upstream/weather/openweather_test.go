package weather

import (
	"fmt"
	"testing"
	"time"

	"tributary/upstream"
	"tributary/upstream/upstreamtest"
)

func TestOpenWeatherRequest(t *testing.T) {
	const want = "/data/2.5/weather?lat=-33.87&lon=151.21&units=metric"
	if got := upstreamtest.Requested(t, OpenWeather(), NewPlace(-33.86785, 151.20732)); got != want {
		t.Errorf("request = %s, want %s", got, want)
	}
	if spec := OpenWeather(); spec.Forbidden != upstream.ThisSource || spec.LimitPause != time.Minute || spec.MinFresh != 30*time.Second {
		t.Errorf("a 403 is about %v, a 429 lasts %s, requests at least %s apart; want the source, 1m, 30s", spec.Forbidden, spec.LimitPause, spec.MinFresh)
	}
}

// openWeatherDelhi is testdata/openweather.json, converted by hand.
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
		{"pressure without a value at sea level", edit(t, good, `"pressure":1014,`, `"pressure":1013.5,`, `"sea_level":1014,"grnd_level":989`, `"x":1`),
			func(want *Report) { want.Pressure = new(1013.5) }},
		{"a view of its most", edit(t, good, `3500`, `10000`), func(want *Report) { want.Visibility, want.VisibilityCapped = new(10000.0), true }},
		{"a view of just less than its most", edit(t, good, `3500`, `9999`), func(want *Report) { want.Visibility = new(9999.0) }},
		{"a view of ten miles", edit(t, good, `3500`, `16093`), func(want *Report) { want.Visibility, want.VisibilityCapped = new(16093.0), true }},
		{"an impossible view", edit(t, good, `3500`, `1e7`), func(want *Report) { want.Visibility = nil }},
		{"the pressure at the ground", edit(t, good, `"pressure":1014,`, `"pressure":652.4,`, `"sea_level":1014,"grnd_level":989`, `"x":1`), func(want *Report) { want.Pressure = nil }},
		{"the pressure at the ground of a lower town", edit(t, good, `"pressure":1014,`, `"pressure":989,`, `"sea_level":1014,`, ``), func(want *Report) { want.Pressure = nil }},
		{"the pressure where that at sea level is impossible", edit(t, good, `"pressure":1014,`, `"pressure":1013.5,`, `"sea_level":1014,`, `"sea_level":0,`),
			func(want *Report) { want.Pressure = new(1013.5) }},
		{"humidity a little over 100", edit(t, good, `"humidity":50`, `"humidity":101`), func(want *Report) { want.Humidity = new(100.0) }},
		{"humidity far over 100", edit(t, good, `"humidity":50`, `"humidity":150`), func(want *Report) { want.Humidity = nil }},
		{"text for a number", edit(t, good, `"humidity":50`, `"humidity":"50"`, `"deg":300`, `"deg":"NW"`), func(want *Report) { want.Humidity, want.WindDirection = nil, nil }},
		{"a number out of range", edit(t, good, `"humidity":50`, `"humidity":1e999`), func(want *Report) { want.Humidity = nil }},
		{"blocks of another shape", edit(t, good, `"wind":{"speed":2.06,"deg":300,"gust":4.5}`, `"wind":"calm"`, `"clouds":{"all":20}`, `"clouds":[]`, `"coord":{"lon":77.23,"lat":28.65}`, `"coord":7`),
			func(want *Report) {
				want.WindSpeed, want.WindGust, want.WindDirection, want.CloudCover = nil, nil, nil, nil
			}},
		{"no weather", edit(t, good, `"weather":[`+haze+`],`, ``), func(want *Report) { want.Condition, want.IsDay, want.Precipitation = Unknown, nil, nil }},
		{"an empty weather", edit(t, good, haze, ``), func(want *Report) { want.Condition, want.IsDay, want.Precipitation = Unknown, nil, nil }},
		{"null for weather", edit(t, good, `[`+haze+`]`, `null`), func(want *Report) { want.Condition, want.IsDay, want.Precipitation = Unknown, nil, nil }},
		{"a weather of another shape", edit(t, good, haze, `"haze"`), func(want *Report) { want.Condition, want.IsDay, want.Precipitation = Unknown, nil, nil }},
		{"an id and an icon of another shape", edit(t, good, haze, `{"id":"721","icon":50}`), func(want *Report) { want.Condition, want.IsDay, want.Precipitation = Unknown, nil, nil }},
		{"negative rain", edit(t, good, `"clouds"`, `"rain":{"1h":-1},"clouds"`), func(want *Report) { want.Precipitation = nil }},
		{"negative rain beside snow", edit(t, good, `"clouds"`, `"rain":{"1h":-1},"snow":{"1h":2},"clouds"`), func(want *Report) { want.Precipitation = nil }},
		{"text for rain beside snow", edit(t, good, `"clouds"`, `"rain":{"1h":"some"},"snow":{"1h":2},"clouds"`), func(want *Report) { want.Precipitation = nil }},
		{"rain of another shape", edit(t, good, `"clouds"`, `"rain":[],"clouds"`), func(want *Report) { want.Precipitation = nil }},
		{"an amount of another shape", edit(t, good, `"clouds"`, `"rain":{"1h":{}},"clouds"`), func(want *Report) { want.Precipitation = nil }},
		{"rain and snow of more than all floats", edit(t, good, `"clouds"`, `"rain":{"1h":1e308},"snow":{"1h":1e308},"clouds"`), func(want *Report) { want.Precipitation = nil }},
		{"null amounts on a dry day", edit(t, good, `"clouds"`, `"rain":{"1h":null},"snow":null,"clouds"`), func(*Report) {}},
		{"three hours of rain where one is null", edit(t, good, `"clouds"`, `"rain":{"1h":null,"3h":6},"clouds"`), func(want *Report) { want.Precipitation = new(2.0) }},
		{"names in exact case only", edit(t, good, `"humidity":50`, `"humidity":50,"Humidity":1,"TEMP":1`, `"cod":200`, `"cod":200,"COD":500`), func(*Report) {}},
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
		{"mist with rain without an amount", edit(t, good, haze, `{"id":701,"icon":"50d"},{"id":500,"icon":"10d"}`),
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
	upstreamtest.RefusesGarbage(t, decodeOpenWeather, respond(good, now), "[]")
	checkRefusals(t, decodeOpenWeather, []refusal{
		{"Kelvin", edit(t, good, `"temp":24.4`, `"temp":297.55`), "temperature: 297.55 °C is outside -100 to 60", false},
		{"Fahrenheit", edit(t, good, `"temp":24.4`, `"temp":75.9`), "temperature: 75.9 °C is outside -100 to 60", false},
		{"Fahrenheit that only the latitude gives away", edit(t, good, `"temp":24.4`, `"temp":53.6`, `"lat":28.65`, `"lat":55.75`), "temperature: 53.6 cannot be °C at latitude 55.75", false},
		{"the same in the south", edit(t, good, `"temp":24.4`, `"temp":51`, `"lat":28.65`, `"lat":-45.9`), "temperature: 51 cannot be °C at latitude -45.9", false},
		{"an object for weather", edit(t, good, `[{"id":721,"main":"Haze","description":"haze","icon":"50d"}]`, `{}`), "weather: a JSON object that cannot be read", false},
		{"no main", edit(t, good, `"main":{`, `"was":{`), "main: missing", false},
		{"null for main", `{"main":null,"dt":1795500720,"cod":200}`, "main is null", true},
		{"an array for main", `{"main":[],"dt":1795500720,"cod":200}`, "main: a JSON array that cannot be read", false},
		{"no temperature", edit(t, good, `"temp":24.4,`, ``), "main.temp: missing", false},
		{"null for a temperature", edit(t, good, `"temp":24.4`, `"temp":null`), "main.temp is null", true},
		{"text for a temperature", edit(t, good, `"temp":24.4`, `"temp":"24.4"`), "main.temp: a JSON string that cannot be read", false},
		{"a temperature out of the range of a float", edit(t, good, `"temp":24.4`, `"temp":1e999`), "main.temp: a JSON number that cannot be read", false},
		{"no time", edit(t, good, `"dt":1795500720,`, ``), "dt: missing", false},
		{"null for a time", edit(t, good, `"dt":1795500720`, `"dt":null`), "dt is null", true},
		{"text for a time", edit(t, good, `"dt":1795500720`, `"dt":"now"`), "dt: a JSON string that cannot be read", false},
		{"milliseconds", edit(t, good, `"dt":1795500720`, `"dt":1795500720000`), "dt: 1.79550072e+12 is not a time in seconds since 1970", false},
		{"a time of four hours ago", edit(t, good, `1795500720`, `1795486320`), "the observation is more than 3 hours old", true},
		{"a time in half an hour", edit(t, good, `1795500720`, `1795503000`), "the observation is more than 15 minutes in the future", true},
		{"a code that is none", `{"cod":"out of order"}`, `cod: "out of order" in an answer with status 200`, false},
		{"a code that is not number", `{"cod":"NaN"}`, `cod: "NaN" in an answer`, false},
		{"a code of a redirect", `{"cod":302}`, `cod: "302" in an answer`, false},
		{"a code a page long", `{"cod":"<html><body>Internal error"}`, `cod: "<html><body>" in an answer`, false},
	})
}

// A cod has the meaning of the same HTTP status, as a number or as a string.
func TestOpenWeatherReadsTheCodeInsideA200(t *testing.T) {
	for cod, want := range map[int]upstream.Code{
		400: upstream.CodeBadRequest,
		401: upstream.CodeUnauthorized,
		403: upstream.CodeForbidden,
		404: upstream.CodeNotFound,
		408: upstream.CodeTimeout,
		410: upstream.CodeNotFound,
		422: upstream.CodeBadRequest,
		429: upstream.CodeRateLimited,
		451: upstream.CodeForbidden,
		500: upstream.CodeServerError,
		502: upstream.CodeServerError,
		503: upstream.CodeServerError,
		504: upstream.CodeServerError,
	} {
		for _, format := range []string{`{"cod":%d,"message":"Internal error"}`, `{"cod":"%d","message":"Internal error"}`, `{"cod":%d.0}`} {
			body := fmt.Sprintf(format, cod)
			_, err := decodeOpenWeather(respond(body, now))
			if wantCode(t, err, want); t.Failed() {
				t.Fatalf("in %s", body)
			}
		}
	}
}
