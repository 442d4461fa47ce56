package air

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"tributary/upstream"
	"tributary/upstream/weather"
)

func TestOpenMeteoRequest(t *testing.T) {
	spec := OpenMeteo()
	req, err := spec.Request(t.Context(), weather.NewPlace(28.65195, 77.23149))
	if err != nil {
		t.Fatal(err)
	}
	const want = "/v1/air-quality?latitude=28.65&longitude=77.23&current=pm2_5,pm10,ozone,nitrogen_dioxide,sulphur_dioxide,carbon_monoxide,ammonia,us_aqi," +
		"alder_pollen,birch_pollen,grass_pollen,mugwort_pollen,olive_pollen,ragweed_pollen&timeformat=unixtime"
	if req.Method != http.MethodGet || req.URL.String() != want {
		t.Errorf("request = %s %s, want GET %s", req.Method, req.URL, want)
	}
	variables := strings.Split(req.URL.Query().Get("current"), ",")
	if spec.Weight != float64(len(variables))/10 {
		t.Errorf("weight = %g for %d variables", spec.Weight, len(variables))
	}
	if spec.MinFresh != 30*time.Second || spec.Forbidden != upstream.ThisSource {
		t.Errorf("min fresh = %s, a 403 is about %v; want 30s and the source", spec.MinFresh, spec.Forbidden)
	}
}

func TestOpenMeteoRecorded(t *testing.T) {
	for name, tt := range map[string]struct {
		at   time.Time
		want string
	}{
		"denver": {time.Date(2026, 10, 8, 4, 40, 0, 0, time.UTC),
			`{"observed_at":"2026-10-08T04:00:00Z","pm2_5":9.9,"pm10":10.2,"ozone":53,"nitrogen_dioxide":28.7,"us_aqi":47}`},
		"istanbul": {time.Date(2026, 10, 1, 11, 59, 0, 0, time.UTC),
			`{"observed_at":"2026-10-01T11:00:00Z","pm2_5":5.8,"pm10":11.7}`},
		"london": {time.Date(2026, 9, 16, 15, 0, 0, 0, time.UTC), // other numbers have no unit
			`{"observed_at":"2026-09-16T15:00:00Z","pm2_5":3.2,"pm10":7.1,"pollen":{"grass":0.1}}`},
	} {
		t.Run("it reads "+name, func(t *testing.T) {
			got, err := decodeOpenMeteo(respond(testdata(t, "openmeteo-"+name+".json"), tt.at))
			if err != nil {
				t.Fatal(err)
			}
			wantJSON(t, got, tt.want)
		})
	}
	if _, err := decodeOpenMeteo(respond(testdata(t, "openmeteo-newyork.json"), time.Date(2026, 9, 16, 15, 0, 0, 0, time.UTC))); err == nil {
		t.Error("decoded an answer that declares no units")
	}
}

// openMeteoBody has these units and members beside the time 06:00.
func openMeteoBody(units, members string) string {
	return `{"utc_offset_seconds":0,"current_units":{` + units + `},"current":{"time":1795500000,"interval":3600` + members + `}}`
}

func TestOpenMeteoMembers(t *testing.T) {
	const micro = `"pm2_5":"μg/m³","pm10":"μg/m³"`
	for name, tt := range map[string]struct{ units, members, want string }{
		"zero is a value":                      {micro, `,"pm2_5":0,"pm10":0`, `"pm2_5":0,"pm10":0`},
		"either micro sign":                    {`"pm2_5":"µg/m³","pm10":"μg/m³"`, `,"pm2_5":1,"pm10":2`, `"pm2_5":1,"pm10":2`},
		"null leaves out one":                  {micro, `,"pm2_5":null,"pm10":2`, `"pm10":2`},
		"text leaves out one":                  {micro, `,"pm2_5":1,"pm10":"2"`, `"pm2_5":1`},
		"an object leaves out one":             {micro, `,"pm2_5":1,"pm10":{}`, `"pm2_5":1`},
		"a negative value leaves out one":      {micro, `,"pm2_5":-0.1,"pm10":2`, `"pm10":2`},
		"a value too great leaves out one":     {micro, `,"pm2_5":20001,"pm10":50000`, `"pm10":50000`},
		"another unit leaves out one":          {`"pm2_5":"mg/m³","pm10":"μg/m³"`, `,"pm2_5":1,"pm10":2`, `"pm10":2`},
		"no unit leaves out one":               {`"pm10":"μg/m³"`, `,"pm2_5":1,"pm10":2`, `"pm10":2`},
		"pollen in grains":                     {`"olive_pollen":"grains/m³","birch_pollen":"μg/m³"`, `,"olive_pollen":3.5,"birch_pollen":1`, `"pollen":{"olive":3.5}`},
		"the index in its unit":                {`"us_aqi":"USAQI"`, `,"us_aqi":165`, `"us_aqi":165`},
		"another index is not the US one":      {`"pm10":"μg/m³","us_aqi":"EAQI"`, `,"pm10":2,"us_aqi":65`, `"pm10":2`},
		"gases, all of them":                   {`"ozone":"μg/m³","nitrogen_dioxide":"μg/m³","sulphur_dioxide":"μg/m³","carbon_monoxide":"μg/m³","ammonia":"μg/m³"`, `,"ozone":1,"nitrogen_dioxide":2,"sulphur_dioxide":3,"carbon_monoxide":4,"ammonia":5`, `"ozone":1,"nitrogen_dioxide":2,"sulphur_dioxide":3,"carbon_monoxide":4,"ammonia":5`},
		"the European index is left to itself": {`"pm10":"μg/m³","european_aqi":"EAQI"`, `,"pm10":2,"european_aqi":65`, `"pm10":2`},
	} {
		t.Run("it reads "+name, func(t *testing.T) {
			got, err := decodeOpenMeteo(respond(openMeteoBody(tt.units, tt.members), now))
			if err != nil {
				t.Fatal(err)
			}
			wantJSON(t, got, `{"observed_at":"2026-11-24T06:00:00Z",`+tt.want+`}`)
		})
	}
}

