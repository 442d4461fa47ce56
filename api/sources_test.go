package api_test

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"tributary/upstream/weather"
)

const (
	city = "/v1/weather?city=Delhi"
	here = "/v1/weather?lat=28.65&lon=77.23"
)

func TestSourcesOfAnAnswer(t *testing.T) {
	it(t, "lists the sources in order with their attributions", func(t *testing.T) {
		g := newGateway(t)
		g.metno.Now(after(41*time.Millisecond, reports(1)))
		a := g.get(city)
		w := a.weather()
		if w.Meta.Status != "complete" || len(w.Meta.Sources) != 4 {
			t.Fatalf("meta = %+v, want it complete, of four sources", w.Meta)
		}
		for i, want := range []source{
			{Name: "geocoding", Attribution: weather.OpenMeteoAttribution},
			{Name: "openmeteo", Attribution: weather.OpenMeteoAttribution},
			{Name: "metno", Attribution: weather.METNorwayAttribution, LatencyMS: 41},
			{Name: "openweather"},
		} {
			got := w.Meta.Sources[i]
			if got.Name != want.Name || got.Attribution != want.Attribution || got.LatencyMS != want.LatencyMS || got.Attempts != 1 || *got.AgeSeconds != 0 {
				t.Errorf("source %d = %+v, want %+v, age 0, 1 attempt", i, got, want)
			}
			a.wantState(want.Name, "live", "")
		}
		if !strings.Contains(a.Header.Get("Server-Timing"), "00-"+w.Meta.TraceID+"-") {
			t.Errorf("Server-Timing = %q, want the trace %s of meta", a.Header.Get("Server-Timing"), w.Meta.TraceID)
		}
	})

	it(t, "has no geocoding for coordinates", func(t *testing.T) {
		g := newGateway(t)
		if got := len(g.get(here).weather().Meta.Sources); got != 3 {
			t.Errorf("%d sources, want 3", got)
		}
	})

	it(t, "leaves out disabled sources", func(t *testing.T) {
		g := newGateway(t, func(s *setup) { s.without = []string{"metno", "openweather"} })
		w := g.get(here).weather()
		if len(w.Meta.Sources) != 1 || w.Meta.Sources[0].Name != "openmeteo" || w.Meta.Status != "complete" {
			t.Errorf("meta = %+v, want it complete, of openmeteo alone", w.Meta)
		}
	})

	it(t, "marks a late observation as not used", func(t *testing.T) {
		g := newGateway(t)
		late := report(7)
		late.ObservedAt = time.Now().Add(-91 * time.Minute)
		g.metno.Now(sendsJSON(late))
		a := g.get(here)
		if s := a.wantState("metno", "live", ""); s.Used == nil || *s.Used {
			t.Errorf("metno = %+v, want used: false", s)
		}
		if s := a.wantState("openmeteo", "live", ""); s.Used != nil {
			t.Errorf("openmeteo = %+v, want no word of used", s)
		}
		if got := a.weather().Data; *got.Temperature != 21 || got.Spread.Temperature.Sources != 2 {
			t.Errorf("temperature = %v of %d sources, want 21 of 2", *got.Temperature, got.Spread.Temperature.Sources)
		}
	})
}

