package weather

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"tributary/upstream"
	"tributary/upstream/upstreamtest"
)

func TestOpenMeteoForecastRequest(t *testing.T) {
	spec := OpenMeteoForecast()
	const want = "/v1/forecast?latitude=28.65&longitude=77.23&hourly=temperature_2m,apparent_temperature,relative_humidity_2m,precipitation," +
		"precipitation_probability,weather_code,cloud_cover,pressure_msl,wind_speed_10m,wind_direction_10m,wind_gusts_10m,uv_index" +
		"&daily=sunrise,sunset&past_days=1&forecast_days=9&temperature_unit=celsius&wind_speed_unit=ms&precipitation_unit=mm&timeformat=unixtime&timezone=auto"
	if got := upstreamtest.Requested(t, spec, NewPlace(28.65195, 77.23149)); got != want {
		t.Errorf("request = %s, want %s", got, want)
	}
	// Twelve hourly and two daily variables count 1.4 calls, and days only from the fifteenth on.
	if spec.Weight != 1.4 || spec.Forbidden != upstream.ThisSource || spec.MinFresh != 30*time.Second {
		t.Errorf("weight = %g, a 403 is about %v, requests at least %s apart", spec.Weight, spec.Forbidden, spec.MinFresh)
	}
	refused := upstream.Response{Status: http.StatusBadRequest, Header: http.Header{}, Body: []byte(`{"error":true,"reason":"Invalid timezone"}`), At: now}
	if !spec.Again(NewPlace(28.65, 77.23), refused) || strings.Contains(upstreamtest.Requested(t, spec, NewPlace(28.65, 77.23)), "timezone") {
		t.Error("asks for the time zone again where it was refused")
	}
	if current := OpenMeteo(); spec.Group == current.Group {
		t.Error("shares the entries of the current weather in the shared cache")
	}
}

func TestOpenWeatherForecastRequest(t *testing.T) {
	spec := OpenWeatherForecast()
	if got, want := upstreamtest.Requested(t, spec, NewPlace(28.65195, 77.23149)), "/data/2.5/forecast?lat=28.65&lon=77.23&units=metric"; got != want {
		t.Errorf("request = %s, want %s", got, want)
	}
	if spec.LimitPause != time.Minute || spec.Forbidden != upstream.ThisSource || spec.MinFresh != 30*time.Second {
		t.Errorf("pause after a 429 = %s, a 403 is about %v, requests at least %s apart", spec.LimitPause, spec.Forbidden, spec.MinFresh)
	}
}

// openMeteoHoursBody has three hours from 06:00, in unix time unless members say
// otherwise.
func openMeteoHoursBody(units, members string) string {
	return `{"utc_offset_seconds":0,"timezone":"GMT","hourly_units":{"temperature_2m":"°C"` + units + `},"hourly":{"time":[1795500000,1795503600,1795507200]` + members + `}}`
}

// steps is the JSON of the steps of a decoded answer, without the time of each.
func steps(t *testing.T, s *Series) string {
	t.Helper()
	var all []string
	for _, step := range s.Steps {
		text := strings.TrimPrefix(asJSON(t, step), `{"at":"2026-11-24T`)
		hour, values, _ := strings.Cut(text, `:00:00Z"`)
		all = append(all, hour+strings.TrimSuffix(values, "}"))
	}
	return strings.Join(all, " ")
}

