package app

import (
	"strings"
	"testing"

	"tributary/upstream"
	"tributary/upstream/upstreamtest"
)

// Batches and single questions are two ways to ask one source: its entries are shared.
func TestProvidersOfManyPlaces(t *testing.T) {
	up := upstreamtest.Open(t, "openmeteo", "http://openmeteo.test", upstream.Config{})
	for _, p := range providers {
		checkBatch(t, up, p.name+": weather", p.weather)
		checkBatch(t, up, p.name+": forecast", p.forecast)
		checkBatch(t, up, p.name+": air quality", p.air)
	}
}

// checkBatch wants that a source has a batch if it is one of Open-Meteo.
func checkBatch[R any](t *testing.T, up *upstream.Upstream, name string, s *placeSource[R]) {
	t.Helper()
	if s == nil || s.spec == nil && s.batch == nil {
		return
	}
	source, batch := s.open(up)
	if source == nil || batch != nil && source != batch.Source() {
		t.Errorf("%s: its source is not that of its batch", name)
	}
	if want := strings.HasPrefix(name, "openmeteo"); (batch != nil) != want {
		t.Errorf("%s is asked about many places in one call: %t, want %t", name, !want, want)
	}
}
