package api_test

import (
	"cmp"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"tributary/cache"
	"tributary/upstream"
	"tributary/upstream/aggregate"
	"tributary/upstream/air"
	"tributary/upstream/forecast"
	"tributary/upstream/upstreamtest"
	"tributary/upstream/weather"
)

// atPlaces is what each endpoint about places asks Open-Meteo for, and what a place weighs
// in its quota: a call for every ten variables.
var atPlaces = map[string]struct {
	upstream string
	weight   float64
}{
	"/v1/weather":          {"openmeteo", 1.3},
	"/v1/weather/forecast": {"openmeteo", 1.4},
	"/v1/air-quality":      {"openmeteo_air", 1.4},
}

// atlas is a gateway over a fake of Open-Meteo alone, which is asked in its real format.
type atlas struct {
	*gateway
	openMeteo *fake
	upstreams map[string]*upstream.Upstream
}

func newAtlas(t *testing.T, b behaviour) *atlas {
	t.Helper()
	time.Sleep(48 * time.Hour) // a bubble begins with 2000, and forecasts a day before
	a := &atlas{openMeteo: newFake(b), upstreams: map[string]*upstream.Upstream{}}
	store := cache.NewStore(1000)
	for _, name := range []string{"openmeteo", "openmeteo_air"} {
		a.upstreams[name] = upstreamtest.Open(t, name, "http://"+name+".test", upstream.Config{
			Transport: a.openMeteo, Store: store, Policies: upstream.Policies{Quotas: []upstream.Quota{{Calls: 600, Window: time.Hour}}},
		})
	}
	w := weather.NewService(store, nil, time.Second, inBatches(a.upstreams["openmeteo"], weather.OpenMeteoBatch()))
	f := forecast.NewService(store, w.Locate, time.Second, inBatches(a.upstreams["openmeteo"], weather.OpenMeteoForecastBatch()))
	q := air.NewService(store, w.Locate, time.Second, inBatches(a.upstreams["openmeteo_air"], air.OpenMeteoBatch()))
	a.gateway = newGateway(t, func(s *setup) { s.Weather, s.Forecast, s.Air = w, f, q })
	return a
}

// inBatches is a provider that is asked about many places in one call.
func inBatches[R any](up *upstream.Upstream, spec upstream.BatchSpec[weather.Place, *R]) aggregate.Provider[weather.Place, R] {
	batch := upstream.NewBatch(up, spec)
	return aggregate.Provider[weather.Place, R]{Source: batch.Source(), Batch: batch}
}

// calledFor are the latitudes of each call of Open-Meteo, in their order.
func (a *atlas) calledFor() (calls [][]string) {
	for _, r := range a.openMeteo.Requests() {
		calls = append(calls, latitudes(r))
	}
	return calls
}

func latitudes(r *http.Request) []string { return strings.Split(r.URL.Query().Get("latitude"), ",") }

// about is what an answer of any of the endpoints says about a place.
type about struct {
	Place struct{ Latitude float64 }
	Daily []struct {
		TemperatureMax float64 `json:"temperature_max"`
	}
	Temperature float64
	PM25        float64 `json:"pm2_5"`
}

// value is the temperature or the particles, whichever the endpoint has.
func (a about) value() float64 {
	most := max(a.Temperature, a.PM25)
	for _, day := range a.Daily {
		most = max(most, day.TemperatureMax)
	}
	return most
}

// has wants the values of the places in their order, which are their latitudes. It returns
// the problem of the place at the latitude that has one, nil for no place.
func (a *atlas) has(path string, places []string, except string) (found *problem) {
	a.t.Helper()
	entries, status := batchOf[about](a.get(batchPath(path, "place", places...)))
	if len(entries) != len(places) || status != "complete" && except == "" {
		a.t.Fatalf("%d entries, %s; want %d", len(entries), status, len(places))
	}
	for i, e := range entries {
		latitude, _, _ := strings.Cut(places[i], ",")
		if latitude == except {
			found = e.Problem
			continue
		}
		if at, value := fmt.Sprint(e.Data.Place.Latitude), fmt.Sprint(e.Data.value()); at != latitude || value != latitude {
			a.t.Errorf("entry %d is about latitude %s and has %s, want %s for both", i, at, value, latitude)
		}
	}
	return found
}

// openMeteoAnswers answers in Open-Meteo's format. Every value is the latitude of its
// place.
func openMeteoAnswers(r *http.Request) (*http.Response, error) {
	return sendsItems(openMeteoItems(r, nil))(r)
}

// openMeteoItems are answers about each place of a request, with the time zones of
// latitudes, else GMT.
func openMeteoItems(r *http.Request, zones map[string]string) (items []string) {
	for n, latitude := range latitudes(r) {
		items = append(items, openMeteoItem(r, n, latitude, cmp.Or(zones[latitude], "GMT")))
	}
	return items
}

// sendsItems sends an object about one place, a list about many.
func sendsItems(items []string) behaviour {
	if len(items) == 1 {
		return answers(http.StatusOK, items[0])
	}
	return answers(http.StatusOK, "["+strings.Join(items, ",")+"]")
}

// openMeteoItem is the answer about the place with a number, in a time zone.
func openMeteoItem(r *http.Request, number int, latitude, zone string) string {
	offset := offsetOf(zone)
	clock := fmt.Sprintf(`"utc_offset_seconds":%d,"timezone":%q`, offset, zone)
	if number > 0 {
		clock += fmt.Sprintf(`,"location_id":%d`, number)
	}
	now := time.Now().Unix()
	switch {
	case r.URL.Query().Has("hourly"):
		var times, values []string
		first := now - now%3600 - 24*3600 - offset%3600 // the labels are full hours of local time
		for hour := range int64(240) {
			times = append(times, strconv.FormatInt(first+hour*3600, 10))
			values = append(values, latitude)
		}
		return fmt.Sprintf(`{%s,"hourly_units":{"temperature_2m":"°C"},"hourly":{"time":[%s],"temperature_2m":[%s]}}`,
			clock, strings.Join(times, ","), strings.Join(values, ","))
	case r.URL.Path == "/v1/air-quality":
		return fmt.Sprintf(`{%s,"current_units":{"pm2_5":"μg/m³"},"current":{"time":%d,"interval":3600,"pm2_5":%s}}`, clock, now-now%3600, latitude)
	}
	return fmt.Sprintf(`{%s,"current_units":{"temperature_2m":"°C"},"current":{"time":%d,"interval":900,"temperature_2m":%s}}`, clock, now-now%900, latitude)
}

// offsetOf is how far a time zone is from UTC, in seconds.
func offsetOf(zone string) int64 {
	location, err := time.LoadLocation(zone)
	if err != nil {
		panic(err)
	}
	_, offset := time.Now().In(location).Zone()
	return int64(offset)
}
