package weather

import (
	"net/http"
	"testing"
	"time"

	"tributary/upstream"
	"tributary/upstream/upstreamtest"
)

func TestOpenMeteoRequest(t *testing.T) {
	const want = "/v1/forecast?latitude=28.65&longitude=-0.1" +
		"&current=temperature_2m,relative_humidity_2m,apparent_temperature,dew_point_2m,is_day,precipitation,weather_code,cloud_cover," +
		"pressure_msl,wind_speed_10m,wind_direction_10m,wind_gusts_10m,visibility" +
		"&temperature_unit=celsius&wind_speed_unit=ms&precipitation_unit=mm&timeformat=unixtime&timezone=auto"
	if got := upstreamtest.Requested(t, OpenMeteo(), Place{Latitude: 28.654, Longitude: -0.1000001}); got != want {
		t.Errorf("request = %s, want %s", got, want)
	}
}

func TestOpenMeteoDeclares(t *testing.T) {
	spec := OpenMeteo()
	if spec.Weight != 1.3 {
		t.Errorf("weight = %g, want 1.3 for 13 variables", spec.Weight)
	}
	if spec.Forbidden != upstream.ThisSource || spec.MinFresh != 30*time.Second {
		t.Errorf("a 403 is about %v, requests at least %s apart; want the source, 30 s", spec.Forbidden, spec.MinFresh)
	}
	for variables, want := range map[string]float64{"a": 1, "a,b,c,d,e,f,g,h,i,j": 1, "a,b,c,d,e,f,g,h,i,j,k": 1.1} {
		if got := OpenMeteoWeight(variables); got != want {
			t.Errorf("weight of %s = %g, want %g", variables, got, want)
		}
	}
}

// openMeteoDelhi is testdata/openmeteo.json, converted by hand.
func openMeteoDelhi() Report {
	return Report{
		ObservedAt: clock(6, 15), Temperature: new(24.1), FeelsLike: new(24.6), DewPoint: new(12.0), Humidity: new(47.0),
		Pressure: new(1014.2), WindSpeed: new(2.4), WindGust: new(5.1), WindDirection: new(290.0), CloudCover: new(40.0),
		Precipitation: new(0.8), // 0.2 mm in 15 minutes
		Visibility:    new(4000.0), Condition: PartlyCloudy, IsDay: new(true), Timezone: "Asia/Kolkata",
	}
}

