package air

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"tributary/upstream"
	"tributary/upstream/upstreamtest"
)

// now is when answers are read, unless a test says otherwise.
var now = time.Date(2026, 11, 24, 6, 20, 0, 0, time.UTC)

var (
	respond  = upstreamtest.Respond
	testdata = upstreamtest.Testdata
	asJSON   = upstreamtest.AsJSON
)

// wantJSON compares the JSON of a value.
func wantJSON(t *testing.T, got any, want string) {
	t.Helper()
	if text := asJSON(t, got); text != want {
		t.Errorf("got\n%s, want\n%s", text, want)
	}
}

// refusal is an answer that cannot be used.
type refusal struct {
	name, body string
	code       upstream.Code // "": a plain error, which a source reports as invalid_response
	want       string        // a part of the error's text
}

func checkRefusals(t *testing.T, decode func(upstream.Response) (*Report, error), refusals []refusal) {
	t.Helper()
	for _, tt := range refusals {
		t.Run("it refuses "+tt.name, func(t *testing.T) {
			report, err := decode(respond(tt.body, now))
			if err == nil {
				t.Fatalf("decoded as %s", asJSON(t, report))
			}
			code := upstream.Code("")
			if typed, ok := errors.AsType[*upstream.Error](err); ok {
				code = typed.Code
			}
			if code != tt.code || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error = %q with code %q, want %q with code %q", err, code, tt.want, tt.code)
			}
		})
	}
}

func parsed(t testing.TB, text string) (v any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return v
}
