package api_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
)

const (
	noDecimal  = "is not a plain decimal number, such as -12.5"
	noLatitude = "is not between -90 and 90"
	noCountry  = "is not an ISO 3166-1 alpha-2 code, such as IN"
	noUTF8     = "is not valid UTF-8"
	noControl  = "has control characters"
	noText     = "is empty; 1 to 100 characters are wanted"
	tooLong    = "has more than 100 characters"
	unreadable = "the query string is malformed: a character that is not plain is written as % and two hex digits, and parameters are joined by &"
)

// refusal is an invalid query and all its mistakes, as "parameter: detail".
type refusal struct {
	name, query string
	want        []string
}

// checkRefusals wants each query to be rejected with exactly its mistakes, before any
// upstream is called.
func checkRefusals(t *testing.T, path string, cases []refusal) {
	t.Helper()
	g := populated(t)
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			a := g.get(path + "?" + c.query)
			p := a.problem(http.StatusBadRequest, "invalid_parameters")
			a.wantHeader("Cache-Control", "no-store")
			var got []string
			for _, e := range p.Errors {
				got = append(got, strings.TrimPrefix(e.Parameter+": "+e.Detail, ": "))
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("%s: errors = %q, want %q", a.call, got, c.want)
			}
		})
	}
	if n := g.asked(); n != 0 {
		t.Errorf("%d requests were sent for questions that were refused", n)
	}
}

func TestWeatherRefuses(t *testing.T) {
	checkRefusals(t, "/v1/weather", []refusal{
		{"neither a city nor coordinates", "", []string{"city: is missing: give city, or lat and lon"}},
		{"a city and coordinates", "city=Delhi&lat=28.65&lon=77.23", []string{"city: goes without lat and lon: give one or the other"}},
		{"a city and half of the coordinates", "city=Delhi&lon=77.23", []string{"city: goes without lat and lon: give one or the other"}},
		{"lat without lon", "lat=28.65", []string{"lon: is missing beside lat"}},
		{"lon without lat", "lon=77.23", []string{"lat: is missing beside lon"}},
		{"a country without a city", "lat=28.65&lon=77.23&country=IN", []string{"country: narrows a city down; there is none"}},
		{"a country alone", "country=IN", []string{"city: is missing: give city, or lat and lon", "country: narrows a city down; there is none"}},
		{"unknown units", "city=Delhi&units=kelvin", []string{"units: is none of: metric, imperial"}},
		{"units in capitals", "city=Delhi&units=Metric", []string{"units: is none of: metric, imperial"}},
		{"empty units", "city=Delhi&units=", []string{"units: is none of: metric, imperial"}},
		{"all mistakes at once", "city=&lat=1e1&lon=181&country=XX&units=k", []string{
			"city: goes without lat and lon: give one or the other", "city: " + noText, "country: " + noCountry,
			"lat: " + noDecimal, "lon: is not between -180 and 180", "units: is none of: metric, imperial",
		}},
		{"a city twice", "city=Delhi&city=Delhi", []string{"city: is given 2 times; once is enough"}},
		{"a country three times", "city=Delhi&country=IN&country=IN&country=PK", []string{"country: is given 3 times; once is enough"}},
		{"lat twice", "lat=1&lat=2&lon=3", []string{"lat: is given 2 times; once is enough"}},
		{"lon twice", "lat=1&lon=2&lon=2", []string{"lon: is given 2 times; once is enough"}},
		{"units twice", "city=Delhi&units=metric&units=imperial", []string{"units: is given 2 times; once is enough"}},
	})
}

func TestWeatherRefusesNumbers(t *testing.T) {
	var cases []refusal
	for name, lat := range map[string]string{
		"an exponent": "1e1", "a capital exponent": "1E1", "hex": "0x10", "a hex exponent": "0x1p4", "octal": "0o17", "NaN": "NaN",
		"Inf": "Inf", "infinity": "-infinity", "an encoded plus": "%2B12.5", "a plus, which is a space": "+12.5", "a space behind": "12.5%20",
		"no digit before the point": ".5", "none behind it": "5.", "a comma": "1,5", "two minuses": "--1", "a minus alone": "-", "nothing": "",
		"an underscore": "1_0", "another script's digits": "%D9%A3", "a minus sign that is none": "%E2%88%9212.5", "two points": "1.2.3",
		"21 digits": "000000000000000000001", "21 decimals": "0.000000000000000000001", "a line feed": "12.5%0A", "degrees": "12.5%C2%B0",
	} {
		cases = append(cases, refusal{"lat: " + name, "lon=0&lat=" + lat, []string{"lat: " + noDecimal}})
		cases = append(cases, refusal{"lon: " + name, "lat=0&lon=" + lat, []string{"lon: " + noDecimal}})
	}
	for _, lat := range []string{"90.01", "-90.01", "91", "180", "99999999999999999999"} {
		cases = append(cases, refusal{"lat=" + lat, "lon=0&lat=" + lat, []string{"lat: " + noLatitude}})
	}
	for _, lon := range []string{"180.01", "-180.01", "181", "360"} {
		cases = append(cases, refusal{"lon=" + lon, "lat=0&lon=" + lon, []string{"lon: is not between -180 and 180"}})
	}
	checkRefusals(t, "/v1/weather", cases)
}

