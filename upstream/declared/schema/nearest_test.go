package schema_test

import (
	"slices"
	"testing"

	"tributary/upstream/declared/schema"
)

func TestNearest(t *testing.T) {
	for _, tt := range []struct {
		name, given string
		known       []string
		want        string
	}{
		{"a letter is missing", "LOGLEVEL", []string{"LOG_FORMAT", "LOG_LEVEL"}, "LOG_LEVEL"},
		{"a letter too many", "propertties", []string{"properties"}, "properties"},
		{"two letters are swapped", "LOG_LEVLE", []string{"LOG_LEVEL"}, "LOG_LEVEL"},
		{"the last two of a short name are swapped", "tiem", []string{"time"}, "time"},
		{"two letters are others", "REQUEST_TIMEOAD", []string{"REQUEST_TIMEOUT"}, "REQUEST_TIMEOUT"},
		{"three letters are others", "REQUEST_TIMELAD", []string{"REQUEST_TIMEOUT"}, ""},
		{"three letters too many", "REQUEST_TIMEOUTING", []string{"REQUEST_TIMEOUT"}, ""},
		{"two of four letters are others", "tame", []string{"type"}, ""},
		{"capital letters", "log_levle", []string{"LOG_LEVEL"}, "LOG_LEVEL"},
		{"the nearer one is first", "RETRIES", []string{"RETRIE", "RETRYS"}, "RETRIE"},
		{"the nearer one is last", "RETRIES", []string{"RETRYS", "RETRIE"}, "RETRIE"},
		{"of two as near, the first in the alphabet", "word", []string{"ward", "wird", "ford"}, "ford"},
		{"40 letters", "abcdefghijklmnopqrstuvwxyzabcdefghijklmn", []string{"abcdefghijklmnopqrstuvwxyzabcdefghijklmnop"}, "abcdefghijklmnopqrstuvwxyzabcdefghijklmnop"},
		{"a name too long to compare", "abcdefghijklmnopqrstuvwxyzabcdefghijklmno", []string{"abcdefghijklmnopqrstuvwxyzabcdefghijklmnop"}, ""},
		{"no letters", "", []string{"a"}, "a"},
		{"nothing is known", "a", nil, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := schema.Nearest(tt.given, slices.Values(tt.known)); got != tt.want {
				t.Errorf("nearest to %q is %q, want %q", tt.given, got, tt.want)
			}
		})
	}
}

// Every start compares the environment, which may have hundreds of names, with all
// variables.
func TestNearestAllocatesNothingForEachName(t *testing.T) {
	known := slices.Repeat([]string{"OPENMETEO_REVALIDATE_FOR", "LOG_LEVLE"}, 200)
	all := slices.Values(known)
	if n := testing.AllocsPerRun(10, func() { schema.Nearest("LOG_LEVEL", all) }); n > 10 {
		t.Errorf("%v allocations for %d names, want none for each name", n, len(known))
	}
}