func TestOpenMeteoForecastMembers(t *testing.T) {
	const temperature = `,"temperature_2m":[1,2,3]`
	const three = `05,"hours":1 06,"temperature":1,"hours":1 07,"temperature":2,"hours":1 08,"temperature":3,"hours":1`
	for name, tt := range map[string]struct{ units, members, want string }{
		"temperatures at their time": {``, temperature, three},
		"sums, chances and gusts in the hour before": {`,"precipitation":"mm","precipitation_probability":"%","wind_gusts_10m":"m/s"`,
			temperature + `,"precipitation":[0.1,0,0.3],"precipitation_probability":[10,20,30],"wind_gusts_10m":[5,6,7]`,
			`05,"hours":1,"precipitation":0.1,"precipitation_probability":10,"wind_gust":5 06,"temperature":1,"hours":1,"precipitation":0,"precipitation_probability":20,"wind_gust":6 ` +
				`07,"temperature":2,"hours":1,"precipitation":0.3,"precipitation_probability":30,"wind_gust":7 08,"temperature":3,"hours":1`},
		"conditions and UV at their time": {`,"weather_code":"wmo code","uv_index":""`, temperature + `,"weather_code":[95,0,7],"uv_index":[0,1.5,60]`,
			`05,"hours":1 06,"temperature":1,"uv_index":0,"hours":1,"condition":"thunderstorm" 07,"temperature":2,"uv_index":1.5,"hours":1,"condition":"clear" 08,"temperature":3,"hours":1`},
		"units that are converted": {`,"wind_speed_10m":"km/h"`, temperature + `,"wind_speed_10m":[36,0,7.2]`,
			`05,"hours":1 06,"temperature":1,"wind_speed":10,"hours":1 07,"temperature":2,"wind_speed":0,"hours":1 08,"temperature":3,"wind_speed":2,"hours":1`},
		"no unit that is unknown":          {`,"cloud_cover":"octas"`, temperature + `,"cloud_cover":[1,2,3]`, three},
		"no values but numbers":            {`,"cloud_cover":"%"`, temperature + `,"cloud_cover":[null,"2",{}]`, three},
		"no column that is none":           {`,"cloud_cover":"%"`, temperature + `,"cloud_cover":{"0":1}`, three},
		"no values beyond the times":       {``, `,"temperature_2m":[1,2,3,4,5]`, three},
		"impossible values as unknown":     {`,"cloud_cover":"%","precipitation":"mm"`, temperature + `,"cloud_cover":[-1,106,1e9],"precipitation":[-0.1,2001,-5]`, three},
		"a column that ends early":         {`,"cloud_cover":"%"`, temperature + `,"cloud_cover":[7]`, `05,"hours":1 06,"temperature":1,"cloud_cover":7,"hours":1 07,"temperature":2,"hours":1 08,"temperature":3,"hours":1`},
		"humidity a little above the most": {`,"relative_humidity_2m":"%"`, temperature + `,"relative_humidity_2m":[102,100,99]`, `05,"hours":1 06,"temperature":1,"humidity":100,"hours":1 07,"temperature":2,"humidity":100,"hours":1 08,"temperature":3,"humidity":99,"hours":1`},
	} {
		t.Run("it reads "+name, func(t *testing.T) {
			got, err := decodeOpenMeteoForecast(respond(openMeteoHoursBody(tt.units, tt.members), now))
			if err != nil {
				t.Fatal(err)
			}
			if text := steps(t, got); text != tt.want {
				t.Errorf("steps =\n%s, want\n%s", text, tt.want)
			}
		})
	}
}

