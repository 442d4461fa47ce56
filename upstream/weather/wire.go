package weather

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// What the providers' requests and answers have in common.

func get(ctx context.Context, pathAndQuery string) (*http.Request, error) {
	return http.NewRequestWithContext(ctx, http.MethodGet, pathAndQuery, nil)
}

// decodeJSON reads a body that is one JSON object. Its errors name the field
// and the rule but quote nothing: a body can be anything, a page of HTML
// included.
func decodeJSON(body []byte, into any) error {
	body = bytes.TrimLeft(body, " \t\r\n")
	if len(body) == 0 {
		return errors.New("body: empty")
	}
	if body[0] != '{' {
		return errors.New("body: not a JSON object")
	}
	err := json.Unmarshal(body, into)
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		kind, _, _ := strings.Cut(wrong.Value, " ") // "number 1e400": the number may be a page long
		return fmt.Errorf("%s: a JSON %s that cannot be read", wrong.Field, kind)
	}
	if err != nil {
		return fmt.Errorf("body: %w", err)
	}
	return nil
}

// unixTime reads seconds since 1970. The bound, in the year 5138, keeps the
// conversion defined; validation is what knows which times are believable.
func unixTime(field string, seconds *float64) (time.Time, error) {
	if seconds == nil {
		return time.Time{}, fmt.Errorf("%s: missing", field)
	}
	if !(*seconds > 0 && *seconds < 1e11) {
		return time.Time{}, fmt.Errorf("%s: %g is not a time", field, *seconds)
	}
	return time.Unix(int64(*seconds), 0).UTC(), nil
}

// scale turns a provider's unit into ours: (v + shift) × factor.
type scale struct{ shift, factor float64 }

var same = scale{factor: 1}

// The units we can convert, by the names that providers have for them.
var (
	toCelsius = map[string]scale{"°C": same, "celsius": same, "°F": {-32, 5.0 / 9}, "K": {-273.15, 1}}
	toMPS     = map[string]scale{"m/s": same, "km/h": {0, 1 / 3.6}, "mp/h": {0, 0.44704}, "mph": {0, 0.44704}, "kn": {0, 1852.0 / 3600}}
	toHPa     = map[string]scale{"hPa": same, "Pa": {0, 0.01}}
	toMM      = map[string]scale{"mm": same, "inch": {0, 25.4}}
	toMetres  = map[string]scale{"m": same, "ft": {0, 0.3048}}
	toSeconds = map[string]scale{"seconds": same}
	toPercent = map[string]scale{"%": same}
	toDegrees = map[string]scale{"°": same, "degrees": same}
)

// unitReader converts the numbers of an answer by the units it declares. It
// keeps the first thing that was wrong, so that a decoder reads as one list of
// fields and asks for err at its end.
type unitReader struct {
	declared map[string]string // by the field's name
	err      error
}

// read returns v in our unit; nil stays nil, whatever its unit. A unit that is
// missing or that we do not know is never guessed.
func (u *unitReader) read(field string, v *float64, known map[string]scale) *float64 {
	if v == nil || u.err != nil {
		return nil
	}
	unit := u.declared[field]
	s, ok := known[unit]
	if !ok {
		u.err = fmt.Errorf("%s: %.12q is not a unit that can be converted", field, unit)
		return nil
	}
	if s == same {
		return v
	}
	return new((*v + s.shift) * s.factor)
}
