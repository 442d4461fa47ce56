package contracttest

import (
	"encoding/json"
	"fmt"
	"slices"
)

// source is an entry of an answer's sources.
type source struct {
	Name       string `json:"name"`
	State      string `json:"state"`
	AgeSeconds *int64 `json:"age_seconds"`
	Attempts   int64  `json:"attempts"`
	Error      *struct {
		Code string `json:"code"`
	} `json:"error"`
	Sources []source `json:"sources"`
}

// alwaysAsked are sources that are not skipped without an error. Other names are those
// of parts.
var alwaysAsked = []string{"geocoding", "openmeteo", "metno", "openweather", "openmeteo_air", "directory", "activity"}

// entry is an entry of a batch.
type entry struct {
	Meta    struct{ Sources []source }
	Problem struct{ Sources []source }
}

// entries are the entries of a batch, none in another answer.
func entries(body []byte) []entry {
	var batch struct{ Data []entry }
	_ = json.Unmarshal(body, &batch) // most answers are none
	return batch.Data
}

// impossible finds contradictions that a schema can hardly express: age is allowed
// only with a value, error only without a current value or if something was left
// out.
func impossible(body []byte) (mistakes []string) {
	var a struct {
		Meta    struct{ Sources []source }
		Sources []source
	}
	_ = json.Unmarshal(body, &a) // invalid JSON is reported elsewhere
	sources := slices.Concat(a.Meta.Sources, a.Sources)
	for _, entry := range entries(body) {
		sources = slices.Concat(sources, entry.Meta.Sources, entry.Problem.Sources)
	}
	for _, s := range slices.Clone(sources) {
		sources = append(sources, s.Sources...)
	}
	for _, s := range sources {
		if useful := s.State != "failed" && s.State != "skipped"; useful != (s.AgeSeconds != nil) {
			mistakes = append(mistakes, fmt.Sprintf("%s is %s, age_seconds given: %t", s.Name, s.State, !useful))
		}
		if s.State == "skipped" && s.Attempts == 0 && s.Error == nil && !slices.Contains(alwaysAsked, s.Name) {
			continue // a part with no source to call
		}
		if s.Error != nil && s.Error.Code == "invalid_response" && s.State != "skipped" {
			continue // the value is current, but something was left out
		}
		if excused := slices.Contains([]string{"failed", "skipped", "stale"}, s.State); excused != (s.Error != nil) {
			mistakes = append(mistakes, fmt.Sprintf("%s is %s, error given: %t", s.Name, s.State, !excused))
		}
	}
	return mistakes
}
