package weather

import (
	"bytes"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"tributary/upstream"
)

// plainAnswer is MET's answer as json.Unmarshal decodes it: what the stream must read too.
type plainAnswer struct {
	Properties object[struct {
		Meta object[struct {
			Units object[units] `json:"units"`
		}] `json:"meta"`
		Timeseries array `json:"timeseries"`
	}] `json:"properties"`
}

type plainEntry struct {
	Time text           `json:"time"`
	Data jsontext.Value `json:"data"`
}

type plainData struct {
	Instant object[struct {
		Details object[struct {
			AirPressureAtSeaLevel number `json:"air_pressure_at_sea_level"`
			AirTemperature        number `json:"air_temperature"`
			CloudAreaFraction     number `json:"cloud_area_fraction"`
			DewPointTemperature   number `json:"dew_point_temperature"`
			RelativeHumidity      number `json:"relative_humidity"`
			WindFromDirection     number `json:"wind_from_direction"`
			WindSpeed             number `json:"wind_speed"`
			WindSpeedOfGust       number `json:"wind_speed_of_gust"`
		}] `json:"details"`
	}] `json:"instant"`
	Next1Hours  object[plainPeriod] `json:"next_1_hours"`
	Next6Hours  object[plainPeriod] `json:"next_6_hours"`
	Next12Hours object[plainPeriod] `json:"next_12_hours"`
}

type plainPeriod struct {
	Summary object[struct {
		SymbolCode text `json:"symbol_code"`
	}] `json:"summary"`
	Details object[struct {
		PrecipitationAmount number `json:"precipitation_amount"`
	}] `json:"details"`
}

func (p *plainPeriod) streamed() metnoPeriod {
	s := metnoPeriod{precipitationAmount: p.Details.Value.PrecipitationAmount}
	if code := string(p.Summary.Value.SymbolCode); code != "" {
		s.hasSymbol = true
		s.condition, s.isDay = metnoCondition(code)
	}
	return s
}

func (e *plainEntry) streamed() metnoEntry {
	at, err := time.Parse(time.RFC3339, string(e.Time))
	s := metnoEntry{at: at.UTC(), untimed: err != nil}
	if len(e.Data) == 0 {
		return s
	}
	s.kind = e.Data.Kind()
	var data plainData
	if upstream.DecodeJSON(e.Data, '{', &data) != nil {
		return s
	}
	details := data.Instant.Value.Details
	d := details.Value
	s.instant = metnoInstant{
		details.Kind, d.AirPressureAtSeaLevel, d.AirTemperature, d.CloudAreaFraction, d.DewPointTemperature,
		d.RelativeHumidity, d.WindFromDirection, d.WindSpeed, d.WindSpeedOfGust,
	}
	s.next1Hours, s.next6Hours, s.next12Hours = data.Next1Hours.Value.streamed(), data.Next6Hours.Value.streamed(), data.Next12Hours.Value.streamed()
	return s
}

// checkStream compares what the stream reads with what json.Unmarshal reads.
func checkStream(t *testing.T, body []byte) {
	t.Helper()
	got := metnoAnswer{series: metnoSeries{now: now}}
	var plain plainAnswer
	err, plainErr := upstream.DecodeJSON(body, '{', &got), upstream.DecodeJSON(body, '{', &plain)
	if err != nil || plainErr != nil {
		if err == nil || plainErr == nil || err.Error() != plainErr.Error() {
			t.Errorf("error = %v, want %v", err, plainErr)
		}
		return
	}
	properties := &plain.Properties.Value
	want := metnoAnswer{properties: plain.Properties.Kind, units: properties.Meta.Value.Units}
	want.series = metnoSeries{now: now, kind: properties.Timeseries.kind}
	s := &want.series
	for _, raw := range properties.Timeseries.all {
		if s.over {
			break
		}
		var e object[plainEntry]
		if err := json.Unmarshal(raw, &e, jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)); err != nil {
			t.Fatal(err)
		}
		s.all = append(s.all, e.Value.streamed())
		if last := len(s.all) - 1; !s.accepts(&s.all[last]) {
			s.all = s.all[:last]
		}
	}
	if len(s.all) == 0 && len(got.series.all) == 0 {
		s.all, got.series.all = nil, nil
	}
	defer got.series.reuse()
	s.rows = got.series.rows
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%.300s\nread as %+v\nwant    %+v", body, got, want)
	}
}

