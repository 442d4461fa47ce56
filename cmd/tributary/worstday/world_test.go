package worstday_test

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"tributary/cmd/tributary/worstday"
	"tributary/upstream/sim"
)

// client is the host of somebody who asks.
const client = "10.1.0.1"

// answer is what a client was told.
type answer struct {
	status int
	header http.Header
	body   string
}

// ask sends a request to a gateway; target is its method, path and query.
func ask(t *testing.T, w *worstday.World, replica int, target string, body string, headers ...string) answer {
	t.Helper()
	method, path, _ := strings.Cut(target, " ")
	r, err := http.NewRequest(method, path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	resp, err := w.Do(t.Context(), replica, client, r)
	if err != nil {
		t.Fatalf("%s at gateway %d: %v", target, replica, err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatalf("%s at gateway %d: %v", target, replica, err)
	}
	return answer{resp.StatusCode, resp.Header, string(text)}
}

func TestCallsOfOneRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := worstday.New(t, worstday.Setup{Seed: 1})
		defer w.Close()
		if a := ask(t, w, 0, "GET /v1/weather?lat=1&lon=1", ""); a.status != http.StatusOK || !strings.Contains(a.body, `"status":"complete"`) {
			t.Errorf("GET /v1/weather = %+v, want 200 and complete", a)
		}
		asked := map[string]int{}
		for _, c := range w.Calls() {
			asked[c.Provider]++
			if c.Replica != 0 || c.Method != http.MethodGet || c.Status != http.StatusOK || c.Ended != worstday.Answered {
				t.Errorf("call = %+v, want a GET of gateway 0 that was answered with 200", c)
			}
		}
		if asked["openmeteo"] != 1 || asked["openweather"] != 1 || asked["metno"] != 1 || len(asked) != 3 {
			t.Errorf("calls = %v, want one to each provider of weather", asked)
		}
		if log := w.Log(10); len(log) == 0 || !strings.Contains(log[len(log)-1], `"route":"/v1/weather"`) {
			t.Errorf("last line of the log = %q, want the request", log)
		}
	})
}

func TestDeclaredEndpoints(t *testing.T) {
	const file = `version: 1
upstreams: {crm: {credentials: bearer}}
sources:
  customer: {get: "crm /customers/{id}", answer: schemas/customer.json}
endpoints:
  /v1/customers/{id}:
    summary: A customer
    scope: none
    parameters: {id: {type: integer}}
    parts: {customer: {source: customer, ask: {id: id}, required: true}}
    data: {name: customer.name}
`
	synctest.Test(t, func(t *testing.T) {
		w := worstday.New(t, worstday.Setup{Seed: 1, Endpoints: file, Schemas: map[string]string{
			"schemas/customer.json": `{"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}}}`,
		}})
		defer w.Close()
		if a := ask(t, w, 0, "GET /v1/customers/7", ""); a.status != http.StatusOK || !strings.Contains(a.body, `"name":"`) {
			t.Errorf("GET /v1/customers/7 = %+v, want 200 and a name", a)
		}
		if calls := w.Calls(); len(calls) != 1 || calls[0].Provider != "crm" || calls[0].URL != "/customers/7" {
			t.Errorf("calls = %+v, want one to crm for /customers/7", calls)
		}
		if err := w.Fault("crm", sim.Fault{Mode: sim.ModeDown}); err != nil {
			t.Fatal(err)
		}
		if a := ask(t, w, 0, "GET /v1/customers/8", ""); a.status != http.StatusBadGateway {
			t.Errorf("GET /v1/customers/8 with crm down = %+v, want 502", a)
		}
	})
}

// Faults and jitter are drawn from the seed.
func TestSeed(t *testing.T) {
	calls := func(t *testing.T, seed uint64) (told []string) {
		synctest.Test(t, func(t *testing.T) {
			w := worstday.New(t, worstday.Setup{Seed: seed, Env: map[string]string{"GEOCODING_RETRIES": "3", "GEOCODING_HEDGE_QUANTILE": "0"}})
			defer w.Close()
			if err := w.Fault("geocoding", sim.Fault{ErrorRate: 0.5, JitterMS: 100}); err != nil {
				t.Fatal(err)
			}
			start := time.Now()
			for _, city := range []string{"Oslo", "Paris", "Rome", "Delhi", "Lima"} {
				ask(t, w, 0, "GET /v1/places?q="+city, "")
			}
			for _, c := range w.Calls() {
				told = append(told, fmt.Sprint(c.At.Sub(start), c.Took, c.URL, c.Status))
			}
		})
		return told
	}
	first, again, other := calls(t, 1), calls(t, 1), calls(t, 2)
	if !slices.Equal(first, again) {
		t.Errorf("calls of one seed differ:\n%q\n%q", first, again)
	}
	if slices.Equal(first, other) {
		t.Errorf("calls of two seeds are equal: %q", first)
	}
}
