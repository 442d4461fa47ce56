package air

import (
	"net/http"
	"testing"
	"time"

	"tributary/upstream"
	"tributary/upstream/weather"
)

func TestOpenWeatherRequest(t *testing.T) {
	spec := OpenWeather()
	req, err := spec.Request(t.Context(), weather.NewPlace(28.65195, 77.23149))
	if err != nil {
		t.Fatal(err)
	}
	if want := "/data/2.5/air_pollution?lat=28.65&lon=77.23"; req.Method != http.MethodGet || req.URL.String() != want {
		t.Errorf("request = %s %s, want GET %s", req.Method, req.URL, want)
	}
	if spec.Name != "openweather" || spec.LimitPause != time.Minute || spec.MinFresh != 30*time.Second || spec.Forbidden != upstream.ThisSource {
		t.Errorf("spec = %+v", spec)
	}
}

func TestOpenWeatherRecorded(t *testing.T) {
	for name, tt := range map[string]struct {
		at   time.Time
		want string
	}{
		"beijing": {time.Unix(1785616886+60, 0), `{"observed_at":"2026-08-01T20:41:26Z","pm2_5":52.28,"pm10":57.21,"ozone":28.05,"nitrogen_dioxide":8.33,"sulphur_dioxide":6.92,"carbon_monoxide":293.74,"ammonia":5.63}`},
		"lisbon":  {time.Unix(1687540917, 0), `{"observed_at":"2023-06-23T17:21:57Z","pm2_5":8.58,"pm10":13.5,"ozone":107.29,"nitrogen_dioxide":3.98,"sulphur_dioxide":1.46,"carbon_monoxide":196.93,"ammonia":2.03}`},
	} {
		t.Run("it reads "+name, func(t *testing.T) {
			got, err := decodeOpenWeather(respond(testdata(t, "openweather-"+name+".json"), tt.at))
			if err != nil {
				t.Fatal(err)
			}
			wantJSON(t, got, tt.want)
		})
	}
}

// openWeatherBody has one entry of 06:18 with these components.
func openWeatherBody(components string) string {
	return `{"coord":{"lon":77.23,"lat":28.65},"list":[{"main":{"aqi":5},"components":` + components + `,"dt":1795501080}]}`
}

func TestOpenWeatherMembers(t *testing.T) {
	for name, tt := range map[string]struct{ components, want string }{
		"zero is a value":                 {`{"pm2_5":0,"no":1}`, `"pm2_5":0`},
		"null leaves out one":             {`{"pm2_5":null,"nh3":1}`, `"ammonia":1`},
		"text leaves out one":             {`{"pm2_5":"1","o3":1}`, `"ozone":1`},
		"a negative value leaves out one": {`{"pm2_5":1,"co":-9999}`, `"pm2_5":1`},
		"a value too great":               {`{"no2":1e6,"so2":50}`, `"sulphur_dioxide":50`},
	} {
		t.Run("it reads "+name, func(t *testing.T) {
			got, err := decodeOpenWeather(respond(openWeatherBody(tt.components), now))
			if err != nil {
				t.Fatal(err)
			}
			wantJSON(t, got, `{"observed_at":"2026-11-24T06:18:00Z",`+tt.want+`}`)
		})
	}
	t.Run("it reads an answer whose own index is of no use", func(t *testing.T) {
		for _, index := range []string{"0", "6", `"5"`, "null"} {
			body := `{"list":[{"main":{"aqi":` + index + `},"components":{"pm10":3},"dt":1795501080}]}`
			got, err := decodeOpenWeather(respond(body, now))
			if err != nil {
				t.Fatalf("aqi %s: %v", index, err)
			}
			wantJSON(t, got, `{"observed_at":"2026-11-24T06:18:00Z","pm10":3}`)
		}
	})
}

func TestOpenWeatherRefusals(t *testing.T) {
	checkRefusals(t, decodeOpenWeather, []refusal{
		{"no JSON", `nothing`, "", "body: not a JSON object"},
		{"no list", `{}`, "", "list: missing"},
		{"a list that is null", `{"list":null}`, upstream.CodeNoData, "list is null"},
		{"a list that is none", `{"list":{}}`, "", "list: a JSON object"},
		{"a recorded list without entries", testdata(t, "openweather-empty.json"), upstream.CodeNoData, "the list is empty"},
		{"an entry that is no object", `{"list":[7]}`, "", "components: missing"},
		{"components that are null", openWeatherBody("null"), upstream.CodeNoData, "components is null"},
		{"components that are a list", openWeatherBody("[]"), "", "components: a JSON array"},
		{"no component", openWeatherBody("{}"), "", "components.pm2_5: missing"},
		{"components of null", openWeatherBody(`{"pm2_5":null,"pm10":null}`), upstream.CodeNoData, "components.pm2_5 is null"},
		{"nothing that is possible", openWeatherBody(`{"pm2_5":-1}`), "", "not possible"},
		{"no time", `{"list":[{"components":{"pm10":3}}]}`, "", "dt: missing"},
		{"an old observation", `{"list":[{"components":{"pm10":3},"dt":1795480000}]}`, upstream.CodeNoData, "more than 3 hours old"},
		{"an error inside a 200", `{"cod":"404","message":""}`, upstream.CodeNotFound, "does not cover this location"},
		{"a key refused inside a 200", `{"cod":401,"message":"Invalid API key."}`, upstream.CodeUnauthorized, "cod 401"},
		{"a limit inside a 200", `{"cod":429,"message":"blocked"}`, upstream.CodeRateLimited, "cod 429"},
	})
}