// In zones that are not whole hours from UTC labels are not at full hours of UTC, but the
// values are: those of the next full hour east of Greenwich, of the last one west of it.
func TestOpenMeteoForecastInZonesOfHalfHours(t *testing.T) {
	for _, tt := range []struct {
		zone, offset, times string
		want                time.Time
	}{
		{"Asia/Kolkata", "19800", `["2026-11-24T12:00","2026-11-24T13:00"]`, clock(7, 0)},
		{"Asia/Kolkata", "19800", `[1795501800,1795505400]`, clock(7, 0)},
		{"Asia/Kathmandu", "20700", `["2026-11-24T12:00","2026-11-24T13:00"]`, clock(7, 0)},
		{"America/St_Johns", "-12600", `["2026-11-24T03:00","2026-11-24T04:00"]`, clock(6, 0)},
		{"Europe/Berlin", "3600", `["2026-11-24T07:00","2026-11-24T08:00"]`, clock(6, 0)},
	} {
		body := `{"utc_offset_seconds":` + tt.offset + `,"timezone":"` + tt.zone + `","hourly_units":{"temperature_2m":"°C"},"hourly":{"time":` + tt.times + `,"temperature_2m":[1,2]}}`
		got, err := decodeOpenMeteoForecast(respond(body, now))
		if err != nil {
			t.Errorf("%s at %s: %v", tt.zone, tt.times, err)
			continue
		}
		if first := got.Steps[1]; !first.At.Equal(tt.want) || *first.Temperature != 1 || got.Timezone != tt.zone {
			t.Errorf("%s at %s: the first value is of %s in %s, want %s", tt.zone, tt.times, first.At, got.Timezone, tt.want)
		}
	}
}

func TestOpenMeteoForecastSun(t *testing.T) {
	sun := func(rise, set string) string {
		return strings.TrimSuffix(openMeteoHoursBody(``, `,"temperature_2m":[1,2,3]`), "}") + `,"daily":{"sunrise":[` + rise + `],"sunset":[` + set + `]}}`
	}
	for name, tt := range map[string]struct {
		rise, set string
		want      string
	}{
		"both":                         {"1795485960", "1795523880", `[{"rise":"2026-11-24T02:06:00Z","set":"2026-11-24T12:38:00Z"}]`},
		"local text":                   {`"2026-11-24T02:06"`, `"2026-11-24T12:38"`, `[{"rise":"2026-11-24T02:06:00Z","set":"2026-11-24T12:38:00Z"}]`},
		"polar night":                  {"1795478400", "1795478400", `[]`},
		"polar day":                    {"1795478400", "1795564800", `[]`},
		"the old spelling of 1970":     {`"1970-01-01T00:00"`, `"1970-01-01T00:00"`, `null`},
		"null":                         {"null", "null", `null`},
		"null among others":            {"null,1795485960", "null,1795523880", `[{"rise":"2026-11-24T02:06:00Z","set":"2026-11-24T12:38:00Z"}]`},
		"a list that is longer":        {"1795485960,1795572420", "1795523880", `[{"rise":"2026-11-24T02:06:00Z","set":"2026-11-24T12:38:00Z"}]`},
		"nothing of both is no answer": {"", "", `null`},
	} {
		got, err := decodeOpenMeteoForecast(respond(sun(tt.rise, tt.set), now))
		if err != nil {
			t.Fatal(err)
		}
		if text := asJSON(t, got.Sun); text != tt.want && !(tt.want == "null" && text == "[]") {
			t.Errorf("%s: %s, want %s", name, text, tt.want)
		}
	}
}

func TestOpenMeteoForecastRefusals(t *testing.T) {
	good := openMeteoHoursBody(``, `,"temperature_2m":[1,2,3]`)
	checkRefusals(t, decodeOpenMeteoForecast, []refusal{
		{"no hours", `{}`, "hourly: missing", false},
		{"hours that are null", `{"hourly":null}`, "hourly is null", true},
		{"no times", `{"hourly":{}}`, "hourly.time: missing", false},
		{"an empty list of times", `{"hourly":{"time":[],"temperature_2m":[]}}`, "no value now", true},
		{"times that are text without an offset", edit(t, good, `[1795500000,`, `["2026-11-24T06:00",`, `"utc_offset_seconds":0,`, ``), "utc_offset_seconds: missing", false},
		{"a time that is none", edit(t, good, `[1795500000,`, `["today",`), "time: neither a unix time nor a local one", false},
		{"a time in milliseconds", edit(t, good, `[1795500000,`, `[1795500000000,`), "not a time in seconds", false},
		{"a time off the hour", edit(t, good, `1795503600`, `1795503601`), "not a full hour", false},
		{"a time before 2000", edit(t, good, `[1795500000,`, `[3600,`), "before the year 2000", false},
		{"a time of 2100", edit(t, good, `1795507200`, `4102444800`), "more than a year in the future", false},
		{"a temperature in Kelvin", edit(t, good, `[1,2,3]`, `[1,2,293.5]`), "293.5 °C is outside", false},
		{"no temperatures and nothing else", openMeteoHoursBody(``, ``), "hourly.temperature_2m: missing", false},
		{"temperatures that are null", openMeteoHoursBody(``, `,"temperature_2m":null`), "hourly.temperature_2m is null", true},
		{"nothing but nulls", openMeteoHoursBody(``, `,"temperature_2m":[null,null,null]`), "no value now", true},
		{"temperatures in an unknown unit", edit(t, good, `°C`, `°R`), "not a unit that can be converted", false},
		{"hours that are all over", edit(t, good, `1795500000,1795503600,1795507200`, `1795482000,1795485600,1795489200`), "no value now", true},
	})
	upstreamtest.RefusesGarbage(t, decodeOpenMeteoForecast, respond(good, now))
}

