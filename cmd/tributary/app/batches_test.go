package app_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// fiftyPlaces are a query for places around the southern ocean, without the word place
// before the first.
func fiftyPlaces() string {
	var places []string
	for i := range 50 {
		places = append(places, fmt.Sprintf("place=-60,%d", 7*i-170))
	}
	return strings.Join(places, "&")
}

// placeEntry is an entry of a batch about places.
type placeEntry struct {
	Data struct {
		Place struct{ Longitude float64 }
	}
	Meta struct {
		Status  string
		Sources []source
	}
}

// batch asks about fiftyPlaces, and wants an answer for each, in order.
func (p *program) batch(t *testing.T, path string) []placeEntry {
	t.Helper()
	a := p.get(path + "?" + fiftyPlaces())
	var b struct{ Data []placeEntry }
	if err := json.Unmarshal([]byte(a.body), &b); err != nil || a.status != http.StatusOK || len(b.Data) != 50 {
		t.Fatalf("%s: %d, %d entries: %.300s", path, a.status, len(b.Data), a.body)
	}
	for i, e := range b.Data {
		if want := float64(7*i - 170); e.Data.Place.Longitude != want {
			t.Errorf("entry %d is about longitude %g, want %g", i, e.Data.Place.Longitude, want)
		}
	}
	return b.Data
}

// calls is how often a simulated upstream was asked.
func (p *program) calls(t *testing.T, name string) (calls int) {
	t.Helper()
	var state struct{ Calls *int }
	a := p.do(http.MethodGet, p.urls["sim"]+"/_sim/"+name, "")
	if err := json.Unmarshal([]byte(a.body), &state); err != nil || state.Calls == nil {
		t.Fatalf("state of %s: %d %s", name, a.status, a.body)
	}
	return *state.Calls
}

// quotaLeft is the number of calls that an upstream may still be asked.
func (p *program) quotaLeft(t *testing.T, name string) int {
	t.Helper()
	var status struct {
		Upstreams []struct {
			Name      string
			QuotaLeft *int `json:"quota_left"`
		}
	}
	a := p.get("/v1/status")
	if err := json.Unmarshal([]byte(a.body), &status); err != nil {
		t.Fatalf("status: %v: %s", err, a.body)
	}
	for _, up := range status.Upstreams {
		if up.Name == name && up.QuotaLeft != nil {
			return *up.QuotaLeft
		}
	}
	t.Fatalf("no quota of %s in %s", name, a.body)
	return 0
}

func TestOpenMeteoIsAskedOnceAboutManyPlaces(t *testing.T) {
	for path, of := range map[string]struct {
		upstream string
		weight   int // of 50 places
	}{
		"/v1/weather":          {"openmeteo", 65},
		"/v1/weather/forecast": {"openmeteo", 70},
		"/v1/air-quality":      {"openmeteo_air", 70},
	} {
		t.Run(path, func(t *testing.T) {
			env := map[string]string{}
			for _, name := range []string{"OPENMETEO", "OPENMETEO_AIR"} {
				env[name+"_RATE_LIMIT"], env[name+"_RETRIES"], env[name+"_HEDGE_QUANTILE"] = "1000/87600h", "0", "0"
			}
			d := start(t, env, "demo")
			for _, e := range d.batch(t, path) {
				if e.Meta.Status != "complete" {
					t.Errorf("an entry is %s, want complete: %+v", e.Meta.Status, e)
				}
			}
			if calls, left := d.calls(t, of.upstream), d.quotaLeft(t, of.upstream); calls != 1 || left != 1000-of.weight {
				t.Errorf("%d calls, %d left of the quota of 1000; want 1 call, and %d", calls, left, 1000-of.weight)
			}
			d.batch(t, path)
			d.get(path + "?lat=-60&lon=-163")
			if calls := d.calls(t, of.upstream); calls != 1 {
				t.Errorf("%d calls after asking again, about all and about one; want no further one", calls)
			}
		})
	}
}

func TestOneBadPlaceLeavesOthersComplete(t *testing.T) {
	env := map[string]string{"OPENMETEO_RETRIES": "0", "OPENMETEO_HEDGE_QUANTILE": "0", "OPENMETEO_AIR_RETRIES": "0", "OPENMETEO_AIR_HEDGE_QUANTILE": "0"}
	d := start(t, env, "demo")
	for path, upstream := range map[string]string{"/v1/weather": "openmeteo", "/v1/weather/forecast": "openmeteo", "/v1/air-quality": "openmeteo_air"} {
		t.Run(path, func(t *testing.T) {
			before := d.calls(t, upstream)
			d.fault(upstream, `{"error_rate": 1, "status": 400, "match": "-149"}`)
			for i, e := range d.batch(t, path) {
				of := answer{}
				of.Meta.Sources = e.Meta.Sources
				if got, bad := of.source(upstream).Error.Code, i == 3; (got != "") != bad || (e.Meta.Status == "degraded") != bad {
					t.Errorf("entry %d is %s, with %q of %s; want only the fourth degraded", i, e.Meta.Status, got, upstream)
				}
			}
			if calls := d.calls(t, upstream) - before; calls > 16 {
				t.Errorf("%d calls, want 16 at most", calls)
			}
		})
	}
}
