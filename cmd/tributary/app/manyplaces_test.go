package app

import (
	"testing"

	"tributary/upstream"
	"tributary/upstream/upstreamtest"
)

// Batches and single questions are two ways to ask one source: its entries are shared.
func TestProvidersOfManyPlaces(t *testing.T) {
	up := upstreamtest.Open(t, "openmeteo", "http://openmeteo.test", upstream.Config{})
	batches := map[string]bool{}
	for _, p := range providers {
		if p.weather != nil {
			source, batch := p.weather.open(up)
			if batches[p.name] = batch != nil; source == nil || batch != nil && source != batch.Source() {
				t.Errorf("%s: its source is not that of its batch", p.name)
			}
		}
		if p.air != nil {
			source, batch := p.air.open(up)
			if batches[p.name] = batch != nil; source == nil || batch != nil && source != batch.Source() {
				t.Errorf("%s: its source of air quality is not that of its batch", p.name)
			}
		}
	}
	for name, batch := range batches {
		if want := name == "openmeteo" || name == "openmeteo_air"; batch != want {
			t.Errorf("%s is asked about many places in one call: %t, want %t", name, batch, want)
		}
	}
}