// owmForecast has one entry, at 09:00.
func owmForecast(members string) string {
	return `{"cod":"200","list":[{"dt":1795510800,"main":{"temp":20}` + members + `}],"city":{"coord":{"lat":28.65}}}`
}

func TestOpenWeatherForecastMembers(t *testing.T) {
	for name, tt := range map[string]struct{ members, want string }{
		"rain of the three hours before, with its chance and condition": {`,"weather":[{"id":500},{"id":701}],"rain":{"3h":1.25},"pop":0.34`,
			`06,"hours":3,"precipitation":1.25,"precipitation_probability":34,"condition":"rain" 09,"temperature":20`},
		"rain and snow together":             {`,"weather":[{"id":616}],"rain":{"3h":1.5},"snow":{"3h":0.5}`, `06,"hours":3,"precipitation":2,"condition":"sleet" 09,"temperature":20`},
		"a dry sky without an amount as 0":   {`,"weather":[{"id":800}]`, `06,"hours":3,"precipitation":0,"condition":"clear" 09,"temperature":20`},
		"an empty block as none":             {`,"weather":[{"id":800}],"rain":{}`, `06,"hours":3,"precipitation":0,"condition":"clear" 09,"temperature":20`},
		"a wet sky without an amount as it":  {`,"weather":[{"id":500}],"rain":null`, `06,"hours":3,"condition":"rain" 09,"temperature":20`},
		"an amount that cannot be read":      {`,"weather":[{"id":500}],"rain":{"3h":"1"}`, `06,"hours":3,"condition":"rain" 09,"temperature":20`},
		"an amount of one hour as unknown":   {`,"weather":[{"id":500}],"rain":{"1h":1}`, `06,"hours":3,"condition":"rain" 09,"temperature":20`},
		"wind, clouds and humidity then":     {`,"wind":{"speed":3,"deg":90,"gust":5},"clouds":{"all":40}`, `06,"hours":3 09,"temperature":20,"cloud_cover":40,"wind_speed":3,"wind_direction":90,"wind_gust":5`},
		"a chance above 1 as impossible":     {`,"pop":1.2`, `06,"hours":3 09,"temperature":20`},
		"an unknown condition as none":       {`,"weather":[{"id":999}]`, `06,"hours":3 09,"temperature":20`},
		"no probability before there was it": {`,"pop":null`, `06,"hours":3 09,"temperature":20`},
	} {
		t.Run("it reads "+name, func(t *testing.T) {
			got, err := decodeOpenWeatherForecast(respond(owmForecast(tt.members), now))
			if err != nil {
				t.Fatal(err)
			}
			if text := steps(t, got); text != tt.want {
				t.Errorf("steps =\n%s, want\n%s", text, tt.want)
			}
		})
	}
}

