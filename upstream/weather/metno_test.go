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

func TestMETNorwayRequest(t *testing.T) {
	const want = "/weatherapi/locationforecast/2.0/compact?lat=28.65&lon=77.23"
	if got := upstreamtest.Requested(t, METNorway(), NewPlace(28.65195, 77.23149)); got != want {
		t.Errorf("request = %s, want %s", got, want)
	}
	spec := METNorway()
	if !spec.ObeyExpires {
		t.Error("does not obey Expires, as MET's terms require")
	}
	if spec.Forbidden != upstream.ThisUpstream || spec.MinFresh != 30*time.Second {
		t.Errorf("a 403 is about %v, requests at least %s apart; want the whole upstream, 30 s", spec.Forbidden, spec.MinFresh)
	}
}

// metnoDelhi is the entry for six o'clock of testdata/metno.json, converted by hand.
func metnoDelhi() Report {
	return Report{
		ObservedAt: clock(6, 0), Temperature: new(23.6), Humidity: new(49.2), Pressure: new(1014.0),
		WindSpeed: new(2.3), WindDirection: new(290.4), CloudCover: new(43.8), PrecipitationNextHour: new(0.1),
		Condition: PartlyCloudy, IsDay: new(true),
	}
}

func TestMETNorwayReadsTheEntryOfNow(t *testing.T) {
	got, err := decodeMETNorway(respond(testdata(t, "metno.json"), now))
	if err != nil {
		t.Fatal(err)
	}
	want := metnoDelhi()
	sameReport(t, got, &want)
	sameReport(t, got.At(clock(9, 59)), &Report{
		ObservedAt: clock(9, 0), Temperature: new(26.1), Humidity: new(40.8), Pressure: new(1011.5),
		WindSpeed: new(2.9), WindDirection: new(305.7), CloudCover: new(75.0), PrecipitationNextHour: new(0.6),
		Condition: RainShowers, IsDay: new(true),
	})
	onTheHour, err := decodeMETNorway(respond(testdata(t, "metno.json"), clock(7, 0)))
	if err != nil {
		t.Fatal(err)
	}
	if !onTheHour.ObservedAt.Equal(clock(7, 0)) {
		t.Errorf("entry at seven o'clock = %v, want that of seven", onTheHour.ObservedAt)
	}
	var hours []int
	for r := got; r != nil; r = r.Next {
		hours = append(hours, r.ObservedAt.Hour())
	}
	if got, want := fmt.Sprint(hours), "[6 7 8 9 10 11]"; got != want {
		t.Errorf("hours kept = %s, want %s", got, want)
	}
}

// metnoBody is a forecast in MET's format with an entry for each of hours; detail is
// appended to the instant details of each.
func metnoBody(hours []int, units, detail, periods string) string {
	var series []string
	for _, h := range hours {
		series = append(series, fmt.Sprintf(`{"time":"2026-11-24T%02d:00:00Z","data":{"instant":{"details":{"air_temperature":%d.5%s}}%s}}`, h, h, detail, periods))
	}
	return fmt.Sprintf(`{"type":"Feature","geometry":{"type":"Point","coordinates":[77.23,28.65,216]},"properties":{"meta":{"updated_at":"2026-11-24T04:31:12Z","units":{"air_temperature":"celsius"%s}},"timeseries":[%s]}}`,
		units, strings.Join(series, ","))
}

