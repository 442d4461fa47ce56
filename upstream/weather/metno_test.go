package weather

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"tributary/upstream"
)

func TestMETNorwayRequest(t *testing.T) {
	const want = "/weatherapi/locationforecast/2.0/compact?lat=28.65&lon=77.23"
	if got := requested(t, METNorway(), NewPlace(28.65195, 77.23149)); got != want {
		t.Errorf("request = %s, want %s", got, want)
	}
	if !METNorway().ObeyExpires {
		t.Error("does not obey Expires, which MET's terms demand")
	}
}

// metnoDelhi is the entry of six o'clock in testdata/metno.json, read by hand.
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

// metnoBody is a forecast in MET's shape of one entry an hour from the given
// one on; detail is appended to the instant details of each.
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
		{"what complete has more", metnoBody(six, `,"dew_point_temperature":"celsius","wind_speed_of_gust":"m/s"`, `,"dew_point_temperature":-1.5,"wind_speed_of_gust":12.5`, ``),
			Report{DewPoint: new(-1.5), WindGust: new(12.5), Condition: Unknown}},
		{"units it never sent yet", metnoBody(six, `,"wind_speed":"km/h","air_pressure_at_sea_level":"Pa"`, `,"wind_speed":36,"air_pressure_at_sea_level":99950`, ``),
			Report{WindSpeed: new(10.0), Pressure: new(999.5), Condition: Unknown}},
		{"the next hour before later ones", metnoBody(six, `,"precipitation_amount":"mm"`, ``,
			`,"next_1_hours":{"summary":{"symbol_code":"lightssnowshowersandthunder_night"},"details":{"precipitation_amount":0.4}},"next_6_hours":{"summary":{"symbol_code":"rain"},"details":{"precipitation_amount":9}}`),
			Report{PrecipitationNextHour: new(0.4), Condition: Thunderstorm, IsDay: new(false)}},
		{"the next six hours, but not their light or their rain", metnoBody(six, `,"precipitation_amount":"mm"`, ``,
			`,"next_6_hours":{"summary":{"symbol_code":"fair_night"},"details":{"precipitation_amount":9}},"next_12_hours":{"summary":{"symbol_code":"cloudy"},"details":{}}`),
			Report{Condition: MostlyClear}},
		{"the next twelve hours", metnoBody(six, ``, ``, `,"next_12_hours":{"summary":{"symbol_code":"heavysnow"},"details":{}}`), Report{Condition: Snow}},
		{"the polar twilight", metnoBody(six, ``, ``, `,"next_1_hours":{"summary":{"symbol_code":"clearsky_polartwilight"},"details":{}}`), Report{Condition: Clear}},
		{"null for what is not known", metnoBody(six, ``, `,"wind_speed":null`, `,"next_1_hours":null`), Report{Condition: Unknown}},
		{"a symbol of later years", metnoBody(six, ``, ``, `,"next_1_hours":{"summary":{"symbol_code":"frogs_day"},"details":{}}`), Report{Condition: Unknown, IsDay: new(true)}},
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

func TestMETNorwayReadsAForecastThatBeginsInAMoment(t *testing.T) {
	body := metnoBody([]int{7, 8, 14}, ``, ``, ``)
	got, err := decodeMETNorway(respond(body, clock(6, 45)))
	if err != nil {
		t.Fatal(err)
	}
	if at := got.ObservedAt; !at.Equal(clock(7, 0)) || got.Next == nil || got.Next.Next != nil {
		t.Errorf("begins at %v and has %s, want seven o'clock, eight and no more", at, asJSON(t, got))
	}
	_, err = decodeMETNorway(respond(body, clock(6, 44)))
	wantError(t, err, "observed_at: more than 15 minutes ahead of the clock")
}

func TestMETNorwayRefuses(t *testing.T) {
	good := metnoBody([]int{6, 7}, ``, ``, ``)
	refusesGarbage(t, decodeMETNorway, good)
	for _, tt := range []struct {
		name, body, want string
	}{
		{"an empty series", metnoBody(nil, ``, ``, ``), "timeseries: missing or empty"},
		{"no series", `{"type":"Feature"}`, "timeseries: missing or empty"},
		{"a series of another kind", `{"properties":{"timeseries":{}}}`, "properties.timeseries: a JSON object that cannot be read"},
		{"a series out of order", metnoBody([]int{6, 5}, ``, ``, ``), "timeseries: not in the order of time"},
		{"an hour twice", metnoBody([]int{6, 6}, ``, ``, ``), "timeseries: not in the order of time"},
		{"a series of the past", metnoBody([]int{1, 2, 3}, ``, ``, ``), "observed_at: more than 3 hours old"},
		{"no time", edit(t, good, `"time":"2026-11-24T06:00:00Z",`, ``), "time: not an RFC 3339 time"},
		{"a time without its zone", edit(t, good, `06:00:00Z`, `06:00:00`), "time: not an RFC 3339 time"},
		{"no temperature", edit(t, good, `"air_temperature":6.5`, ``), "temperature: missing"},
		{"no temperature in a later entry", edit(t, good, `"air_temperature":7.5`, ``), "temperature: missing"},
		{"no data", edit(t, good, `"data":{"instant":{"details":{"air_temperature":6.5}}}`, `"data":null`), "data: body: not a JSON object"},
		{"data left out", edit(t, good, `,"data":{"instant":{"details":{"air_temperature":6.5}}}`, ``), "data: body: empty"},
		{"text for a number", edit(t, good, `6.5`, `"6.5"`), "data: instant.details.air_temperature: a JSON string that cannot be read"},
		{"a number out of range", edit(t, good, `6.5`, `-1e400`), "data: instant.details.air_temperature: a JSON number that cannot be read"},
		{"an unknown unit", edit(t, good, `"celsius"`, `"rankine"`), `air_temperature: "rankine" is not a unit`},
		{"no units", edit(t, good, `"units":{"air_temperature":"celsius"}`, `"units":{}`), `air_temperature: "" is not a unit`},
		{"Kelvin under another name", edit(t, good, `6.5`, `279.6`), "temperature: 279.6 °C is outside"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := decodeMETNorway(respond(tt.body, now))
			wantError(t, err, tt.want)
		})
	}
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

func TestMETNorwayIsRenewableWhileItsSeriesSpeaksOfNow(t *testing.T) {
	report, err := decodeMETNorway(respond(testdata(t, "metno.json"), now)) // six to eleven o'clock
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
		if got := METNorway().Renewable(report, tt.now); got != tt.want {
			t.Errorf("renewable at %v = %v, want %v", tt.now, got, tt.want)
		}
	}
}
