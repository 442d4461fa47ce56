package weather

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tributary/upstream"
)

// eachRecording runs check on every recorded answer of a provider in
// testdata/recorded. A file that the table does not list, or lists but does not
// exist, fails the test.
func eachRecording[W any](t *testing.T, provider string, table map[string]W, check func(t *testing.T, body []byte, want W)) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", "recorded", provider, "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".json")
		seen[name] = true
		t.Run(name, func(t *testing.T) {
			want, ok := table[name]
			if !ok {
				t.Fatal("there is no expected result for this answer")
			}
			body, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			check(t, body, want)
		})
	}
	for name := range table {
		if !seen[name] {
			t.Errorf("%s is listed but not there", name)
		}
	}
}

// read is the expected result for a recorded answer, written by hand: a report, a part
// of an error's text, a code, or a status.
type read struct {
	at     string // time of decoding, RFC 3339
	report *Report
	err    string
	code   upstream.Code
	status int // 0: 200
}

func (want read) check(t *testing.T, spec upstream.Spec[Place, *PackedReport], body []byte) {
	t.Helper()
	if want.status != 0 {
		r := upstream.Response{Status: want.status, Header: http.Header{}, Body: body}
		if spec.Refusal != nil && spec.Refusal(r) != nil {
			t.Errorf("refusal = %v, want it left to the status", spec.Refusal(r))
		}
		if spec.Again != nil && spec.Again(Place{}, r) {
			t.Error("is asked again without a time zone")
		}
		return
	}
	got, err := spec.Decode(respond(string(body), moment(want.at)))
	switch {
	case want.err != "":
		wantError(t, err, want.err)
	case want.code != "":
		wantCode(t, err, want.code)
	case err != nil:
		t.Fatal(err)
	default:
		sameReport(t, got.Report(), want.report)
	}
}

func moment(s string) time.Time {
	at, err := time.Parse(time.RFC3339, s)
	if err != nil {
		panic(err)
	}
	return at
}

