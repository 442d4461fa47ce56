package weather

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"tributary/upstream"
)

// OpenWeatherStatus is the part of an answer of OpenWeather that says whether it
// is an error.
type OpenWeatherStatus struct {
	Cod jsontext.Value `json:"cod"` // a number, or the same as text
}

// Refused reads cod: OpenWeather has sent errors with a status of 200. A cod
// means what the same status would mean.
func (s *OpenWeatherStatus) Refused() error {
	text := strings.Trim(string(s.Cod), `"`)
	if text == "" || text == "null" {
		return nil
	}
	cod, _ := strconv.ParseFloat(text, 64)
	code := upstream.CodeBadRequest
	switch {
	case cod >= 200 && cod < 300:
		return nil
	case !(cod >= 400 && cod < 600):
		return fmt.Errorf("cod: %.12q in an answer with status 200", text)
	case cod == http.StatusUnauthorized:
		code = upstream.CodeUnauthorized
	case cod == http.StatusForbidden, cod == http.StatusUnavailableForLegalReasons:
		code = upstream.CodeForbidden
	case cod == http.StatusNotFound, cod == http.StatusGone:
		return notCovered(http.StatusOK)
	case cod == http.StatusRequestTimeout:
		code = upstream.CodeTimeout
	case cod == http.StatusTooManyRequests:
		code = upstream.CodeRateLimited
	case cod >= 500:
		code = upstream.CodeServerError
	}
	return upstream.Errorf(code, "cod %g in an answer with status 200", cod)
}
