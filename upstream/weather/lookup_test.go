package weather_test

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"tributary/cache"
	"tributary/upstream"
	"tributary/upstream/aggregate"
	"tributary/upstream/upstreamtest"
	"tributary/upstream/weather"
)

// geocoder is a service whose geocoder answers with body and whose only provider has
// no data.
func geocoder(t *testing.T, body string) *weather.Service {
	t.Helper()
	store := cache.NewStore(1000)
	open := func(name, body string) *upstream.Upstream {
		fake := upstreamtest.NewFake(upstreamtest.Answers(http.StatusOK, body))
		return upstreamtest.Open(t, name, "http://"+name+".test", upstream.Config{Transport: fake, Store: store})
	}
	return weather.NewService(store, upstream.NewSource(open("geocoding", body), weather.Geocoding()), time.Second,
		weather.Provider{Source: upstream.NewSource(open("metno", `{"properties":{"timeseries":[]}}`), weather.METNorway())})
}

func TestPlacesLeavesOutUnreadableResults(t *testing.T) {
	const good = `{"name":"Paris","latitude":48.85,"longitude":2.35}`
	s := geocoder(t, `{"results":[`+good+`,{"name":"Paris","latitude":95,"longitude":1},`+good+`]}`)
	for _, state := range []upstream.State{upstream.Live, upstream.Cached} {
		places, outcome, err := s.Places(t.Context(), "Paris", 5, upstream.Directives{})
		if err != nil || len(places) != 2 || outcome.State != state {
			t.Fatalf("Places = %d places, %s, %v; want 2, %s", len(places), outcome.State, err, state)
		}
		if want := "invalid_response: 1 of 3 left out: results[1].latitude: outside -90 to 90"; outcome.Err == nil || outcome.Err.Error() != want {
			t.Errorf("%s: error = %v, want %q", state, outcome.Err, want)
		}
		if !outcome.Incomplete() || !outcome.Degraded() {
			t.Errorf("%s: incomplete = %v, degraded = %v; want both", state, outcome.Incomplete(), outcome.Degraded())
		}
	}

	s = geocoder(t, `{"results":[`+good+`]}`)
	if _, outcome, err := s.Places(t.Context(), "Paris", 5, upstream.Directives{}); err != nil || outcome.Err != nil {
		t.Errorf("Places of a good answer: %v, %v; want no error", outcome.Err, err)
	}

	s = geocoder(t, `{"results":[{"name":"Paris","latitude":95,"longitude":1}]}`)
	if _, outcome, err := s.Places(t.Context(), "Paris", 5, upstream.Directives{}); err == nil || outcome.State != upstream.Failed || outcome.Err.Code != upstream.CodeInvalidResponse {
		t.Errorf("Places of an answer that cannot be read = %+v, %v; want failed, invalid_response", outcome.Provenance, err)
	}
}

func TestCurrentWithoutData(t *testing.T) {
	s := geocoder(t, `{"results":[{"name":"Paris","latitude":48.85,"longitude":2.35}]}`)
	_, _, err := s.Current(t.Context(), weather.Query{City: "Paris"})
	none, ok := errors.AsType[*aggregate.NoAnswerError](err)
	if !ok || !none.NoData() || none.NotFound() {
		t.Fatalf("Current = %v, want that there is no data", err)
	}
	if got := none.Sources[1]; got.State != upstream.Failed || got.Err.Code != upstream.CodeNoData || got.Attempts != 1 {
		t.Errorf("metno = %+v, want failed, no_data, one attempt", got)
	}
}