func TestOpenWeatherForecastRefusals(t *testing.T) {
	good := owmForecast(``)
	checkRefusals(t, decodeOpenWeatherForecast, []refusal{
		{"no list", `{"cod":"200"}`, "list: missing", false},
		{"a list that is null", `{"cod":"200","list":null}`, "list is null", true},
		{"an empty list", `{"cod":"200","list":[]}`, "no value now", true},
		{"an entry that is none", `{"cod":"200","list":[7]}`, "not a JSON object", false},
		{"an entry without a time", edit(t, good, `"dt":1795510800,`, ``), "dt: missing", false},
		{"a time off the hour", edit(t, good, `1795510800`, `1795510801`), "not a full hour", false},
		{"no temperature and nothing else", edit(t, good, `"temp":20`, `"temp_min":20`), "main.temp: missing", false},
		{"Kelvin", edit(t, good, `"temp":20`, `"temp":293.15`), "293.15 °C is outside", false},
		{"°F where it cannot be °C", edit(t, good, `"temp":20`, `"temp":55`, `28.65`, `60`), "cannot be °C at latitude 60", false},
	})
	if _, err := decodeOpenWeatherForecast(respond(`{"cod":"404","message":""}`, now)); err == nil {
		t.Error("decoded an error with status 200")
	} else {
		wantCode(t, err, upstream.CodeNotFound)
	}
	upstreamtest.RefusesGarbage(t, decodeOpenWeatherForecast, respond(good, now))
}

// MET's forecast comes with its current weather; it ends where the answer cannot be read
// on, and the current weather does not need it.
func TestMETNorwayForecast(t *testing.T) {
	const amount, rain = `,"precipitation_amount":"mm"`, `,"next_1_hours":{"summary":{"symbol_code":"rain"},"details":{"precipitation_amount":1}},"next_6_hours":{"details":{"precipitation_amount":9}}`
	const six = `,"next_6_hours":{"summary":{"symbol_code":"snow"},"details":{"precipitation_amount":2.5}}`
	for name, tt := range map[string]struct {
		body string
		want string
	}{
		"the next hour, not the next six too": {metnoBody([]int{5, 6, 7}, amount, ``, rain),
			`05,"temperature":5.5,"hours":1,"precipitation":1,"condition":"rain" 06,"temperature":6.5,"hours":1,"precipitation":1,"condition":"rain" 07,"temperature":7.5,"hours":1,"precipitation":1,"condition":"rain"`},
		"the next six hours where there is no hour": {metnoBody([]int{6, 12}, amount, ``, six),
			`06,"temperature":6.5,"hours":6,"precipitation":2.5,"condition":"snow" 12,"temperature":12.5,"hours":6,"precipitation":2.5,"condition":"snow"`},
		"entries far ahead":                      {metnoBody([]int{6, 18}, ``, ``, ``), `06,"temperature":6.5 18,"temperature":18.5`},
		"up to a temperature that is impossible": {strings.Replace(metnoBody([]int{6, 7, 8}, ``, ``, ``), `"air_temperature":7.5`, `"air_temperature":300`, 1), `06,"temperature":6.5`},
		"up to a time that is none":              {strings.Replace(metnoBody([]int{6, 7, 8}, ``, ``, ``), `2026-11-24T07`, `2026-11-24 07`, 1), `06,"temperature":6.5`},
		"impossible values as unknown":           {metnoBody([]int{6}, `,"wind_speed":"m/s"`, `,"wind_speed":-1`, ``), `06,"temperature":6.5`},
		"units that are converted":               {metnoBody([]int{6, 7}, `,"wind_speed":"km/h"`, `,"wind_speed":36`, ``), `06,"temperature":6.5,"wind_speed":10 07,"temperature":7.5,"wind_speed":10`},
		"no unit that is unknown":                {metnoBody([]int{6}, `,"wind_speed":"furlongs"`, `,"wind_speed":3`, ``), `06,"temperature":6.5`},
		"the negative zero as zero":              {metnoBody([]int{6}, `,"wind_speed":"m/s"`, `,"wind_speed":-0.0`, ``), `06,"temperature":6.5,"wind_speed":0`},
	} {
		t.Run("it reads "+name, func(t *testing.T) {
			report, err := METNorway().Decode(respond(tt.body, now))
			if err != nil {
				t.Fatal(err)
			}
			if text := steps(t, report.Forecast.Series()); text != tt.want {
				t.Errorf("steps =\n%s, want\n%s", text, tt.want)
			}
		})
	}
}

