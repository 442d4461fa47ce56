package worstday_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"tributary/cmd/tributary/worstday"
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
			if c.Replica != 0 || c.Method != http.MethodGet || c.Status != http.StatusOK || c.Ended != "answered" {
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
