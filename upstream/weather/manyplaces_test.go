package weather_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"tributary/cache"
	"tributary/upstream"
	"tributary/upstream/aggregate"
	"tributary/upstream/upstreamtest"
	"tributary/upstream/weather"
)

// openMeteoPlaces answers as Open-Meteo does: with an object about one place, with a list
// about many. The temperature is a tenth of the latitude. One of the places in refused
// fails the whole call.
func openMeteoPlaces(t *testing.T, refused ...string) upstreamtest.Behaviour {
	t.Helper()
	template, err := os.ReadFile("testdata/openmeteo.json")
	if err != nil {
		t.Fatal(err)
	}
	return func(r *http.Request) (*http.Response, error) {
		var items []string
		for n, latitude := range latitudes(r) {
			if slices.Contains(refused, latitude) {
				return upstreamtest.Answers(400, `{"error":true,"reason":"No data is available for this location"}`)(r)
			}
			degrees, _ := strconv.ParseFloat(latitude, 64)
			item := strings.NewReplacer(
				`"temperature_2m":24.1`, fmt.Sprintf(`"temperature_2m":%.2f`, degrees/10),
				`"time":1795500900`, fmt.Sprintf(`"time":%d`, time.Now().Unix()),
				`"elevation":216.0`, fmt.Sprintf(`"elevation":216.0,"location_id":%d`, n),
			).Replace(strings.TrimSpace(string(template)))
			items = append(items, strings.Replace(item, `,"location_id":0`, "", 1))
		}
		if len(items) == 1 {
			return upstreamtest.Answers(200, items[0])(r)
		}
		return upstreamtest.Answers(200, "["+strings.Join(items, ",")+"]")(r)
	}
}

// latitudes are those that a request to Open-Meteo is about.
func latitudes(r *http.Request) []string { return strings.Split(r.URL.Query().Get("latitude"), ",") }

// crowd is a service of Open-Meteo alone, which is asked about many places.
type crowd struct {
	*weather.Service
	openMeteo *upstreamtest.Fake
	upstream  *upstream.Upstream
}

func newCrowd(t *testing.T, refused ...string) crowd {
	t.Helper()
	c := crowd{openMeteo: upstreamtest.NewFake(upstreamtest.After(50*time.Millisecond, openMeteoPlaces(t, refused...)))}
	store := cache.NewStore(1000)
	c.upstream = upstreamtest.Open(t, "openmeteo", "http://openmeteo.test", upstream.Config{
		Transport: c.openMeteo, Store: store,
		Policies: upstream.Policies{MaxConcurrent: 5, Quotas: []upstream.Quota{{Calls: 600, Window: time.Hour}}},
	})
	batch := upstream.NewBatch(c.upstream, weather.OpenMeteoBatch())
	c.Service = weather.NewService(store, nil, time.Second, weather.Provider{Source: batch.Source(), Batch: batch})
	return c
}

// sizes are how many places each request was about.
func (c crowd) sizes() (sizes []int) {
	for _, r := range c.openMeteo.Requests() {
		sizes = append(sizes, len(latitudes(r)))
	}
	return sizes
}

// row is n places, a degree from each other.
func row(from, n int) (places []weather.Place) {
	for i := range n {
		places = append(places, weather.NewPlace(float64(from+i), 10))
	}
	return places
}

// at asks about many places, and returns their temperatures; the codes of failures.
func (c crowd) at(t *testing.T, places []weather.Place) (got []string) {
	t.Helper()
	answers, err := c.CurrentAt(t.Context(), weather.Query{}, places)
	if err != nil {
		t.Fatal(err)
	}
	for i, a := range answers {
		none, failed := errors.AsType[*aggregate.NoAnswerError](a.Err)
		if failed {
			got = append(got, string(none.Sources[0].Err.Code))
			continue
		}
		var shown weather.Current
		if err := json.Unmarshal(a.Data.JSON, &shown); err != nil {
			t.Fatal(err)
		}
		if shown.Place.Latitude != places[i].Latitude {
			t.Errorf("answer %d is about latitude %g, want %g", i, shown.Place.Latitude, places[i].Latitude)
		}
		got = append(got, fmt.Sprintf("%.1f %s", *shown.Temperature, a.Sources[0].State))
	}
	return got
}

func states(got []string, state string) (n int) {
	for _, g := range got {
		if strings.HasSuffix(g, state) {
			n++
		}
	}
	return n
}

func TestManyPlaces(t *testing.T) {
	it := func(does string, test func(t *testing.T)) {
		t.Run(does, func(t *testing.T) { synctest.Test(t, test) })
	}
	it("are one call, which costs as much quota as many", func(t *testing.T) {
		c := newCrowd(t)
		got := c.at(t, row(0, 50))
		if got[0] != "0.0 live" || got[30] != "3.0 live" || got[49] != "4.9 live" || states(got, "live") != 50 {
			t.Errorf("temperatures = %q, want a tenth of each latitude", got)
		}
		if left := *c.upstream.Status().QuotaLeft; !slices.Equal(c.sizes(), []int{50}) || left != 600-65 {
			t.Errorf("requests were for %v places, quota left %d; want one for 50, 535 left", c.sizes(), left)
		}
	})
	it("are asked about only where nothing is cached, and one of them later not at all", func(t *testing.T) {
		c := newCrowd(t)
		c.at(t, row(0, 20))
		if got := c.at(t, row(0, 50)); states(got, "cached") != 20 || states(got, "live") != 30 {
			t.Errorf("got %q, want 20 cached and 30 live", got)
		}
		if got := c.at(t, row(0, 50)); states(got, "cached") != 50 {
			t.Errorf("got %q, want all cached", got)
		}
		if _, sources, err := c.Current(t.Context(), weather.Query{At: row(7, 1)[0]}); err != nil || sources[0].State != upstream.Cached {
			t.Errorf("a single place: %v, %v; want it cached", sources, err)
		}
		if !slices.Equal(c.sizes(), []int{20, 30}) {
			t.Errorf("requests were for %v places, want 20 and 30", c.sizes())
		}
	})
	it("are not spoilt by one that is not covered", func(t *testing.T) {
		c := newCrowd(t, "20")
		got := c.at(t, row(0, 50))
		if got[20] != "not_found" || states(got, "live") != 49 {
			t.Errorf("got %q, want 49, and not_found for the one at latitude 20", got)
		}
		if n := len(c.sizes()); n > 16 {
			t.Errorf("%d requests, want 16 at most", n)
		}
	})
	it("are asked about once each", func(t *testing.T) {
		c := newCrowd(t)
		got := c.at(t, append(row(0, 2), append(row(1, 1), weather.NewPlace(0.001, 10))...))
		if want := []string{"0.0 live", "0.1 live", "0.1 live", "0.0 live"}; !slices.Equal(got, want) || !slices.Equal(c.sizes(), []int{2}) {
			t.Errorf("got %q with requests for %v, want %q with one for 2", got, c.sizes(), want)
		}
	})
	it("of one are asked about as a single place is", func(t *testing.T) {
		c := newCrowd(t)
		c.at(t, row(3, 1))
		many := c.openMeteo.Last().URL.String()
		if _, _, err := c.Current(t.Context(), weather.Query{At: row(4, 1)[0]}); err != nil {
			t.Fatal(err)
		}
		if one := c.openMeteo.Last().URL.String(); strings.Replace(many, "latitude=3", "latitude=4", 1) != one {
			t.Errorf("requests = %s and %s, want the same but for the place", many, one)
		}
	})
}
