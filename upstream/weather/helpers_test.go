package weather

import (
	"errors"
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"tributary/upstream"
	"tributary/upstream/upstreamtest"
)

// now is when the payloads in testdata are decoded: a few minutes after they were
// made.
var now = time.Date(2026, 11, 24, 6, 20, 0, 0, time.UTC)

var (
	respond   = upstreamtest.Respond
	testdata  = upstreamtest.Testdata
	asJSON    = upstreamtest.AsJSON
	wantError = upstreamtest.WantError
)

func clock(hour, minute int) time.Time {
	return time.Date(2026, 11, 24, hour, minute, 0, 0, time.UTC)
}

// edit replaces each old text, which must occur, with the new text after it.
func edit(t testing.TB, body string, oldNew ...string) string {
	t.Helper()
	for i := 0; i < len(oldNew); i += 2 {
		if !strings.Contains(body, oldNew[i]) {
			t.Fatalf("no %s in %.200s", oldNew[i], body)
		}
		body = strings.Replace(body, oldNew[i], oldNew[i+1], 1)
	}
	return body
}

// numbers lists the numbers of a report by their names in JSON.
func numbers(r *Report) map[string]*float64 {
	all := map[string]*float64{}
	v := reflect.ValueOf(r).Elem()
	for i := range v.NumField() {
		if n, ok := v.Field(i).Interface().(*float64); ok {
			name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ",")
			all[name] = n
		}
	}
	return all
}

func known(v *float64) string {
	if v == nil {
		return "unknown"
	}
	return fmt.Sprint(*v)
}

func near(got, want *float64) bool {
	if got == nil || want == nil {
		return got == want
	}
	return math.Abs(*got-*want) < 1e-9
}

// sameReport compares all but Next, numbers to nine decimals.
func sameReport(t *testing.T, got, want *Report) {
	t.Helper()
	if got == nil {
		t.Fatal("no report")
	}
	if !got.ObservedAt.Equal(want.ObservedAt) || got.ObservedAt.Location() != time.UTC {
		t.Errorf("observed_at = %v, want %v", got.ObservedAt, want.ObservedAt)
	}
	wanted := numbers(want)
	for name, n := range numbers(got) {
		if !near(n, wanted[name]) {
			t.Errorf("%s = %s, want %s", name, known(n), known(wanted[name]))
		}
	}
	if got.VisibilityCapped != want.VisibilityCapped {
		t.Errorf("visibility_capped = %v, want %v", got.VisibilityCapped, want.VisibilityCapped)
	}
	if got.Condition != want.Condition {
		t.Errorf("condition = %q, want %q", got.Condition, want.Condition)
	}
	if !reflect.DeepEqual(got.IsDay, want.IsDay) {
		t.Errorf("is_day = %s, want %s", asJSON(t, got.IsDay), asJSON(t, want.IsDay))
	}
	if got.Timezone != want.Timezone {
		t.Errorf("timezone = %q, want %q", got.Timezone, want.Timezone)
	}
}

func wantCode(t *testing.T, err error, code upstream.Code) {
	t.Helper()
	if typed, ok := errors.AsType[*upstream.Error](err); !ok || typed.Code != code {
		t.Errorf("error = %v, want code %s", err, code)
	}
}

// wantNoData wants an error with CodeNoData that has the given text in its detail.
func wantNoData(t *testing.T, err error, text string) {
	t.Helper()
	wantCode(t, err, upstream.CodeNoData)
	if err != nil && !strings.Contains(err.Error(), text) {
		t.Errorf("error = %q, want %q in it", err, text)
	}
}

// refusal is an answer that cannot be used.
type refusal struct {
	name, body string
	want       string // a part of the error's text
	noData     bool   // the error has CodeNoData; otherwise it is a plain one
}

func checkRefusals[A any](t *testing.T, decode func(upstream.Response) (A, error), refusals []refusal) {
	t.Helper()
	for _, tt := range refusals {
		t.Run(tt.name, func(t *testing.T) {
			_, err := decode(respond(tt.body, now))
			if tt.noData {
				wantNoData(t, err, tt.want)
			} else {
				wantError(t, err, tt.want)
			}
		})
	}
}
