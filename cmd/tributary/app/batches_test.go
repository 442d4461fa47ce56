package app_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// fiftyPlaces are the query for 50 places around the southern ocean.
func fiftyPlaces() string {
	var places []string
	for i := range 50 {
		places = append(places, fmt.Sprintf("place=-60,%d", 7*i-170))
	}
	return strings.Join(places, "&")
}

// openMeteoAlone is the environment of a demo whose only provider about places is
// Open-Meteo, which is asked once for each call, however long it takes.
func openMeteoAlone() map[string]string {
	env := map[string]string{"METNO_ENABLED": "false", "OPENWEATHER_ENABLED": "false", "PATIENCE": "20s"}
	for _, name := range []string{"OPENMETEO", "OPENMETEO_AIR"} {
		env[name+"_RATE_LIMIT"], env[name+"_TIMEOUT"] = "1000/87600h", "20s"
		env[name+"_RETRIES"], env[name+"_HEDGE_QUANTILE"], env[name+"_BREAKER_MIN_CALLS"] = "0", "0", "1000"
	}
	return env
}

// batch asks about fiftyPlaces. It returns which entries are problems, and wants the
// others to be complete and in order.
func (p *program) batch(t *testing.T, path string) (problems []int) {
	t.Helper()
	a := p.get(path + "?" + fiftyPlaces())
	var b struct {
		Data []struct {
			Data    struct{ Place struct{ Longitude float64 } }
			Meta    struct{ Status string }
			Problem any
		}
	}
	if err := json.Unmarshal([]byte(a.body), &b); err != nil || a.status != http.StatusOK || len(b.Data) != 50 {
		t.Fatalf("%s: %d, %d entries: %.300s", path, a.status, len(b.Data), a.body)
	}
	for i, e := range b.Data {
		if e.Problem != nil {
			problems = append(problems, i)
		} else if want := float64(7*i - 170); e.Data.Place.Longitude != want || e.Meta.Status != "complete" {
			t.Errorf("entry %d is %s, about longitude %g; want it complete, about %g", i, e.Meta.Status, e.Data.Place.Longitude, want)
		}
	}
	return problems
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
			d := start(t, openMeteoAlone(), "demo")
			if problems := d.batch(t, path); len(problems) > 0 {
				t.Errorf("entries %v are problems, want none", problems)
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
	d := start(t, openMeteoAlone(), "demo")
	for path, upstream := range map[string]string{"/v1/weather": "openmeteo", "/v1/weather/forecast": "openmeteo", "/v1/air-quality": "openmeteo_air"} {
		t.Run(path, func(t *testing.T) {
			before := d.calls(t, upstream)
			d.fault(upstream, `{"error_rate": 1, "status": 400, "match": "-149"}`)
			if problems := d.batch(t, path); !slices.Equal(problems, []int{3}) {
				t.Errorf("entries %v are problems, want that of longitude -149", problems)
			}
			if calls := d.calls(t, upstream) - before; calls > 16 {
				t.Errorf("%d calls, want 16 at most", calls)
			}
		})
	}
}