func TestStatesOfASource(t *testing.T) {
	it(t, "is cached while it is fresh", func(t *testing.T) {
		g := newGateway(t)
		g.get(city)
		time.Sleep(90*time.Second + 999*time.Millisecond)
		a := g.get(city)
		for _, name := range []string{"geocoding", "openmeteo", "metno", "openweather"} {
			if s := a.wantState(name, "cached", ""); *s.AgeSeconds != 90 || s.Attempts != 0 {
				t.Errorf("%s = %+v, want age 90, no attempt", name, s)
			}
		}
		if n := g.asked(); n != 4 {
			t.Errorf("%d requests sent, want 4", n)
		}
	})

	it(t, "is revalidating during a refresh, and not degraded", func(t *testing.T) {
		g := newGateway(t)
		g.get(here)
		time.Sleep(11 * time.Minute)
		g.metno.Now(after(time.Second, reports(9)))
		a := g.get(here)
		if s := a.wantState("metno", "revalidating", ""); *s.AgeSeconds != 660 {
			t.Errorf("age_seconds = %d, want 660", *s.AgeSeconds)
		}
		if got := a.weather().Meta.Status; got != "complete" {
			t.Errorf("meta.status = %s, want complete", got)
		}
		time.Sleep(2 * time.Second)
		g.get(here).wantState("metno", "cached", "")
	})

	it(t, "is stale with an error if the fetch fails", func(t *testing.T) {
		g := newGateway(t)
		g.get(here)
		time.Sleep(time.Hour)
		g.metno.Now(breaks)
		a := g.get(here)
		s := a.wantState("metno", "stale", "server_error")
		if *s.AgeSeconds != 3600 || s.Attempts != 1 || s.Error.Detail == "" {
			t.Errorf("metno = %+v, want age 3600, 1 attempt, a detail", s)
		}
		a.wantState("openmeteo", "live", "")
		if got := a.weather().Meta.Status; got != "degraded" {
			t.Errorf("meta.status = %s, want degraded", got)
		}
		again := g.get(here) // during the cooldown no request is sent
		again.wantState("metno", "stale", "server_error")
		if n := g.metno.Sent(); n != 2 {
			t.Errorf("metno was asked %d times, want 2", n)
		}
	})

	it(t, "is stale if the fetch takes too long", func(t *testing.T) {
		g := newGateway(t)
		g.get(here)
		time.Sleep(time.Hour)
		g.openweather.Now(hangs)
		if s := g.get(here).wantState("openweather", "stale", "timeout"); s.LatencyMS != 800 {
			t.Errorf("latency_ms = %d, want the patience, 800", s.LatencyMS)
		}
	})

	it(t, "is failed without a stale value", func(t *testing.T) {
		g := newGateway(t)
		g.openmeteo.Now(refuses)
		a := g.get(here)
		a.wantState("openmeteo", "failed", "connection")
		if w := a.weather(); w.Meta.Status != "degraded" || *w.Data.Temperature != 21.5 {
			t.Errorf("%s with %v °C, want degraded with the median of the others, 21.5", w.Meta.Status, *w.Data.Temperature)
		}
	})

	it(t, "is skipped if it does not cover the place, and not degraded", func(t *testing.T) {
		g := newGateway(t)
		g.metno.Now(answers404)
		a := g.get(here)
		a.wantState("metno", "skipped", "not_found")
		if got := a.weather().Meta.Status; got != "complete" {
			t.Errorf("meta.status = %s, want complete", got)
		}
	})

	it(t, "is live, of age 0, when a 304 confirms it", func(t *testing.T) {
		g := newGateway(t)
		g.openmeteo.Now(sendsJSON(report(0), "ETag", `"v1"`))
		before := g.get(here)
		time.Sleep(time.Hour)
		g.openmeteo.Now(answers(http.StatusNotModified, "", "ETag", `"v1"`))
		g.metno.Now(sendsJSON(report(1)))
		after := g.get(here)
		if s := after.wantState("openmeteo", "live", ""); *s.AgeSeconds != 0 {
			t.Errorf("age_seconds = %d, want 0", *s.AgeSeconds)
		}
		if got := g.openmeteo.Last().Header.Get("If-None-Match"); got != `"v1"` {
			t.Errorf("openmeteo was sent If-None-Match %q", got)
		}
		if before.weather().Meta.TraceID == after.weather().Meta.TraceID {
			t.Error("two requests have one trace")
		}
	})

	it(t, "degrades the answer if geocoding has only a stale place", func(t *testing.T) {
		g := newGateway(t)
		g.get(city)
		time.Sleep(49 * time.Hour)
		g.geocoding.Now(breaks)
		a := g.get(city)
		a.wantState("geocoding", "stale", "server_error")
		if got := a.weather().Meta.Status; got != "degraded" {
			t.Errorf("meta.status = %s, want degraded", got)
		}
	})
}

func TestMaxAgeRevalidates(t *testing.T) {
	for _, c := range []struct {
		name, directive string
		age             time.Duration
		want            string
	}{
		{"what is older", "max-age=60", 61 * time.Second, "live"},
		{"but no younger entry", "Max-Age=60", 60 * time.Second, "cached"},
		{"what is older than half a minute, however young it is to be", "max-age=0", 31 * time.Second, "live"},
		{"but nothing younger than that", "max-age=0", 30 * time.Second, "cached"},
		{"by the stricter of two", "max-age=3600, no-cache", 31 * time.Second, "live"},
		{"by a number that is none as by 0", "max-age=soon", 31 * time.Second, "live"},
		{"and not by a huge number", "max-age=99999999999999999999", 5 * time.Minute, "cached"},
	} {
		it(t, c.name, func(t *testing.T) {
			g := newGateway(t)
			g.get(here)
			time.Sleep(c.age)
			a := g.get(here, "Cache-Control", c.directive)
			a.wantState("openmeteo", c.want, "")
			if status := a.Header.Get("Cache-Status"); (c.want == "live") != strings.Contains(status, "fwd=request; fwd-status=200; stored") {
				t.Errorf("Cache-Status = %q", status)
			}
		})
	}
	it(t, "and says that it was stale where it was", func(t *testing.T) {
		g := newGateway(t)
		g.get(here)
		time.Sleep(15 * time.Minute)
		g.get(here, "Cache-Control", "max-age=60").wantHeader("Cache-Status", "tributary; fwd=stale; fwd-status=200; stored")
	})
}