func TestRecordedOpenMeteo(t *testing.T) {
	forecasts := map[string]read{
		// The request had only the weather code.
		"forecast-berlin-all-blocks":    {at: "2023-11-13T10:47:45Z", err: "temperature_2m: missing"},
		"forecast-berlin-customer-host": {at: "2024-01-24T08:38:41Z", err: "temperature_2m: missing"},
		// The request had only hourly values.
		"forecast-brasilia-hourly": {at: "2023-10-25T12:00:00Z", err: "current: missing"},
		// Local time 22:15 at UTC+2; 4.7 and 12.2 km/h; no rain requested.
		"forecast-bucharest-current-hourly": {at: "2026-01-16T20:20:00Z", report: &Report{
			ObservedAt: moment("2026-01-16T20:15:00Z"), Temperature: new(-5.3), FeelsLike: new(-9.2), Humidity: new(72.0), Pressure: new(1034.7),
			WindSpeed: new(4.7 / 3.6), WindGust: new(12.2 / 3.6), WindDirection: new(81.0), Condition: Clear, IsDay: new(false), Timezone: "Europe/Bucharest",
		}},
		// Local time 20:45 at UTC+9:30.
		"forecast-darwin-current_weather": {at: "2023-10-25T11:27:09Z", report: &Report{
			ObservedAt: moment("2023-10-25T11:15:00Z"), Temperature: new(29.0), WindSpeed: new(12.2 / 3.6), WindDirection: new(90.0),
			Condition: MostlyClear, IsDay: new(false), Timezone: "Australia/Darwin",
		}},
		"forecast-munich-unixtime": {at: "2026-02-07T15:20:00Z", report: &Report{
			ObservedAt: moment("2026-02-07T15:15:00Z"), Temperature: new(8.5), WindSpeed: new(4.7 / 3.6), WindDirection: new(9.0),
			Condition: PartlyCloudy, IsDay: new(true), Timezone: "Europe/Berlin",
		}},
		"error-400-bad-units": {status: 400},
	}
	places := map[string]string{
		"geocoding-brasilia": `[{"name":"Brasília","admin":"Federal District","country":"BR","latitude":-15.78,"longitude":-47.93,"timezone":"America/Sao_Paulo","population":2207718}]`,
		"geocoding-paris": `[{"name":"Paris","admin":"Île-de-France","country":"FR","latitude":48.85,"longitude":2.35,"timezone":"Europe/Paris","population":2138551},` +
			`{"name":"Paris","admin":"Texas","country":"US","latitude":33.66,"longitude":-95.56,"timezone":"America/Chicago","population":24782}]`,
		"geocoding-sydney": `[{"name":"Sydney","admin":"New South Wales","country":"AU","latitude":-33.87,"longitude":151.21,"timezone":"Australia/Sydney","population":4627345}]`,
		"geocoding-hollywood": `[{"name":"Hollywood","admin":"Florida","country":"US","latitude":26.01,"longitude":-80.15,"timezone":"America/New_York","population":149728},` +
			`{"name":"Hollywood","admin":"California","country":"US","latitude":34.1,"longitude":-118.33,"timezone":"America/Los_Angeles","population":167664},` +
			`{"name":"Hollywood","admin":"South Carolina","country":"US","latitude":32.73,"longitude":-80.24,"timezone":"America/New_York","population":4962},` +
			`{"name":"Hollywood","admin":"Alabama","country":"US","latitude":34.72,"longitude":-85.97,"timezone":"America/Chicago","population":974},` +
			`{"name":"Hollywood","admin":"Maryland","country":"US","latitude":38.35,"longitude":-76.57,"timezone":"America/New_York"},` +
			`{"name":"Peggy","admin":"Texas","country":"US","latitude":28.74,"longitude":-98.18,"timezone":"America/Chicago"},` +
			`{"name":"MacArthur","admin":"West Virginia","country":"US","latitude":37.76,"longitude":-81.21,"timezone":"America/New_York","population":1500},` +
			`{"name":"Hollywood","admin":"Alabama","country":"US","latitude":33.47,"longitude":-86.78,"timezone":"America/Chicago","population":930},` +
			`{"name":"Hollywood","admin":"Leinster","country":"IE","latitude":53.09,"longitude":-6.61,"timezone":"Europe/Dublin"},` +
			`{"name":"Hollywood","admin":"Munster","country":"IE","latitude":51.83,"longitude":-9.9,"timezone":"Europe/Dublin"}]`,
		"geocoding-no-hit": "", // not found
	}
	table := map[string]func(*testing.T, []byte){}
	for name, want := range forecasts {
		table[name] = func(t *testing.T, body []byte) { want.check(t, OpenMeteo(), body) }
	}
	for name, want := range places {
		table[name] = func(t *testing.T, body []byte) {
			got, err := Geocoding().Decode(respond(string(body), now))
			if want == "" {
				wantCode(t, err, upstream.CodeNotFound)
			} else if err != nil {
				t.Error(err)
			} else if places := asJSON(t, got.Places); places != want || got.LeftOut != "" {
				t.Errorf("places = %s, left out: %q; want %s and none", places, got.LeftOut, want)
			}
		}
	}
	eachRecording(t, "open-meteo", table, func(t *testing.T, body []byte, check func(*testing.T, []byte)) { check(t, body) })
}

