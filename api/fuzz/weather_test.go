package fuzz_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"tributary/upstream/weather"
)

// FuzzWeatherParameters sends arbitrary queries. The status is 200 if and only if the
// query is valid.
func FuzzWeatherParameters(f *testing.F) {
	for _, query := range []string{
		"", "city=Delhi", "city=Delhi&country=IN&units=imperial", "lat=28.65&lon=77.23", "lat=-90&lon=180.0", "lat=1e1&lon=+2", "lat=NaN&lon=0x1p4",
		"city=%", "city=a;b", "city=%FF", "city=%00", "city=+", "city=" + strings.Repeat("%C3%BC", 101), "city=A&city=B", "city=A&country=uk", "lat=1", "x=%zz&city=A",
		"city=Delhi&units=", "&&=&city=Delhi&=", "city", "lat=90.000000000000000001&lon=1", "country=%C5%BF&city=a",
	} {
		f.Add(query)
	}
	gateway := newGateway(f)
	f.Fuzz(func(t *testing.T, raw string) {
		r := httptest.NewRequest(http.MethodGet, "/v1/weather", nil)
		r.URL.RawQuery = raw
		a := ask(t, gateway, r)
		if !keepsTheRules(raw) {
			a.want(http.StatusBadRequest)
			return
		}
		a.want(http.StatusOK)
		current := decode[weather.Current](a, "application/json", a.data())
		if current.ObservedAt.IsZero() || current.Condition.Code == "" || current.Temperature == nil || current.Units.Temperature == "" {
			a.errorf("the weather lacks something")
		}
	})
}

// keepsTheRules is a second implementation of the contract's rules for queries.
func keepsTheRules(raw string) bool {
	q, err := url.ParseQuery(raw)
	if err != nil {
		return false
	}
	for _, name := range []string{"city", "country", "lat", "lon", "units"} {
		if len(q[name]) > 1 {
			return false
		}
	}
	switch {
	case q.Has("units") && q.Get("units") != "metric" && q.Get("units") != "imperial":
		return false
	case q.Has("city"):
		return !q.Has("lat") && !q.Has("lon") && isName(q.Get("city")) && (!q.Has("country") || isCountry(q.Get("country")))
	}
	return q.Has("lat") && q.Has("lon") && !q.Has("country") && isDegrees(q.Get("lat"), 90) && isDegrees(q.Get("lon"), 180)
}

func isName(s string) bool {
	letters := 0
	for _, c := range s {
		if unicode.Is(unicode.Cc, c) {
			return false
		}
		if !unicode.IsSpace(c) {
			letters++
		}
	}
	n := len([]rune(s))
	return utf8.ValidString(s) && letters > 0 && n <= 100
}

// isDegrees checks the number digit by digit.
func isDegrees(s string, limit float64) bool {
	s = strings.TrimPrefix(s, "-")
	whole, fraction, point := strings.Cut(s, ".")
	if whole == "" || len(whole) > 20 || len(fraction) > 20 || point && fraction == "" {
		return false
	}
	value, scale := 0.0, 1.0
	for _, c := range []byte(whole) {
		if c < '0' || c > '9' {
			return false
		}
		value = value*10 + float64(c-'0')
	}
	for _, c := range []byte(fraction) {
		if c < '0' || c > '9' {
			return false
		}
		scale /= 10
		value += float64(c-'0') * scale
	}
	return value <= limit
}