func TestOnlyIfCached(t *testing.T) {
	only := []string{"Cache-Control", "Only-If-Cached"}
	it(t, "is a 504 if nothing is cached, without a request", func(t *testing.T) {
		g := populated(t)
		for _, path := range []string{here, forecastHere, airHere, city, "/v1/places?q=Delhi", "/v1/users", everything} {
			a := g.get(path, only...)
			p := a.problem(http.StatusGatewayTimeout, "not_cached")
			if len(p.Sources) == 0 || p.Sources[0].Error.Code != "not_cached" || p.Sources[0].Attempts != 0 {
				t.Errorf("%s: sources = %+v, want that they were not asked", a.call, p.Sources)
			}
			a.wantHeader("Cache-Control", "no-store")
		}
		if n := g.asked(); n != 0 {
			t.Errorf("%d requests sent, want none", n)
		}
	})
	it(t, "is the stored answer", func(t *testing.T) {
		g := newGateway(t)
		g.get(here)
		a := g.get(here, only...)
		a.wantStatus(http.StatusOK)
		a.wantState("openmeteo", "cached", "")
		time.Sleep(15 * time.Minute)
		a = g.get(here, only...)
		a.wantState("openmeteo", "revalidating", "")
		time.Sleep(time.Hour)
		g.get(here, only...).problem(http.StatusGatewayTimeout, "not_cached") // the entry could be served only after a failed fetch
		g.get(here, "Cache-Control", "only-if-cached, max-age=5").problem(http.StatusGatewayTimeout, "not_cached")
	})
	it(t, "has the parts that are available", func(t *testing.T) {
		g := newGateway(t)
		g.metno.Now(breaks)
		g.get(here)
		a := g.get(here, only...)
		a.wantState("openmeteo", "cached", "")
		a.wantState("metno", "failed", "not_cached")
		a.wantHeader("Cache-Control", "public, max-age=5")
	})
	it(t, "is a 404 that is cached", func(t *testing.T) {
		g := newGateway(t)
		g.geocoding.Now(findsPlaces())
		g.get(city).wantStatus(http.StatusNotFound)
		g.get(city, only...).problem(http.StatusNotFound, "not_found")
	})
}

func TestNoCacheRevalidates(t *testing.T) {
	again := []string{"Cache-Control", "max-age=0, No-Cache"}
	it(t, "an entry older than half a minute", func(t *testing.T) {
		g := newGateway(t)
		g.get(here)
		time.Sleep(31 * time.Second)
		a := g.get(here, again...)
		a.wantState("openmeteo", "live", "")
		if n := g.asked(); n != 6 {
			t.Errorf("%d requests sent, want 6", n)
		}
	})
	it(t, "of places and users too", func(t *testing.T) {
		g := populated(t)
		for path, name := range map[string]string{"/v1/places?q=Delhi": "geocoding", "/v1/users": "directory", one: "directory"} {
			g.get(path)
			time.Sleep(31 * time.Second)
			g.get(path, again...).wantState(name, "live", "")
		}
	})
	it(t, "but no younger entry", func(t *testing.T) {
		g := newGateway(t)
		g.get(here)
		time.Sleep(30 * time.Second)
		g.get(here, again...).wantState("openmeteo", "cached", "")
	})
	it(t, "but no source within the lifetime its provider gave", func(t *testing.T) {
		g := newGateway(t)
		g.metno.Now(sendsJSON(report(1), "Cache-Control", "max-age=300"))
		g.get(here)
		time.Sleep(299 * time.Second)
		a := g.get(here, again...)
		a.wantState("metno", "cached", "")
		a.wantState("openmeteo", "live", "")
	})
	it(t, "and only for callers that accept it", func(t *testing.T) {
		g := newGateway(t)
		g.get(here)
		time.Sleep(time.Minute)
		g.get(here, "Cache-Control", "no-transform, min-fresh=3000").wantState("openmeteo", "cached", "")
	})
}

func TestOneFetchServesManyCallers(t *testing.T) {
	it(t, "and says so", func(t *testing.T) {
		g := newGateway(t)
		g.all(after(100*time.Millisecond, reports(0)))
		first := make(chan *answer, 1)
		go func() { first <- g.get(here) }()
		synctest.Wait()
		second := g.get(here)
		second.wantHeader("Cache-Status", "tributary; fwd=uri-miss; fwd-status=200; stored; collapsed")
		(<-first).wantHeader("Cache-Status", "tributary; fwd=uri-miss; fwd-status=200; stored")
		if n := g.asked(); n != 3 {
			t.Errorf("%d requests sent, want 3", n)
		}
	})
}