func TestOpenMeteoReads(t *testing.T) {
	good := testdata(t, "openmeteo.json")
	for _, tt := range []struct {
		name   string
		body   string
		differ func(want *Report)
	}{
		{"the answer to what was asked", good, func(*Report) {}},
		{"local time without an offset", edit(t, good, `1795500900`, `"2026-11-24T11:45"`), func(*Report) {}},
		{"a time west of Greenwich", edit(t, good, `1795500900`, `"2026-11-23T20:45"`, `19800`, `-34200`), func(*Report) {}},
		{"other units than it asked for", edit(t, good,
			`"temperature_2m":"°C"`, `"temperature_2m":"°F"`, `"temperature_2m":24.1`, `"temperature_2m":75.2`,
			`"apparent_temperature":"°C"`, `"apparent_temperature":"K"`, `"apparent_temperature":24.6`, `"apparent_temperature":297.15`,
			`"pressure_msl":"hPa"`, `"pressure_msl":"Pa"`, `"pressure_msl":1014.2`, `"pressure_msl":101420`,
			`"wind_speed_10m":"m/s"`, `"wind_speed_10m":"km/h"`, `"wind_speed_10m":2.40`, `"wind_speed_10m":9`,
			`"wind_gusts_10m":"m/s"`, `"wind_gusts_10m":"mp/h"`, `"wind_gusts_10m":5.10`, `"wind_gusts_10m":10`,
			`"precipitation":"mm"`, `"precipitation":"inch"`, `"precipitation":0.20`, `"precipitation":0.01`,
			`"visibility":"m"`, `"visibility":"ft"`, `"visibility":4000.00`, `"visibility":10000`,
		), func(want *Report) {
			want.Temperature, want.FeelsLike = new(24.0), new(24.0)
			want.WindSpeed, want.WindGust = new(2.5), new(4.4704)
			want.Precipitation = new(1.016) // 0.254 mm in 15 minutes
			want.Visibility = new(3048.0)
		}},
		{"knots", edit(t, good, `"wind_speed_10m":"m/s"`, `"wind_speed_10m":"kn"`, `"wind_speed_10m":2.40`, `"wind_speed_10m":18`),
			func(want *Report) { want.WindSpeed = new(9.26) }},
		{"a sum over another interval", edit(t, good, `"interval":900`, `"interval":3600`),
			func(want *Report) { want.Precipitation = new(0.2) }},
		{"a dry interval", edit(t, good, `"precipitation":0.20`, `"precipitation":0`),
			func(want *Report) { want.Precipitation = new(0.0) }},
		{"no gust", edit(t, good, `"wind_gusts_10m":5.10,`, ``), func(want *Report) { want.WindGust = nil }},
		{"null for what is not known", edit(t, good, `"visibility":4000.00`, `"visibility":null`, `"is_day":1`, `"is_day":null`,
			`"weather_code":2`, `"weather_code":null`, `"precipitation":0.20`, `"precipitation":null`, `"interval":900`, `"interval":null`),
			func(want *Report) {
				want.Visibility, want.IsDay, want.Condition, want.Precipitation = nil, nil, Unknown, nil
			}},
		{"no unit for what is not there", edit(t, good, `"visibility":"m"`, `"visibility":"furlong"`, `,"visibility":4000.00`, ``),
			func(want *Report) { want.Visibility = nil }},
		{"night", edit(t, good, `"is_day":1`, `"is_day":0`), func(want *Report) { want.IsDay = new(false) }},
		{"whole numbers with decimals", edit(t, good, `"weather_code":2`, `"weather_code":2.0`, `"is_day":1`, `"is_day":1.0`, `"interval":900`, `"interval":900.0`),
			func(*Report) {}},
		{"a code of later years", edit(t, good, `"weather_code":2`, `"weather_code":17`), func(want *Report) { want.Condition = Unknown }},
		{"fields of later years", edit(t, good, `"elevation":216.0`, `"elevation":216.0,"moon":{"phase":[1,2]}`), func(*Report) {}},
		{"a sum over an unknown time", edit(t, good, `"interval":900,`, ``), func(want *Report) { want.Precipitation = nil }},
		{"a sum over an interval of 0", edit(t, good, `"interval":900`, `"interval":0`), func(want *Report) { want.Precipitation = nil }},
		{"a sum over a negative time", edit(t, good, `"interval":900`, `"interval":-900`), func(want *Report) { want.Precipitation = nil }},
		{"an interval in other units", edit(t, good, `"interval":"seconds"`, `"interval":"fortnights"`), func(want *Report) { want.Precipitation = nil }},
		{"a negative sum", edit(t, good, `"precipitation":0.20`, `"precipitation":-0.1`), func(want *Report) { want.Precipitation = nil }},
		{"a day that is neither", edit(t, good, `"is_day":1`, `"is_day":7`), func(want *Report) { want.IsDay = nil }},
		{"a missing unit", edit(t, good, `"wind_speed_10m":"m/s",`, ``), func(want *Report) { want.WindSpeed = nil }},
		{"an unknown unit", edit(t, good, `"pressure_msl":"hPa"`, `"pressure_msl":"mmHg"`), func(want *Report) { want.Pressure = nil }},
		{"an unknown unit of another temperature", edit(t, good, `"dew_point_2m":"°C"`, `"dew_point_2m":"°Ré"`), func(want *Report) { want.DewPoint = nil }},
		{"a unit that is not text", edit(t, good, `"visibility":"m"`, `"visibility":null`), func(want *Report) { want.Visibility = nil }},
		{"humidity a little over 100", edit(t, good, `"relative_humidity_2m":47`, `"relative_humidity_2m":101`), func(want *Report) { want.Humidity = new(100.0) }},
		{"humidity as if Kelvin", edit(t, good, `"relative_humidity_2m":47`, `"relative_humidity_2m":297`), func(want *Report) { want.Humidity = nil }},
		{"cloud cover from raw model data", edit(t, good, `"cloud_cover":40`, `"cloud_cover":102`), func(want *Report) { want.CloudCover = new(100.0) }},
		{"cloud cover below 0", edit(t, good, `"cloud_cover":40`, `"cloud_cover":-1`), func(want *Report) { want.CloudCover = nil }},
		{"a huge number", edit(t, good, `"visibility":4000.00`, `"visibility":1e300`), func(want *Report) { want.Visibility = nil }},
		{"a number out of range", edit(t, good, `"visibility":4000.00`, `"visibility":1e400`), func(want *Report) { want.Visibility = nil }},
		{"text for numbers", edit(t, good, `"relative_humidity_2m":47`, `"relative_humidity_2m":"n/a"`, `"weather_code":2`, `"weather_code":"2"`, `"cloud_cover":40`, `"cloud_cover":"40"`),
			func(want *Report) { want.Humidity, want.CloudCover, want.Condition = nil, nil, Unknown }},
		{"other JSON for numbers", edit(t, good, `"relative_humidity_2m":47`, `"relative_humidity_2m":{"value":[47]}`, `"is_day":1`, `"is_day":true`, `"pressure_msl":1014.2`, `"pressure_msl":[1014.2]`),
			func(want *Report) { want.Humidity, want.IsDay, want.Pressure = nil, nil, nil }},
		{"names in exact case only", edit(t, good, `"current":{`, `"Current":{"time":1},"current":{"Temperature_2m":99,"VISIBILITY":1,`), func(*Report) {}},
		{"the last of two members of one name", edit(t, good, `"temperature_2m":24.1`, `"temperature_2m":3,"temperature_2m":24.1`, `"visibility":4000.00`, `"visibility":4000.00,"visibility":"n/a"`),
			func(want *Report) { want.Visibility = nil }},
		{"no time zone where none was asked for", edit(t, good, `"timezone":"Asia/Kolkata"`, `"timezone":"GMT"`), func(want *Report) { want.Timezone = "" }},
		{"a time zone that is not text", edit(t, good, `"timezone":"Asia/Kolkata"`, `"timezone":5.5`), func(want *Report) { want.Timezone = "" }},
		{"other scripts", edit(t, good, `"timezone_abbreviation":"GMT+5:30"`, `"timezone_abbreviation":"भारत"`), func(*Report) {}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			want := openMeteoDelhi()
			tt.differ(&want)
			got, err := decodeOpenMeteo(respond(tt.body, now))
			if err != nil {
				t.Fatal(err)
			}
			sameReport(t, got, &want)
		})
	}
}

