package sim_test

import (
	"math"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"tributary/upstream/sim"
)

const allVariables = "temperature_2m,relative_humidity_2m,apparent_temperature,dew_point_2m,is_day,precipitation,rain,showers," +
	"snowfall,weather_code,cloud_cover,pressure_msl,surface_pressure,wind_speed_10m,wind_direction_10m,wind_gusts_10m,visibility"

type openMeteoBody struct {
	Latitude             float64
	Longitude            float64
	UTCOffsetSeconds     int    `json:"utc_offset_seconds"`
	Timezone             string `json:"timezone"`
	TimezoneAbbreviation string `json:"timezone_abbreviation"`
	Elevation            *float64
	GenerationTimeMS     *float64          `json:"generationtime_ms"`
	CurrentUnits         map[string]string `json:"current_units"`
	Current              map[string]any
}

func forecast(t *testing.T, s *sim.Simulator, query string) openMeteoBody {
	t.Helper()
	got := get(t, s.URL(sim.OpenMeteo)+"/v1/forecast?"+query)
	if got.status != http.StatusOK {
		t.Fatalf("%s: status = %d: %s", query, got.status, got.body)
	}
	if got.header.Get("Cache-Control") != "" || got.header.Get("ETag") != "" {
		t.Errorf("it has cache headers, which the provider has not: %v", got.header)
	}
	return decode[openMeteoBody](t, got)
}

func TestOpenMeteoCurrent(t *testing.T) {
	s := start(t, sim.Config{})
	got := forecast(t, s, "latitude=44.4323&longitude=26.1063&current="+allVariables)
	if got.Latitude != 44.4375 || got.Longitude != 26.125 {
		t.Errorf("cell = %v, %v, want 44.4375, 26.125", got.Latitude, got.Longitude)
	}
	if got.Timezone != "GMT" || got.TimezoneAbbreviation != "GMT" || got.UTCOffsetSeconds != 0 {
		t.Errorf("zone = %q %q %d, want GMT", got.Timezone, got.TimezoneAbbreviation, got.UTCOffsetSeconds)
	}
	if got.Elevation == nil || got.GenerationTimeMS == nil {
		t.Error("no elevation or generation time")
	}
	if got.Current["time"] != "2026-11-24T12:30" || got.Current["interval"] != 900.0 {
		t.Errorf("time = %v, interval = %v, want the last quarter, 900", got.Current["time"], got.Current["interval"])
	}
	want := map[string]string{
		"time": "iso8601", "interval": "seconds", "temperature_2m": "°C", "relative_humidity_2m": "%", "is_day": "",
		"precipitation": "mm", "snowfall": "cm", "weather_code": "wmo code", "pressure_msl": "hPa",
		"wind_speed_10m": "km/h", "wind_direction_10m": "°", "visibility": "m",
	}
	for name, unit := range want {
		if got.CurrentUnits[name] != unit {
			t.Errorf("unit of %s = %q, want %q", name, got.CurrentUnits[name], unit)
		}
	}
	for name := range strings.SplitSeq(allVariables, ",") {
		if _, ok := got.Current[name].(float64); !ok {
			t.Errorf("%s = %v, want a number", name, got.Current[name])
		}
	}
}

func TestOpenMeteoGivesOnlyWhatIsAskedFor(t *testing.T) {
	s := start(t, sim.Config{})
	if got := forecast(t, s, "latitude=1&longitude=2"); got.Current != nil || got.CurrentUnits != nil {
		t.Errorf("current = %v, want no block", got.Current)
	}
	if got := forecast(t, s, "latitude=1&longitude=2&current=rain&current=is_day"); len(got.Current) != 4 {
		t.Errorf("current = %v, want time, interval, rain, is_day", got.Current)
	}
}

