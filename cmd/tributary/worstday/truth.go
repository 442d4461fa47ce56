package worstday

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"sync"
	"time"

	"tributary/upstream/sim"
)

// truth is what the providers have for every place and hour: simulated ones of its own,
// which are always well. They listen on the system's network, outside of every bubble.
var truth truths

type truths struct {
	mu     sync.Mutex // one question at a time, each has its own hour
	sim    *sim.Simulator
	client *http.Client
	hour   time.Time
	known  map[string]float64
}

// StartTruth starts the providers that expected values come from. It must be called
// outside of bubbles, and stop at the end of the test.
func StartTruth() (stop func(), err error) {
	truth.known = map[string]float64{}
	truth.client = &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	truth.sim, err = sim.Start(context.Background(), sim.Config{Now: func() time.Time { return truth.hour }})
	if err != nil {
		return nil, err
	}
	return func() { _ = truth.sim.Close() }, nil
}

// questions are how each provider is asked for a value, and where it is in the answer.
var questions = map[string]struct{ source, path string }{
	"openmeteo temperature":   {sim.OpenMeteo, "/v1/forecast?latitude=%g&longitude=%g&current=temperature_2m"},
	"metno temperature":       {sim.MetNorway, "/weatherapi/locationforecast/2.0/compact?lat=%g&lon=%g"},
	"openweather temperature": {sim.OpenWeather, "/data/2.5/weather?units=metric&appid=key&lat=%g&lon=%g"},
	"openmeteo_air pm2_5":     {sim.OpenMeteoAir, "/v1/air-quality?latitude=%g&longitude=%g&current=pm2_5"},
	"openweather pm2_5":       {sim.OpenWeather, "/data/2.5/air_pollution?appid=key&lat=%g&lon=%g"},
}

// value is what a provider has for a place and the hour of a time, NaN if nobody knows:
// nothing is then found wrong.
func (t *truths) value(source, what string, lat, lon float64, at time.Time) float64 {
	at = at.Truncate(time.Hour)
	key := fmt.Sprint(source, what, lat, lon, at.Unix())
	t.mu.Lock()
	defer t.mu.Unlock()
	v, ok := t.known[key]
	if !ok {
		t.hour = at
		v = t.ask(source+" "+what, lat, lon)
		t.known[key] = v
	}
	return v
}

func (t *truths) ask(question string, lat, lon float64) float64 {
	q, ok := questions[question]
	if !ok {
		return math.NaN()
	}
	req, _ := http.NewRequest(http.MethodGet, t.sim.URL(q.source)+fmt.Sprintf(q.path, lat, lon), nil)
	req.Header.Set("User-Agent", "tributary-test ops@example.org")
	resp, err := t.client.Do(req)
	if err != nil {
		return math.NaN()
	}
	defer resp.Body.Close()
	var a struct {
		Current struct {
			Temperature float64 `json:"temperature_2m"`
			PM25        float64 `json:"pm2_5"`
		}
		Main struct{ Temp float64 }
		List []struct {
			Components struct {
				PM25 float64 `json:"pm2_5"`
			}
		}
		Properties struct {
			Timeseries []struct {
				Data struct {
					Instant struct {
						Details struct {
							Temperature float64 `json:"air_temperature"`
						}
					}
				}
			}
		}
	}
	if json.NewDecoder(resp.Body).Decode(&a) != nil || resp.StatusCode != http.StatusOK {
		return math.NaN()
	}
	switch {
	case len(a.Properties.Timeseries) > 0:
		return a.Properties.Timeseries[0].Data.Instant.Details.Temperature
	case len(a.List) > 0:
		return a.List[0].Components.PM25
	case question == "openweather temperature":
		return a.Main.Temp
	}
	return a.Current.Temperature + a.Current.PM25 // it has one of them
}