func TestMETNorwayReads(t *testing.T) {
	six := []int{6}
	for _, tt := range []struct {
		name string
		body string
		want Report
	}{
		{"an entry with a temperature only", metnoBody(six, ``, ``, ``), Report{Condition: Unknown}},
		{"fields of the complete format", metnoBody(six, `,"dew_point_temperature":"celsius","wind_speed_of_gust":"m/s"`, `,"dew_point_temperature":-1.5,"wind_speed_of_gust":12.5`, ``),
			Report{DewPoint: new(-1.5), WindGust: new(12.5), Condition: Unknown}},
		{"convertible units that MET has not used so far", metnoBody(six, `,"wind_speed":"km/h","air_pressure_at_sea_level":"Pa"`, `,"wind_speed":36,"air_pressure_at_sea_level":99950`, ``),
			Report{WindSpeed: new(10.0), Pressure: new(999.5), Condition: Unknown}},
		{"the next hour before later ones", metnoBody(six, `,"precipitation_amount":"mm"`, ``,
			`,"next_1_hours":{"summary":{"symbol_code":"lightssnowshowersandthunder_night"},"details":{"precipitation_amount":0.4}},"next_6_hours":{"summary":{"symbol_code":"rain"},"details":{"precipitation_amount":9}}`),
			Report{PrecipitationNextHour: new(0.4), Condition: Thunderstorm, IsDay: new(false)}},
		{"the symbol of the next six hours, but not their daylight or rain", metnoBody(six, `,"precipitation_amount":"mm"`, ``,
			`,"next_6_hours":{"summary":{"symbol_code":"fair_night"},"details":{"precipitation_amount":9}},"next_12_hours":{"summary":{"symbol_code":"cloudy"},"details":{}}`),
			Report{Condition: MostlyClear}},
		{"the next twelve hours", metnoBody(six, ``, ``, `,"next_12_hours":{"summary":{"symbol_code":"heavysnow"},"details":{}}`), Report{Condition: Snow}},
		{"the polar twilight", metnoBody(six, ``, ``, `,"next_1_hours":{"summary":{"symbol_code":"clearsky_polartwilight"},"details":{}}`), Report{Condition: Clear}},
		{"null for what is not known", metnoBody(six, ``, `,"wind_speed":null`, `,"next_1_hours":null`), Report{Condition: Unknown}},
		{"an unknown symbol", metnoBody(six, ``, ``, `,"next_1_hours":{"summary":{"symbol_code":"frogs_day"},"details":{}}`), Report{Condition: Unknown, IsDay: new(true)}},
		{"text for a number", metnoBody(six, `,"wind_speed":"m/s","relative_humidity":"%"`, `,"wind_speed":"n/a","relative_humidity":50`, ``),
			Report{Humidity: new(50.0), Condition: Unknown}},
		{"an object and a number out of range for numbers", metnoBody(six, `,"wind_speed":"m/s","relative_humidity":"%"`, `,"wind_speed":{"value":3},"relative_humidity":1e400`, ``),
			Report{Condition: Unknown}},
		{"values that physics does not allow", metnoBody(six, `,"precipitation_amount":"mm","wind_speed":"m/s","cloud_area_fraction":"%","relative_humidity":"%"`,
			`,"wind_speed":-1,"cloud_area_fraction":102.3,"relative_humidity":-1`, `,"next_1_hours":{"details":{"precipitation_amount":-0.1}}`),
			Report{CloudCover: new(100.0), Condition: Unknown}},
		{"a unit that it does not know", metnoBody(six, `,"wind_speed":"furlongs","relative_humidity":"%"`, `,"wind_speed":3,"relative_humidity":50`, ``),
			Report{Humidity: new(50.0), Condition: Unknown}},
		{"no unit", metnoBody(six, `,"relative_humidity":"%"`, `,"wind_speed":3,"relative_humidity":50`, ``),
			Report{Humidity: new(50.0), Condition: Unknown}},
		{"a unit that is not text", metnoBody(six, `,"wind_speed":7,"relative_humidity":"%"`, `,"wind_speed":3,"relative_humidity":50`, ``),
			Report{Humidity: new(50.0), Condition: Unknown}},
		{"periods of another shape", metnoBody(six, ``, ``, `,"next_1_hours":[],"next_6_hours":{"summary":"rain"},"next_12_hours":{"summary":{"symbol_code":"fog"}}`),
			Report{Condition: Fog}},
		{"a symbol that is not text", metnoBody(six, ``, ``, `,"next_1_hours":{"summary":{"symbol_code":3}}`), Report{Condition: Unknown}},
		{"names in exact case only", metnoBody(six, `,"wind_speed":"m/s"`, `,"wind_speed":3,"Wind_Speed":30,"AIR_TEMPERATURE":30`, ``),
			Report{WindSpeed: new(3.0), Condition: Unknown}},
		{"a forecast that ends now", metnoBody([]int{4, 5, 6}, ``, ``, ``), Report{Condition: Unknown}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := decodeMETNorway(respond(tt.body, now))
			if err != nil {
				t.Fatal(err)
			}
			tt.want.ObservedAt, tt.want.Temperature = clock(6, 0), new(6.5)
			sameReport(t, got, &tt.want)
		})
	}
}

