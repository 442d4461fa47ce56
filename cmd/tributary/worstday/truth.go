package worstday

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"time"

	"tributary/upstream/sim"
)

// truth is what the providers have for every place and hour: simulated ones of its own,
// which are always well. Their handlers are called without a network.
var truth truths

type truths struct {
	mu        sync.Mutex // one question at a time, each has its own hour
	providers map[string]http.Handler
	hour      time.Time
	known     map[fact]float64
}

// fact is what a value is about.
type fact struct {
	question string
	lat, lon float64
	hour     int64 // Unix time
}

// StartTruth starts the providers that expected values come from. It must be called
// outside of bubbles, and stop at the end of the test.
func StartTruth() (stop func(), err error) {
	truth.known = map[fact]float64{}
	truth.providers = map[string]http.Handler{}
	s, err := sim.Start(context.Background(), sim.Config{
		Now:  func() time.Time { return truth.hour },
		Wrap: func(provider string, h http.Handler) http.Handler { truth.providers[provider] = h; return h },
	})
	if err != nil {
		return nil, err
	}
	return func() { _ = s.Close() }, nil
}

// questions are how each provider is asked for a value, and which texts come before it in
// the answer.
var questions = map[string]struct{ source, path, member, value string }{
	"openmeteo temperature":   {sim.OpenMeteo, "/v1/forecast?latitude=%g&longitude=%g&current=temperature_2m", `"current":`, `"temperature_2m":`},
	"metno temperature":       {sim.MetNorway, "/weatherapi/locationforecast/2.0/compact?lat=%g&lon=%g", `"timeseries":`, `"air_temperature":`},
	"openweather temperature": {sim.OpenWeather, "/data/2.5/weather?units=metric&appid=key&lat=%g&lon=%g", `"main":{`, `"temp":`},
	"openmeteo_air pm2_5":     {sim.OpenMeteoAir, "/v1/air-quality?latitude=%g&longitude=%g&current=pm2_5", `"current":`, `"pm2_5":`},
	"openweather pm2_5":       {sim.OpenWeather, "/data/2.5/air_pollution?appid=key&lat=%g&lon=%g", `"components":`, `"pm2_5":`},
}

// value is what a provider has for a place and the hour of a time, NaN if nobody knows:
// nothing is then found wrong.
func (t *truths) value(source, what string, lat, lon float64, at time.Time) float64 {
	at = at.Truncate(time.Hour)
	about := fact{source + " " + what, lat, lon, at.Unix()}
	t.mu.Lock()
	defer t.mu.Unlock()
	v, ok := t.known[about]
	if !ok {
		t.hour = at
		v = t.ask(about)
		t.known[about] = v
	}
	return v
}

// ask does not decode the answer: a forecast is long, and only one number of it counts.
func (t *truths) ask(about fact) float64 {
	q, ok := questions[about.question]
	if !ok {
		return math.NaN()
	}
	r := httptest.NewRequest(http.MethodGet, fmt.Sprintf(q.path, about.lat, about.lon), nil)
	r.Header.Set("User-Agent", "tributary-test ops@example.org")
	resp := httptest.NewRecorder()
	t.providers[q.source].ServeHTTP(resp, r)
	_, body, _ := bytes.Cut(resp.Body.Bytes(), []byte(q.member))
	_, body, _ = bytes.Cut(body, []byte(q.value))
	end := bytes.IndexAny(body, ",}")
	v, err := strconv.ParseFloat(string(body[:max(end, 0)]), 64)
	if err != nil || resp.Code != http.StatusOK {
		return math.NaN()
	}
	return v
}