func TestForecastIsReadFromTheCurrentWeather(t *testing.T) {
	body := metnoBody([]int{6, 7, 8}, ``, ``, ``)
	provider := upstreamtest.NewFake(upstreamtest.Answers(http.StatusOK, body))
	source := upstream.NewSource(upstreamtest.Open(t, "metno", "http://met.test", upstream.Config{Transport: provider}), func() upstream.Spec[Place, *PackedReport] {
		spec := METNorway()
		decode := spec.Decode
		spec.Decode = func(r upstream.Response) (*PackedReport, error) { r.At = now; return decode(r) }
		return spec
	}())
	ahead, q, d := ForecastIn(source), NewPlace(28.65, 77.23), upstream.Directives{}
	if _, done, _ := ahead.Lookup(t.Context(), time.Now(), q, ahead.Key(q), d); done {
		t.Fatal("found before it was asked for")
	}
	fetched := ahead.Fetch(t.Context(), q, ahead.Key(q), d)
	if fetched.State != upstream.Live || len(fetched.Value.Series().Steps) != 3 {
		t.Fatalf("fetched %s: %v", fetched.State, fetched.Err)
	}
	current := source.Ask(t.Context(), q, d)
	again, done, _ := ahead.Lookup(t.Context(), time.Now(), q, ahead.Key(q), d)
	if current.State != upstream.Cached || !done || again.Value != fetched.Value || provider.Sent() != 1 {
		t.Errorf("the current weather is %s, the forecast found: %t; %d requests, want one", current.State, done, provider.Sent())
	}
	provider.Now(upstreamtest.Answers(http.StatusInternalServerError, ""))
	if failed := ahead.Fetch(t.Context(), NewPlace(1, 2), "1,2", d); failed.State != upstream.Failed || failed.Value != nil {
		t.Errorf("after an error it is %s with %v", failed.State, failed.Value)
	}
	if name := ahead.Name(); name != "metno" {
		t.Errorf("name = %s", name)
	}
}

func TestStepsOfASeries(t *testing.T) {
	s := &Series{}
	for _, hour := range []int{6, 9, 7, 6, 12} { // in any order, each once
		s.step(clock(hour, 0)).Hours++
	}
	var got []string
	for _, step := range s.Steps {
		got = append(got, fmt.Sprint(step.At.Hour(), "×", step.Hours))
	}
	if text := strings.Join(got, " "); text != "6×2 7×1 9×1 12×1" {
		t.Errorf("steps = %s", text)
	}
	if s.At(clock(9, 0)) != &s.Steps[2] || s.At(clock(8, 0)) != nil || s.At(clock(13, 0)) != nil {
		t.Error("At does not find the step at a time")
	}
	for _, tt := range []struct{ from, until, first, n int }{{6, 13, 6, 4}, {7, 12, 7, 2}, {8, 9, 0, 0}, {13, 20, 0, 0}, {0, 6, 0, 0}, {9, 7, 0, 0}} {
		some := s.Between(clock(tt.from, 0), clock(tt.until, 0))
		if len(some) != tt.n || tt.n > 0 && some[0].At.Hour() != tt.first {
			t.Errorf("between %d and %d: %d steps, want %d from %d", tt.from, tt.until, len(some), tt.n, tt.first)
		}
	}
}