func TestMETNorwayReadsAForecastThatBeginsSoon(t *testing.T) {
	body := metnoBody([]int{7, 8, 14}, ``, ``, ``)
	got, err := decodeMETNorway(respond(body, clock(6, 45)))
	if err != nil {
		t.Fatal(err)
	}
	if at := got.ObservedAt; !at.Equal(clock(7, 0)) || got.Next == nil || got.Next.Next != nil {
		t.Errorf("begins at %v and has %s, want seven o'clock, eight and no more", at, asJSON(t, got))
	}
	_, err = decodeMETNorway(respond(body, clock(6, 44)))
	wantNoData(t, err, "more than 15 minutes in the future")
}

func TestMETNorwayEndsTheSeriesBeforeAnEntryItCannotRead(t *testing.T) {
	entry := func(time, data string) string { return fmt.Sprintf(`{"time":%s,"data":%s}`, time, data) }
	const good = `{"instant":{"details":{"air_temperature":9.5}}}`
	hour := func(h int) string { return fmt.Sprintf(`"2026-11-24T%02d:00:00Z"`, h) }
	for _, tt := range []struct {
		name string
		bad  func(h int) string
	}{
		{"no temperature", func(h int) string { return entry(hour(h), `{"instant":{"details":{}}}`) }},
		{"null for a temperature", func(h int) string { return entry(hour(h), `{"instant":{"details":{"air_temperature":null}}}`) }},
		{"text for a temperature", func(h int) string { return entry(hour(h), `{"instant":{"details":{"air_temperature":"9.5"}}}`) }},
		{"a temperature out of range", func(h int) string { return entry(hour(h), `{"instant":{"details":{"air_temperature":282.6}}}`) }},
		{"no details", func(h int) string { return entry(hour(h), `{"instant":{}}`) }},
		{"no data", func(h int) string { return `{"time":` + hour(h) + `}` }},
		{"an array for data", func(h int) string { return entry(hour(h), `[]`) }},
		{"a number for an entry", func(int) string { return `7` }},
		{"null for an entry", func(int) string { return `null` }},
		{"an array for an entry", func(int) string { return `["2026-11-24T08:00:00Z"]` }},
		{"no time", func(int) string { return `{"data":` + good + `}` }},
		{"a time without its zone", func(h int) string { return entry(fmt.Sprintf(`"2026-11-24T%02d:00:00"`, h), good) }},
		{"a number for a time", func(int) string { return entry(`1795503600`, good) }},
		{"a time before the last one", func(h int) string { return entry(hour(h-3), good) }},
		{"the same time again", func(h int) string { return entry(hour(h-1), good) }},
	} {
		for bad, want := range map[int]string{7: "[6]", 8: "[6 7]", 9: "[6 7 8]"} {
			t.Run(fmt.Sprintf("%s at %d o'clock", tt.name, bad), func(t *testing.T) {
				var series []string
				for h := 5; h <= 10; h++ {
					if h == bad {
						series = append(series, tt.bad(h))
					} else {
						series = append(series, entry(hour(h), good))
					}
				}
				body := `{"properties":{"meta":{"units":{"air_temperature":"celsius"}},"timeseries":[` + strings.Join(series, ",") + `]}}`
				got, err := decodeMETNorway(respond(body, now))
				if err != nil {
					t.Fatal(err)
				}
				var hours []int
				for r := got; r != nil; r = r.Next {
					hours = append(hours, r.ObservedAt.Hour())
				}
				if got := fmt.Sprint(hours); got != want {
					t.Errorf("hours kept = %s, want %s", got, want)
				}
			})
		}
		t.Run(tt.name+" in the past", func(t *testing.T) {
			series := []string{entry(hour(4), good), tt.bad(5), entry(hour(6), good), entry(hour(7), good)}
			body := `{"properties":{"meta":{"units":{"air_temperature":"celsius"}},"timeseries":[` + strings.Join(series, ",") + `]}}`
			got, err := decodeMETNorway(respond(body, now))
			if err != nil || got.ObservedAt.Hour() != 6 || got.Next == nil {
				t.Errorf("got %s, %v; want six and seven o'clock", asJSON(t, got), err)
			}
		})
		if tt.name == "a time before the last one" || tt.name == "the same time again" { // the first entry cannot be out of order
			continue
		}
		t.Run(tt.name+" now", func(t *testing.T) {
			body := `{"properties":{"meta":{"units":{"air_temperature":"celsius"}},"timeseries":[` + tt.bad(6) + `,` + entry(hour(7), good) + `]}}`
			if got, err := decodeMETNorway(respond(body, now)); err == nil {
				t.Errorf("got %s, want an error", asJSON(t, got))
			}
		})
	}
}

