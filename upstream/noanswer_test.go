package upstream_test

import (
	"testing"

	"tributary/upstream"
	"tributary/upstream/aggregate"
)

func TestNoAnswer(t *testing.T) {
	outcome := func(s upstream.State, code upstream.Code) aggregate.Outcome {
		o := aggregate.Outcome{Provenance: upstream.Provenance{State: s}}
		if code != "" {
			o.Err = upstream.Errorf(code, "")
		}
		return o
	}
	var (
		noData  = outcome(upstream.Failed, upstream.CodeNoData)
		unknown = outcome(upstream.Skipped, upstream.CodeNotFound)
		broken  = outcome(upstream.Failed, upstream.CodeServerError)
		useful  = outcome(upstream.Live, "")
	)
	for _, tt := range []struct {
		name             string
		sources          []aggregate.Outcome
		notFound, noData bool
	}{
		{"all without data", []aggregate.Outcome{noData, noData}, false, true},
		{"one without data, the others do not cover it", []aggregate.Outcome{unknown, noData, unknown}, false, true},
		{"one without data, another without an observation", []aggregate.Outcome{useful, noData}, false, true},
		{"one without data, one failed", []aggregate.Outcome{noData, broken}, false, false},
		{"one failed, one without data", []aggregate.Outcome{broken, noData}, false, false},
		{"one failed without a reason", []aggregate.Outcome{noData, outcome(upstream.Failed, "")}, false, false},
		{"none covers it", []aggregate.Outcome{unknown, unknown}, true, false},
		{"all broken", []aggregate.Outcome{broken, broken}, false, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e := &aggregate.NoAnswerError{Sources: tt.sources}
			if e.NotFound() != tt.notFound || e.NoData() != tt.noData {
				t.Errorf("NotFound = %v, NoData = %v; want %v, %v", e.NotFound(), e.NoData(), tt.notFound, tt.noData)
			}
		})
	}
}