func TestOpenMeteoReadsTheOldBlock(t *testing.T) {
	got, err := decodeOpenMeteo(respond(`{"utc_offset_seconds":34200,"timezone":"Australia/Darwin",
		"current_weather_units":{"time":"iso8601","interval":"seconds","temperature":"°C","windspeed":"km/h","winddirection":"°","is_day":"","weathercode":"wmo code"},
		"current_weather":{"time":"2026-11-24T15:45","interval":900,"temperature":31.5,"windspeed":18.0,"winddirection":135,"is_day":1,"weathercode":80}}`, now))
	if err != nil {
		t.Fatal(err)
	}
	sameReport(t, got, &Report{
		ObservedAt: clock(6, 15), Temperature: new(31.5), WindSpeed: new(5.0), WindDirection: new(135.0),
		Condition: RainShowers, IsDay: new(true), Timezone: "Australia/Darwin",
	})
}

func TestOpenMeteoRefuses(t *testing.T) {
	good := testdata(t, "openmeteo.json")
	upstreamtest.RefusesGarbage(t, decodeOpenMeteo, respond(good, now), "[]")
	checkRefusals(t, decodeOpenMeteo, []refusal{
		{"an answer without what was asked", `{"latitude":28.625,"timezone":"GMT"}`, "current: missing", false},
		{"null for what was asked", `{"current":null}`, "current is null", true},
		{"an error in a 200", `{"error":true,"reason":"out of coffee"}`, "current: missing", false},
		{"an array for the block", edit(t, good, `"current":{`, `"current":[],"was":{`), "current: a JSON array that cannot be read", false},
		{"text for a temperature", edit(t, good, `"temperature_2m":24.1`, `"temperature_2m":"24.1"`), "temperature_2m: a JSON string that cannot be read", false},
		{"a temperature out of range", edit(t, good, `"temperature_2m":24.1`, `"temperature_2m":1e400`), "temperature_2m: a JSON number that cannot be read", false},
		{"Kelvin under another name", edit(t, good, `"temperature_2m":24.1`, `"temperature_2m":297.2`), "temperature: 297.2 °C is outside", false},
		{"no temperature", edit(t, good, `"temperature_2m":24.1,`, ``), "temperature_2m: missing", false},
		{"null for a temperature", edit(t, good, `"temperature_2m":24.1`, `"temperature_2m":null`), "temperature_2m is null", true},
		{"an unknown unit of temperature", edit(t, good, `"temperature_2m":"°C"`, `"temperature_2m":"°Ré"`), `temperature_2m: "°Ré" is not a unit that can be converted`, false},
		{"no unit of temperature", edit(t, good, `"temperature_2m":"°C",`, ``), `temperature_2m: "" is not a unit that can be converted`, false},
		{"no units", edit(t, good, `"current_units":{`, `"current_units":[],"was":{`), `temperature_2m: "" is not a unit that can be converted`, false},
		{"a unit a page long", edit(t, good, `"temperature_2m":"°C"`, `"temperature_2m":"<html><body>Bad"`), `temperature_2m: "<html><body>" is not a unit`, false},
		{"no time", edit(t, good, `"time":1795500900,`, ``), "time: missing", false},
		{"null for a time", edit(t, good, `"time":1795500900`, `"time":null`), "time is null", true},
		{"another kind of time", edit(t, good, `"time":1795500900`, `"time":"24/11/2026"`), "time: neither a unix time nor a local one", false},
		{"an object for a time", edit(t, good, `"time":1795500900`, `"time":{}`), "time: a JSON object that cannot be read", false},
		{"a time before time", edit(t, good, `"time":1795500900`, `"time":-5`), "time: -5 is not a time", false},
		{"a time after all time", edit(t, good, `"time":1795500900`, `"time":1e300`), "time: 1e+300 is not a time", false},
		{"milliseconds", edit(t, good, `"time":1795500900`, `"time":1795500900000`), "is not a time in seconds since 1970", false},
		{"the hour of a clock that was never set", edit(t, good, `"time":1795500900`, `"time":86400`), "observed_at: before the year 2000", false},
		{"an offset of days", edit(t, good, `1795500900`, `"2026-11-24T11:45"`, `19800`, `1980000`), "utc_offset_seconds: 1.98e+06 is more than a day", false},
		{"a local time without its offset", edit(t, good, `1795500900`, `"2026-11-24T11:45"`, `"utc_offset_seconds":19800,`, ``), "utc_offset_seconds: missing", false},
		{"yesterday's weather", edit(t, good, `1795500900`, `1795414500`), "the observation is more than 3 hours old", true},
		{"tomorrow's weather", edit(t, good, `1795500900`, `1795587300`), "the observation is more than 15 minutes in the future", true},
	})
}