func TestWeatherRefusesNames(t *testing.T) {
	checkRefusals(t, "/v1/weather", []refusal{
		{"an empty name", "city=", []string{"city: " + noText}},
		{"nothing but spaces", "city=+%20%C2%A0", []string{"city: " + noText}},
		{"101 letters", "city=" + strings.Repeat("a", 101), []string{"city: " + tooLong}},
		{"101 letters of two bytes", "city=" + strings.Repeat("%C3%BC", 101), []string{"city: " + tooLong}},
		{"a NUL", "city=Del%00hi", []string{"city: " + noControl}},
		{"a line feed", "city=Delhi%0A", []string{"city: " + noControl}},
		{"a DEL", "city=Del%7Fhi", []string{"city: " + noControl}},
		{"a control character of two bytes", "city=Del%C2%85hi", []string{"city: " + noControl}},
		{"a byte that is not UTF-8", "city=Del%FFhi", []string{"city: " + noUTF8}},
		{"half a character", "city=Del%C3", []string{"city: " + noUTF8}},
		{"an overlong encoding", "city=%C0%AF", []string{"city: " + noUTF8}},
		{"a surrogate", "city=%ED%A0%80", []string{"city: " + noUTF8}},
		{"a country of one letter", "city=Delhi&country=I", []string{"country: " + noCountry}},
		{"a country of three letters", "city=Delhi&country=IND", []string{"country: " + noCountry}},
		{"a country by number", "city=Delhi&country=356", []string{"country: " + noCountry}},
		{"an empty country", "city=Delhi&country=", []string{"country: " + noCountry}},
		{"an unassigned country code", "city=Delhi&country=XX", []string{"country: " + noCountry}},
		{"a former country", "city=Delhi&country=SU", []string{"country: " + noCountry}},
		{"a union of countries", "city=Delhi&country=EU", []string{"country: " + noCountry}},
		{"a code that is only reserved", "city=London&country=UK", []string{"country: " + noCountry}},
		{"two characters across two codes", "city=Delhi&country=D+", []string{"country: " + noCountry}},
		{"a letter whose capital is a code's", "city=Delhi&country=%C5%BF", []string{"country: " + noCountry}},
	})
}

func TestRefusesQueriesThatCannotBeRead(t *testing.T) {
	checkRefusals(t, "/v1/weather", []refusal{
		{"a % alone", "city=%", []string{unreadable}},
		{"a % with one digit", "city=Delhi%2", []string{unreadable}},
		{"a % with letters that are no digits", "city=%zz", []string{unreadable}},
		{"a name that is malformed", "%zz=1&city=Delhi", []string{unreadable}},
		{"one of several", "lat=28.65&lon=%", []string{unreadable}},
		{"semicolons", "city=Delhi;units=metric", []string{unreadable}},
	})
}

func TestWeatherTakes(t *testing.T) {
	for _, c := range []struct{ name, query, wantName, wantAt string }{
		{"100 letters", "city=" + strings.Repeat("a", 100), strings.Repeat("a", 100), ""},
		{"100 letters of two bytes", "city=" + strings.Repeat("%C3%BC", 100), strings.Repeat("ü", 100), ""},
		{"100 characters of four bytes", "city=" + strings.Repeat("%F0%9F%8C%A7", 100), strings.Repeat("🌧", 100), ""},
		{"a plus as a space", "city=New+York", "New York", ""},
		{"one character", "city=%C3%85", "Å", ""},
		{"parameters that it does not know", "city=Delhi&utm=1&utm=2&Lat=9&q=x", "Delhi", ""},
		{"a parameter after an empty pair", "&city=Delhi&", "Delhi", ""},
		{"the corners of the map", "lat=-90&lon=-180", "", "-90,-180"},
		{"the other corners", "lat=90.0&lon=180.00", "", "90,180"},
		{"a negative zero", "lat=-0&lon=-0.00", "", "0,0"},
		{"leading zeros", "lat=007.50&lon=-012.5", "", "7.5,-12.5"},
		{"more decimals than it uses", "lat=28.6549999&lon=77.235", "", "28.65,77.24"},
		{"20 digits", "lat=00000000000000000028&lon=1", "", "28,1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := newGateway(t)
			g.get("/v1/weather?" + c.query).wantStatus(http.StatusOK)
			if c.wantName != "" {
				if got := g.geocoding.Last().URL.Query().Get("name"); got != c.wantName {
					t.Errorf("%s looks up %q, want %q", c.query, got, c.wantName)
				}
				return
			}
			if got := g.openmeteo.Last().URL.Query().Get("at"); got != c.wantAt {
				t.Errorf("%s asks about %q, want %q", c.query, got, c.wantAt)
			}
			if g.geocoding.Sent() != 0 {
				t.Errorf("%s looks a name up", c.query)
			}
		})
	}
}