// oddMETNorway are answers that MET does not send, and that can be read nevertheless.
func oddMETNorway() map[string]string {
	const (
		meta   = `"meta":{"units":{"air_temperature":"celsius","wind_speed":"m/s"}}`
		data   = `"data":{"instant":{"details":{"air_temperature":6.5,"wind_speed":3}}}`
		time   = `"time":"2026-11-24T06:00:00Z"`
		series = `"timeseries":[{` + time + `,` + data + `}]`
	)
	return map[string]string{
		"units after the series":      `{"properties":{` + series + `,` + meta + `}}`,
		"the time after the data":     `{"properties":{` + meta + `,"timeseries":[{` + data + `,` + time + `}]}}`,
		"an escaped name":             `{"prop\u0065rties":{` + meta + `,"timeseries":[{"t\u0069me":"2026-11-24T06:00:00\u005a",` + data + `}]}}`,
		"members twice":               `{"properties":7,"properties":{` + meta + `,"timeseries":[],"timeseries":[{"time":7,` + time + `,"data":{"instant":{"details":{"wind_speed":9}}},` + data + `}]}}`,
		"a period twice":              `{"properties":{` + meta + `,"timeseries":[{` + time + `,"data":{"instant":{"details":{"wind_speed":1},"details":{"air_temperature":6.5,"wind_speed":3}},"next_1_hours":{"summary":{"symbol_code":"fog"}},"next_1_hours":{}}}]}}`,
		"invalid UTF-8":               "{\"properties\":{\"\xff\":\"\xff\"," + meta + `,"timeseries":[{` + time + ",\"\xff\":1," + data + `}]}}`,
		"members of no use":           `{"type":"Feature","properties":{"x":[{}],` + meta + `,"timeseries":[{"x":{"y":[1]},` + time + `,` + data + `,"z":null}],"x":1},"properties_":{}}`,
		"an entry that is not in use": `{"properties":{` + meta + `,"timeseries":[{` + time + `,` + data + `},{},{"time":"2026-11-24T07:00:00Z","data":7},{"time":"2026-11-24T08:00:00Z"}]}}`,
	}
}

func TestMETNorwayStreamReadsWhatUnmarshalReads(t *testing.T) {
	for name, body := range oddMETNorway() {
		t.Run(name, func(t *testing.T) {
			checkStream(t, []byte(body))
			got, err := decodeMETNorway(respond(body, now))
			if err != nil {
				t.Fatal(err)
			}
			sameReport(t, got, &Report{ObservedAt: clock(6, 0), Temperature: new(6.5), WindSpeed: new(3.0), Condition: Unknown})
		})
	}
	for _, name := range []string{"metno.json", "recorded/met-norway/compact-newyork.json", "recorded/met-norway/complete-london.json"} {
		t.Run(name, func(t *testing.T) {
			body := testdata(t, name)
			checkStream(t, []byte(body))
			for n := 0; n < len(body); n += 97 {
				checkStream(t, []byte(body[:n]))                                         // cut off
				checkStream(t, []byte(body[:n]+strings.ToUpper(body[n:])))               // other names
				checkStream(t, bytes.ReplaceAll([]byte(body), []byte(body[n:n+1]), nil)) // a character left out
			}
		})
	}
}

func TestMETNorwayKeepsNoRowOfItsStream(t *testing.T) {
	first, err := METNorway().Decode(respond(testdata(t, "metno.json"), now))
	if err != nil {
		t.Fatal(err)
	}
	report, steps := asJSON(t, first), asJSON(t, first.Forecast.Series())
	for range 3 { // of which one has the same rows
		if _, err := METNorway().Decode(respond(metnoBody([]int{6, 7, 8, 9, 10, 11, 12}, ``, ``, ``), now)); err != nil {
			t.Fatal(err)
		}
	}
	if got := asJSON(t, first); got != report {
		t.Errorf("the report has become %s", got)
	}
	if got := asJSON(t, first.Forecast.Series()); got != steps {
		t.Errorf("the forecast has become %s", got)
	}
	unpacked, err := decodeMETNorway(respond(metnoBody([]int{6, 7}, ``, ``, ``), now))
	if err != nil {
		t.Fatal(err)
	}
	before := asJSON(t, unpacked)
	if _, err := decodeMETNorway(respond(metnoBody([]int{4, 5, 6}, `,"wind_speed":"m/s"`, `,"wind_speed":3`, ``), now)); err != nil {
		t.Fatal(err)
	}
	if got := asJSON(t, unpacked); got != before {
		t.Errorf("the report has become %s, want %s", got, before)
	}
}