func TestOpenMeteoUnits(t *testing.T) {
	s := start(t, sim.Config{})
	const question = "latitude=48.14&longitude=11.58&current=temperature_2m,wind_speed_10m,visibility"
	kmh := forecast(t, s, question)
	for _, tt := range []struct {
		query, variable, unit string
		convert               func(float64) float64
	}{
		{"wind_speed_unit=ms", "wind_speed_10m", "m/s", func(v float64) float64 { return v / 3.6 }},
		{"wind_speed_unit=mph", "wind_speed_10m", "mp/h", func(v float64) float64 { return v / 1.609344 }},
		{"wind_speed_unit=kn", "wind_speed_10m", "kn", func(v float64) float64 { return v / 1.852 }},
		{"temperature_unit=fahrenheit", "temperature_2m", "°F", func(v float64) float64 { return v*1.8 + 32 }},
		{"precipitation_unit=inch", "visibility", "ft", func(v float64) float64 { return v / 0.3048 }},
	} {
		got := forecast(t, s, question+"&"+tt.query)
		if got.CurrentUnits[tt.variable] != tt.unit {
			t.Errorf("%s: unit = %q, want %q", tt.query, got.CurrentUnits[tt.variable], tt.unit)
		}
		want := tt.convert(kmh.Current[tt.variable].(float64))
		if v := got.Current[tt.variable].(float64); math.Abs(v-want) > 0.0001*want+0.11 {
			t.Errorf("%s: %s = %v, want %v", tt.query, tt.variable, v, want)
		}
	}
}

func TestOpenMeteoTimes(t *testing.T) {
	s := start(t, sim.Config{})
	for _, tt := range []struct {
		query        string
		time         any
		zone, abbrev string
		offset       int
	}{
		{"timezone=Australia/Darwin", "2026-11-24T22:00", "Australia/Darwin", "GMT+9:30", 34200},
		{"timezone=America/New_York", "2026-11-24T07:30", "America/New_York", "GMT-5", -18000},
		{"timezone=auto", "2026-11-24T22:00", "Australia/Darwin", "GMT+9:30", 34200},
		{"timezone=GMT", "2026-11-24T12:30", "GMT", "GMT", 0},
		{"timeformat=unixtime&timezone=auto", float64(noon.Truncate(15 * time.Minute).Unix()), "Australia/Darwin", "GMT+9:30", 34200},
	} {
		got := forecast(t, s, "latitude=-12.46113&longitude=130.84184&current=is_day&"+tt.query)
		if got.Current["time"] != tt.time || got.Timezone != tt.zone || got.TimezoneAbbreviation != tt.abbrev || got.UTCOffsetSeconds != tt.offset {
			t.Errorf("%s: %v %q %q %d, want %v %q %q %d", tt.query,
				got.Current["time"], got.Timezone, got.TimezoneAbbreviation, got.UTCOffsetSeconds, tt.time, tt.zone, tt.abbrev, tt.offset)
		}
	}
	if got := forecast(t, s, "latitude=0&longitude=-140&timezone=auto"); got.Timezone != "Etc/GMT+9" || got.UTCOffsetSeconds != -9*3600 {
		t.Errorf("on the ocean: %q %d, want Etc/GMT+9", got.Timezone, got.UTCOffsetSeconds)
	}
}