func TestMETNorwayRefuses(t *testing.T) {
	good := metnoBody([]int{6, 7}, ``, ``, ``)
	upstreamtest.RefusesGarbage(t, decodeMETNorway, respond(good, now), "[]")
	checkRefusals(t, decodeMETNorway, []refusal{
		{"an empty series", metnoBody(nil, ``, ``, ``), "the time series is empty", true},
		{"null for a series", `{"properties":{"timeseries":null}}`, "properties.timeseries is null", true},
		{"no series", `{"type":"Feature"}`, "properties.timeseries: missing", false},
		{"a series of another kind", `{"properties":{"timeseries":{}}}`, "properties.timeseries: a JSON object that cannot be read", false},
		{"properties of another kind", `{"properties":[]}`, "properties: a JSON array that cannot be read", false},
		{"a series that has ended", metnoBody([]int{1, 2, 3}, ``, ``, ``), "the observation is more than 3 hours old", true},
		{"no time", edit(t, good, `"time":"2026-11-24T06:00:00Z",`, ``), "the time of an entry is not an RFC 3339 time", false},
		{"a time without its zone", edit(t, good, `06:00:00Z`, `06:00:00`), "the time of an entry is not an RFC 3339 time", false},
		{"no temperature", edit(t, good, `"air_temperature":6.5`, ``), "the entry for now has no air_temperature", true},
		{"null for a temperature", edit(t, good, `6.5`, `null`), "the entry for now has no air_temperature", true},
		{"no data", edit(t, good, `"data":{"instant":{"details":{"air_temperature":6.5}}}`, `"data":null`), "data: body: not a JSON object", false},
		{"data left out", edit(t, good, `,"data":{"instant":{"details":{"air_temperature":6.5}}}`, ``), "data: body: empty", false},
		{"no details", edit(t, good, `"details":{"air_temperature":6.5}`, `"x":1`), "instant.details: missing", false},
		{"text for a number", edit(t, good, `6.5`, `"6.5"`), "air_temperature: a JSON string that cannot be read", false},
		{"a number out of range", edit(t, good, `6.5`, `-1e400`), "air_temperature: a JSON number that cannot be read", false},
		{"an unknown unit", edit(t, good, `"celsius"`, `"rankine"`), `air_temperature: "rankine" is not a unit`, false},
		{"no units", edit(t, good, `"units":{"air_temperature":"celsius"}`, `"units":{}`), `air_temperature: "" is not a unit`, false},
		{"an array for units", edit(t, good, `"units":{"air_temperature":"celsius"}`, `"units":[]`), `air_temperature: "" is not a unit`, false},
		{"Kelvin under another name", edit(t, good, `6.5`, `279.6`), "temperature: 279.6 °C is outside", false},
		{"another century", edit(t, good, `2026-11-24T06`, `1970-01-01T06`, `2026-11-24T07`, `1970-01-01T07`), "observed_at: before the year 2000", false},
	})
}

func TestMETNorwayRefusal(t *testing.T) {
	refusal := METNorway().Refusal
	got := refusal(upstream.Response{Status: http.StatusUnprocessableEntity, Body: []byte(`<html>outside</html>`)})
	if want := (upstream.Error{Code: upstream.CodeNotFound, Detail: "does not cover this location", Status: 422}); got == nil || *got != want {
		t.Errorf("refusal of a 422 = %+v, want %+v", got, want)
	}
	for _, status := range []int{400, 403, 404, 429, 500} {
		if got := refusal(upstream.Response{Status: status}); got != nil {
			t.Errorf("refusal of a %d = %+v, want it left to the status", status, got)
		}
	}
}

func TestMETNorwayIsRenewableWhileItHasACurrentEntry(t *testing.T) {
	report, err := decodeMETNorway(respond(testdata(t, "metno.json"), now)) // entries from six to eleven o'clock
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		now  time.Time
		want bool
	}{
		{clock(6, 20), true},
		{clock(10, 59), true},
		{clock(12, 30), true},
		{clock(12, 31), false},
	} {
		if got := METNorway().Renewable(report.Pack(), tt.now); got != tt.want {
			t.Errorf("renewable at %v = %v, want %v", tt.now, got, tt.want)
		}
	}
}
