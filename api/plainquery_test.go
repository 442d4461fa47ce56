package api

import (
	"net/url"
	"regexp"
	"strings"
	"testing"
)

// texts yields every text of these characters up to a length.
func texts(characters string, length int, yield func(string)) {
	var extend func(text string, left int)
	extend = func(text string, left int) {
		yield(text)
		if left == 0 {
			return
		}
		for _, c := range characters {
			extend(text+string(c), left-1)
		}
	}
	extend("", length)
}

// A query that is read as it is has the parameters that net/url finds in it.
func TestPlainQueries(t *testing.T) {
	plain := 0
	texts("a=&bé%+;", 6, func(query string) {
		want, err := url.ParseQuery(query)
		if !plainQuery(query) {
			return
		}
		plain++
		p := params{plain: query}
		for _, name := range []string{"", "a", "b", "ab", "é", "c"} {
			value, ok := p.get(name)
			if err != nil || ok != want.Has(name) || value != want.Get(name) || p.has(name) != ok || len(p.all(name)) != len(want[name]) {
				t.Fatalf("%q has %q: %q, %t; want %q, %v", query, name, value, ok, want[name], err)
			}
		}
	})
	if plain < 10_000 {
		t.Errorf("%d queries were read as they are, want most of those without an encoded character", plain)
	}
	for query, want := range map[string]bool{
		"lat=28.65&lon=77.23&units=metric": true,
		"city=S%C3%A3o":                    false,
		"city=New+Delhi":                   false,
		"city=a;b":                         false,
		"lat=1&lon=2&lat=1":                false,
		strings.Repeat("x&", 8):            false,
	} {
		if got := plainQuery(query); got != want {
			t.Errorf("plainQuery(%q) = %t, want %t", query, got, want)
		}
	}
}

func TestPlainDecimals(t *testing.T) {
	want := regexp.MustCompile(`^-?[0-9]{1,20}(\.[0-9]{1,20})?$`)
	check := func(v string) {
		if got := plainDecimal(v); got != want.MatchString(v) {
			t.Errorf("plainDecimal(%q) = %t, want %t", v, got, !got)
		}
	}
	texts("-.09e+ ", 6, check)
	for _, n := range []int{20, 21} {
		check(strings.Repeat("1", n) + "." + strings.Repeat("2", n))
		check(strings.Repeat("1", 41-n) + "." + strings.Repeat("2", n))
	}
	check("٣") // a digit, but not of ASCII
}