func TestOpenMeteoRefusals(t *testing.T) {
	const micro = `"pm2_5":"μg/m³"`
	timed := func(at string) string {
		return strings.Replace(openMeteoBody(micro, `,"pm2_5":1`), "1795500000", at, 1)
	}
	checkRefusals(t, decodeOpenMeteo, []refusal{
		{"no JSON", `<html>`, "", "body: not a JSON object"},
		{"a list", `[` + openMeteoBody(micro, `,"pm2_5":1`) + `]`, "", "body: not a JSON object"},
		{"no block", `{}`, "", "current: missing"},
		{"a block that is null", `{"current":null}`, upstream.CodeNoData, "current is null"},
		{"a block that is a list", `{"current":[]}`, "", "current: a JSON array"},
		{"no number", openMeteoBody(micro, ``), "", "pm2_5: missing"},
		{"nothing but null", openMeteoBody(micro, `,"pm2_5":null,"pm10":null`), upstream.CodeNoData, "pm2_5 is null"},
		{"nothing in a known unit", openMeteoBody(`"pm2_5":"ppb"`, `,"pm2_5":1`), "", "not a unit"},
		{"nothing that is possible", openMeteoBody(micro, `,"pm2_5":-1`), "", "not possible"},
		{"no time", strings.Replace(timed("1"), `"time":1,`, "", 1), "", "time: missing"},
		{"a time that is null", timed("null"), upstream.CodeNoData, "time is null"},
		{"a time in milliseconds", timed("1795500000000"), "", "not a time in seconds"},
		{"local time without an offset", strings.Replace(timed(`"2026-11-24T06:00"`), `"utc_offset_seconds":0,`, "", 1), "", "utc_offset_seconds: missing"},
		{"an observation of three hours ago", timed("1795490100"), upstream.CodeNoData, "more than 3 hours old"},
		{"an observation of the next hour", timed("1795503600"), upstream.CodeNoData, "in the future"},
		{"an observation of 1999", timed("946684799"), "", "before the year 2000"},
	})
}

func TestOpenMeteoReadsRefusals(t *testing.T) {
	response := func(status int, reason string) upstream.Response {
		return upstream.Response{Status: status, Header: http.Header{}, Body: []byte(`{"error":true,"reason":"` + reason + `"}`), At: now}
	}
	for _, tt := range []struct {
		name  string
		got   upstream.Response
		code  upstream.Code
		after time.Duration
	}{
		{"a place without data", response(400, "No data is available for this location"), upstream.CodeNotFound, 0},
		{"a limit by the minute", response(429, "Minutely API request limit exceeded. Please try again in one minute."), upstream.CodeRateLimited, time.Minute},
		{"a limit by the hour", response(429, "Hourly API request limit exceeded. Please try again in the next hour."), upstream.CodeRateLimited, 40 * time.Minute},
	} {
		if got := OpenMeteo().Refusal(tt.got); got == nil || got.Code != tt.code || got.RetryAfter != tt.after {
			t.Errorf("%s is %v, want %s and a wait of %s", tt.name, got, tt.code, tt.after)
		}
	}
}