func TestOpenMeteoManyPlaces(t *testing.T) {
	s := start(t, sim.Config{})
	for name, path := range map[string]string{sim.OpenMeteo: "/v1/forecast?current=temperature_2m", sim.OpenMeteoAir: "/v1/air-quality?current=pm2_5"} {
		got := get(t, s.URL(name)+path+"&latitude=44.4323,28.65&longitude=26.1063,77.23&timezone=auto,GMT")
		list := decode[[]struct {
			openMeteoBody
			LocationID *int `json:"location_id"`
		}](t, got)
		if len(list) != 2 || list[0].LocationID != nil || list[1].LocationID == nil || *list[1].LocationID != 1 {
			t.Fatalf("%s: %s, want two places, the second with a number", name, got.body)
		}
		if list[0].Timezone != "Europe/Bucharest" || list[1].Timezone != "GMT" || math.Abs(list[1].Latitude-28.65) > 0.1 {
			t.Errorf("%s: places = %+v, want Bucharest with its zone, Delhi without", name, list)
		}
		for n, query := range []string{"&latitude=44.4323&longitude=26.1063&timezone=auto", "&latitude=28.65&longitude=77.23"} {
			if alone := decode[openMeteoBody](t, get(t, s.URL(name)+path+query)); !reflect.DeepEqual(alone, list[n].openMeteoBody) {
				t.Errorf("%s: place %d = %+v, alone %+v", name, n, list[n].openMeteoBody, alone)
			}
		}
	}
	most := strings.Repeat(",1", 1000)
	if got := get(t, s.URL(sim.OpenMeteo)+"/v1/forecast?latitude=1"+most+"&longitude=1"+most); got.status != http.StatusBadRequest {
		t.Errorf("1001 places: status = %d, want 400", got.status)
	}
}

func TestOpenMeteoRefuses(t *testing.T) {
	s := start(t, sim.Config{})
	for query, reason := range map[string]string{
		"longitude=1":                                           "Value required for key 'latitude'.",
		"latitude=1":                                            "Value required for key 'longitude'.",
		"latitude=91&longitude=1":                               "Latitude must be in range of -90 to 90°. Given: 91.",
		"latitude=1&longitude=-180.5":                           "Longitude must be in range of -180 to 180°. Given: -180.5.",
		"latitude=NaN&longitude=1":                              "Latitude must be in range of -90 to 90°. Given: NaN.",
		"latitude=north&longitude=1":                            "Cannot initialize Float from invalid String value north for key latitude",
		"latitude=1,91&longitude=1,1":                           "Latitude must be in range of -90 to 90°. Given: 91.",
		"latitude=1,2&longitude=1":                              "Parameter 'latitude' and 'longitude' must have the same number of elements",
		"latitude=1,2&longitude=1,2&timezone=GMT,GMT,GMT":       "Parameter 'latitude' and 'timezone' must have the same number of elements",
		"latitude=1,2&longitude=1,2&timezone=GMT,Moon/Crater":   "Invalid timezone",
		"latitude=1,2&longitude=1,":                             "Cannot initialize Float from invalid String value  for key longitude",
		"latitude=1&longitude=1&current=temperature":            "Cannot initialize ForecastVariable from invalid String value temperature for key current",
		"latitude=1&longitude=1&temperature_unit=asdfsfd":       "Cannot initialize TemperatureUnit from invalid String value asdfsfd for key temperature_unit",
		"latitude=1&longitude=1&wind_speed_unit=mps":            "Cannot initialize WindspeedUnit from invalid String value mps for key wind_speed_unit",
		"latitude=1&longitude=1&precipitation_unit=cm":          "Cannot initialize PrecipitationUnit from invalid String value cm for key precipitation_unit",
		"latitude=1&longitude=1&timeformat=rfc":                 "Cannot initialize Timeformat from invalid String value rfc for key timeformat",
		"latitude=1&longitude=1&timezone=Moon/Tranquillity":     "Invalid timezone",
		"latitude=1&longitude=1&timezone=../../../etc/hostname": "Invalid timezone",
		"latitude=1&longitude=1&timezone=Local":                 "Invalid timezone",
	} {
		got := get(t, s.URL(sim.OpenMeteo)+"/v1/forecast?"+query)
		body := decode[struct {
			Error  bool
			Reason string
		}](t, got)
		if got.status != http.StatusBadRequest || !body.Error || body.Reason != reason {
			t.Errorf("%s: %d %s, want 400 %q", query, got.status, got.body, reason)
		}
	}
	if got := call(t, "POST", s.URL(sim.OpenMeteo)+goodPaths[sim.OpenMeteo], ""); got.status != http.StatusMethodNotAllowed {
		t.Errorf("POST: status = %d, want 405", got.status)
	}
}