func TestOpenMeteoRefusal(t *testing.T) {
	at := time.Date(2026, 11, 24, 22, 45, 30, 0, time.UTC)
	for _, tt := range []struct {
		name       string
		status     int
		retryAfter string
		body       string
		want       *upstream.Error
	}{
		{"a place it does not cover", 400, "", `{"error":true,"reason":"No data is available for this location"}`,
			&upstream.Error{Code: upstream.CodeNotFound, Detail: "does not cover this location", Status: 400}},
		{"keys in another order", 400, "", `{"reason":"No data is available for this location","error":true}`,
			&upstream.Error{Code: upstream.CodeNotFound, Detail: "does not cover this location", Status: 400}},
		{"a mistake of ours", 400, "", `{"error":true,"reason":"Cannot initialize WindspeedUnit from invalid String value x"}`, nil},
		{"the minute's quota", 429, "", `{"error":true,"reason":"Minutely API request limit exceeded. Please try again in one minute."}`,
			&upstream.Error{Code: upstream.CodeRateLimited, Detail: "quota for this minute exhausted", Status: 429, RetryAfter: time.Minute}},
		{"the hour's quota", 429, "", `{"error":true,"reason":"Hourly API request limit exceeded. Please try again in the next hour."}`,
			&upstream.Error{Code: upstream.CodeRateLimited, Detail: "quota for this hour exhausted", Status: 429, RetryAfter: 14*time.Minute + 30*time.Second}},
		{"the day's quota", 429, "", `{"error":true,"reason":"Daily API request limit exceeded. Please try again tomorrow."}`,
			&upstream.Error{Code: upstream.CodeRateLimited, Detail: "quota for this day (UTC) exhausted", Status: 429, RetryAfter: 74*time.Minute + 30*time.Second}},
		{"a wait in a header", 429, "7", `{"error":true,"reason":"Daily API request limit exceeded. Please try again tomorrow."}`, nil},
		{"too many calls at once", 429, "", `{"error":true,"reason":"Too many concurrent requests"}`,
			&upstream.Error{Code: upstream.CodeRateLimited, Detail: "too many calls at the same time", Status: 429, RetryAfter: time.Second}},
		{"another limit", 429, "", `{"error":true,"reason":"Enough for now"}`, nil},
		{"an overload", 503, "", `{"error":true,"reason":"The service is overloaded"}`, nil},
		{"a page", 429, "", `<html>429</html>`, nil},
		{"a reason that is not text", 400, "", `{"error":true,"reason":{"code":7}}`, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := upstream.Response{Status: tt.status, Header: http.Header{}, Body: []byte(tt.body), At: at}
			if tt.retryAfter != "" {
				r.Header.Set("Retry-After", tt.retryAfter)
			}
			got := OpenMeteo().Refusal(r)
			if (got == nil) != (tt.want == nil) || got != nil && *got != *tt.want {
				t.Errorf("refusal = %+v, want %+v", got, tt.want)
			}
		})
	}
}