func TestRecordedOpenWeather(t *testing.T) {
	table := map[string]read{
		// Requested without units, so in Kelvin.
		"current-london-latlon":    {at: "2020-04-28T04:40:00Z", err: "temperature: 282.08 °C is outside"},
		"current-london-name":      {at: "2020-04-28T03:30:00Z", err: "temperature: 282.57 °C is outside"},
		"current-london-night":     {at: "2022-01-04T01:55:00Z", err: "temperature: 281.33 °C is outside"},
		"current-newyork-state":    {at: "2020-04-28T03:50:00Z", err: "temperature: 279.86 °C is outside"},
		"current-newyork-zip":      {at: "2020-04-28T04:40:00Z", err: "temperature: 279.69 °C is outside"},
		"legacy2014-current-kochi": {at: "2014-08-28T10:45:00Z", err: "temperature: 299.793 °C is outside"},
		// Requested in Fahrenheit: 12 °C, at the latitude of Moscow.
		"current-moscow-ru-imperial": {at: "2020-05-01T13:20:00Z", err: "temperature: 53.6 cannot be °C at latitude 55.75"},
		// Showers (520) without an amount.
		"current-moscow-fr-metric": {at: "2020-05-17T12:15:00Z", report: &Report{
			ObservedAt: moment("2020-05-17T12:13:42Z"), Temperature: new(13.67), FeelsLike: new(5.79), Humidity: new(47.0), Pressure: new(1010.0),
			WindSpeed: new(9.0), WindDirection: new(260.0), CloudCover: new(40.0), Visibility: new(10000.0), VisibilityCapped: true, Condition: RainShowers, IsDay: new(true),
		}},
		"current-vancouver-snow": {at: "2021-02-13T20:30:00Z", report: &Report{
			ObservedAt: moment("2021-02-13T20:24:50Z"), Temperature: new(-0.85), FeelsLike: new(-5.25), Humidity: new(93.0), Pressure: new(1011.0),
			WindSpeed: new(3.09), WindDirection: new(120.0), CloudCover: new(90.0), Precipitation: new(0.75), Visibility: new(2414.0), Condition: Snow, IsDay: new(true),
		}},
		// The pressure at sea level, not the station's 1020.95.
		"legacy2014-current-kochi-metric": {at: "2014-08-28T10:45:00Z", report: &Report{
			ObservedAt: moment("2014-08-28T10:43:47Z"), Temperature: new(26.643), Humidity: new(99.0), Pressure: new(1021.19),
			WindSpeed: new(5.46), WindDirection: new(313.001), CloudCover: new(88.0), Precipitation: new(0.0), Condition: Cloudy, IsDay: new(true),
		}},
		"legacy2014-not-found-as-200": {at: "2014-08-28T10:45:00Z", code: upstream.CodeNotFound},
		// Answers to requests that we do not make.
		"group-three-metric": {at: "2020-05-01T12:10:00Z", err: "main: missing"},
		"geo-direct-lisbon":  {at: "2020-05-01T12:10:00Z", err: "body: not a JSON object"},
		"geo-zip-lisbon":     {at: "2020-05-01T12:10:00Z", err: "main: missing"},

		"error-400-nothing-to-geocode": {status: 400},
		"error-401":                    {status: 401},
		"onecall-error-400":            {status: 400},
	}
	eachRecording(t, "openweathermap", table, func(t *testing.T, body []byte, want read) { want.check(t, OpenWeather(), body) })
}

func TestRecordedMETNorway(t *testing.T) {
	const asked = "2020-07-20T11:44:31Z"
	table := map[string]read{
		"compact-newyork": {at: asked, report: &Report{
			ObservedAt: moment("2020-07-20T11:00:00Z"), Temperature: new(26.5), Humidity: new(81.3), Pressure: new(1010.7), WindSpeed: new(3.8),
			WindDirection: new(243.4), CloudCover: new(69.5), PrecipitationNextHour: new(0.0), Condition: PartlyCloudy, IsDay: new(true),
		}},
		"complete-london": {at: asked, report: &Report{
			ObservedAt: moment("2020-07-20T11:00:00Z"), Temperature: new(18.8), DewPoint: new(7.2), Humidity: new(47.0), Pressure: new(1023.2), WindSpeed: new(2.3),
			WindDirection: new(349.3), CloudCover: new(12.5), PrecipitationNextHour: new(0.0), Condition: Clear, IsDay: new(true),
		}},
	}
	last := map[string]float64{"compact-newyork": 32.8, "complete-london": 21.1} // °C at four o'clock
	eachRecording(t, "met-norway", table, func(t *testing.T, body []byte, want read) {
		want.check(t, METNorway(), body)
		report, err := METNorway().Decode(respond(string(body), moment(asked)))
		if err != nil {
			t.Fatal(err)
		}
		name := filepath.Base(t.Name())
		if got := report.At(moment("2020-07-20T16:30:00Z")); !near(got.Report().Temperature, new(last[name])) || got.next != nil {
			t.Errorf("at half past four = %s, want the last entry kept, of %g °C", asJSON(t, got), last[name])
		}
	})
}
