package api_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"tributary/upstream/weather"
)

// entry is an entry of a batch.
type entry[T any] struct {
	envelope[T]
	Problem *problem `json:"problem"`
}

// batchOf decodes a batch, which must be a 200.
func batchOf[T any](a *answer) (entries []entry[T], status string) {
	a.t.Helper()
	a.wantStatus(http.StatusOK)
	b := decode[struct {
		Data []entry[T]
		Meta struct{ Status string }
	}](a)
	return b.Data, b.Meta.Status
}

// batchPath is a batch of entries of a parameter.
func batchPath(path, parameter string, values ...string) string {
	return path + "?" + url.Values{parameter: values}.Encode()
}

// somePlaces are different places in the south of India.
func somePlaces(n int) (places []string) {
	for i := range n {
		places = append(places, fmt.Sprintf("%.1f,77.5", 8+float64(i)/10))
	}
	return places
}

func TestBatchOfPlaces(t *testing.T) {
	it(t, "has the answer of each place in order, and asks about one that stands there twice once", func(t *testing.T) {
		g := newGateway(t)
		a := g.get(batchPath("/v1/weather", "place", "28.65,77.23", "-33.87,151.21", "28.6501,77.2301"))
		entries, status := batchOf[weather.Current](a)
		if len(entries) != 3 || status != "complete" {
			t.Fatalf("%d entries, %s; want 3, complete: %s", len(entries), status, a.body)
		}
		for i, latitude := range []float64{28.65, -33.87, 28.65} {
			e := entries[i]
			if e.Data.Place.Latitude != latitude || e.Data.Temperature == nil || *e.Data.Temperature != 21 {
				t.Errorf("entry %d = %s, want the weather at latitude %g", i, mustJSON(t, e), latitude)
			}
			if len(e.Meta.Sources) != 3 || e.Meta.Status != "complete" || e.Meta.Sources[0].State != "live" {
				t.Errorf("meta of entry %d = %s, want three live sources", i, mustJSON(t, e.Meta))
			}
		}
		if n := g.metno.Sent(); n != 2 {
			t.Errorf("metno was asked %d times, want 2", n)
		}
		if got := a.maxAge(); got < 540 || got > 600 || !strings.HasSuffix(a.Header.Get("Cache-Control"), ", stale-while-revalidate=60, stale-if-error=86400") {
			t.Errorf("Cache-Control = %q, want about 10 minutes", a.Header.Get("Cache-Control"))
		}
		a.wantHeader("Cache-Status", "tributary; fwd=uri-miss; fwd-status=200; stored")
		if timing := a.Header.Get("Server-Timing"); !strings.HasPrefix(timing, "trace;") {
			t.Errorf("Server-Timing = %q, want the trace only", timing)
		}
	})
	it(t, "is a batch even with one place, in imperial units too", func(t *testing.T) {
		g := newGateway(t)
		entries, _ := batchOf[weather.Current](g.get(batchPath("/v1/weather", "place", "28.65,77.23") + "&units=imperial"))
		if len(entries) != 1 || entries[0].Data.Units.Temperature != "°F" {
			t.Errorf("entries = %s, want one in °F", mustJSON(t, entries))
		}
	})
	it(t, "asks nothing when everything is cached, and answers 304", func(t *testing.T) {
		g := newGateway(t)
		path := batchPath("/v1/weather", "place", somePlaces(3)...)
		first := g.get(path)
		sent := g.asked()
		time.Sleep(10 * time.Second)
		again := g.get(path)
		if got := again.Header.Get("Cache-Status"); !strings.HasPrefix(got, "tributary; hit; ttl=5") {
			t.Errorf("Cache-Status = %q, want a hit", got)
		}
		again.wantHeader("ETag", first.Header.Get("ETag"))
		g.get(path, "If-None-Match", first.Header.Get("ETag")).wantStatus(http.StatusNotModified)
		g.get("/v1/weather?lat=8.0&lon=77.5").wantStatus(http.StatusOK)
		if g.asked() != sent {
			t.Errorf("%d requests sent, want none", g.asked()-sent)
		}
		if other := g.get(batchPath("/v1/weather", "place", somePlaces(2)...)); other.Header.Get("ETag") == first.Header.Get("ETag") {
			t.Error("another batch has the same ETag")
		}
	})
	it(t, "has a problem in the place of what fails, and is degraded then", func(t *testing.T) {
		g := newGateway(t, func(s *setup) { s.without = []string{"metno", "openweather"} })
		g.openmeteo.Now(func(r *http.Request) (*http.Response, error) {
			if strings.HasSuffix(r.URL.RawQuery, "8.1,77.5") {
				return breaks(r)
			}
			return reports(0)(r)
		})
		a := g.get(batchPath("/v1/weather", "place", somePlaces(3)...))
		entries, status := batchOf[weather.Current](a)
		p := entries[1].Problem
		if status != "degraded" || p == nil || p.Status != http.StatusBadGateway || p.Code != "all_sources_failed" || len(p.Sources) != 1 {
			t.Errorf("%s, entry 1 = %s; want degraded, all_sources_failed", status, mustJSON(t, entries[1]))
		}
		if entries[0].Data.Temperature == nil || entries[2].Data.Temperature == nil {
			t.Errorf("the others = %s, want their weather", mustJSON(t, entries))
		}
		a.wantHeader("Cache-Control", "public, max-age=5")
	})
	it(t, "is complete with a problem that is a 404", func(t *testing.T) {
		g := newGateway(t, func(s *setup) { s.without = []string{"metno", "openweather"} })
		g.openmeteo.Now(func(r *http.Request) (*http.Response, error) {
			switch {
			case strings.HasSuffix(r.URL.RawQuery, "8.1,77.5"):
				return answers404(r)
			case strings.HasSuffix(r.URL.RawQuery, "8.2,77.5"):
				return hasNoData(r)
			}
			return reports(0)(r)
		})
		a := g.get(batchPath("/v1/weather", "place", somePlaces(3)...))
		entries, status := batchOf[weather.Current](a)
		if p := entries[1].Problem; status != "complete" || p == nil || p.Code != "not_found" {
			t.Errorf("%s, entry 1 = %s; want complete, not_found", status, mustJSON(t, entries[1]))
		}
		if p := entries[2].Problem; p == nil || p.Code != "no_data" {
			t.Errorf("entry 2 = %s, want no_data", mustJSON(t, entries[2]))
		}
		a.wantHeader("Cache-Control", "public, max-age=30")
	})
	it(t, "is degraded when an entry is, and has its max-age", func(t *testing.T) {
		g := newGateway(t)
		g.metno.Now(breaks)
		a := g.get(batchPath("/v1/weather", "place", somePlaces(2)...))
		if entries, status := batchOf[weather.Current](a); status != "degraded" || entries[0].Meta.Status != "degraded" {
			t.Errorf("%s, %s; want both degraded", status, entries[0].Meta.Status)
		}
		a.wantHeader("Cache-Control", "public, max-age=5")
	})
	it(t, "tells what is not cached when nothing may be asked", func(t *testing.T) {
		g := newGateway(t)
		g.get("/v1/weather?lat=8.0&lon=77.5")
		sent := g.asked()
		entries, status := batchOf[weather.Current](g.get(batchPath("/v1/weather", "place", somePlaces(2)...), "Cache-Control", "only-if-cached"))
		if p := entries[1].Problem; entries[0].Data.Temperature == nil || p == nil || p.Code != "not_cached" || status != "degraded" || g.asked() != sent {
			t.Errorf("%s: %s, want the first, not_cached for the second, and no request", status, mustJSON(t, entries))
		}
	})
	it(t, "waits for each place as a request for it alone does", func(t *testing.T) {
		g := newGateway(t)
		g.all(hangs)
		g.openmeteo.Now(func(r *http.Request) (*http.Response, error) {
			if strings.HasSuffix(r.URL.RawQuery, "8.0,77.5") {
				return reports(0)(r)
			}
			return after(time.Second, reports(0))(r)
		})
		entries, _ := batchOf[weather.Current](g.get(batchPath("/v1/weather", "place", somePlaces(2)...)))
		if entries[0].Data.Temperature == nil || entries[1].Data.Temperature == nil {
			t.Errorf("entries = %s, want both: nobody else answers for the second", mustJSON(t, entries))
		}
	})
	it(t, "has air quality too", func(t *testing.T) {
		g := newGateway(t)
		entries, status := batchOf[struct {
			PM25 float64 `json:"pm2_5"`
		}](g.get(batchPath("/v1/air-quality", "place", somePlaces(2)...)))
		if status != "complete" || len(entries) != 2 || entries[1].Data.PM25 == 0 {
			t.Errorf("%s, %s; want two complete entries", status, mustJSON(t, entries))
		}
	})
	it(t, "is switched off as a whole", func(t *testing.T) {
		g := newGateway(t, func(s *setup) { s.without = []string{"openmeteo", "metno", "openweather"} })
		g.get(batchPath("/v1/weather", "place", "1,2")).problem(http.StatusNotImplemented, "not_configured")
	})
}
