package api_test

import (
	"encoding/json"
	"net/http"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"tributary/api"
	"tributary/upstream"
)

func TestProbes(t *testing.T) {
	var draining atomic.Bool
	g := newGateway(t, func(s *setup) { s.Ready = func() bool { return !draining.Load() } })
	check := func(path string, status int, body string) {
		t.Helper()
		a := g.get(path)
		a.wantStatus(status)
		a.wantHeader("Cache-Control", "no-store")
		a.wantHeader("Content-Type", "application/json")
		a.wantHeader("Server-Timing", "") // probes are not traced
		if string(a.body) != body+"\n" {
			t.Errorf("%s = %s, want %s", a.call, a.body, body)
		}
	}
	check("/livez", 200, `{"status":"ok"}`)
	check("/readyz", 200, `{"status":"ready"}`)

	g.all(breaks) // failing sources do not make the gateway unready
	g.get(here).wantStatus(http.StatusBadGateway)
	check("/readyz", 200, `{"status":"ready"}`)

	draining.Store(true)
	check("/readyz", 503, `{"status":"draining"}`)
	check("/livez", 200, `{"status":"ok"}`)
	g.all(reports(0))
	g.get(here).wantStatus(http.StatusOK) // requests that still arrive are served
}

func TestStatus(t *testing.T) {
	it(t, "has the state of each upstream", func(t *testing.T) {
		g := newGateway(t, func(s *setup) {
			s.without = []string{"geocoding"}
			s.policies.Breaker.MinCalls = 1
			s.policies.Quotas = []upstream.Quota{{Calls: 60, Window: time.Minute}}
		})
		g.openmeteo.Now(after(12345*time.Microsecond, reports(0)))
		g.metno.Now(breaks)
		g.openweather.Now(answers(http.StatusUnauthorized, ""))
		g.get(here)
		time.Sleep(249 * time.Millisecond)
		a := g.get("/v1/status")
		a.wantStatus(http.StatusOK)
		a.wantHeader("Cache-Control", "no-store")

		status := decode[api.Status](a)
		byName := map[string]api.UpstreamStatus{}
		for _, u := range status.Upstreams {
			byName[u.Name] = u
		}
		om, met := byName["openmeteo"], byName["metno"]
		if om.Calls != 1 || om.Failures != 0 || om.Breaker.State != "closed" || om.Breaker.RetryInSeconds != nil || om.LastError != nil || *om.QuotaLeft != 59 {
			t.Errorf("openmeteo = %s, want one call, none failed, a closed breaker, 59 left", mustJSON(t, om))
		}
		if want := (api.LatencyStatus{P50: 12.3, P95: 12.3, P99: 12.3}); om.LatencyMS == nil || *om.LatencyMS != want {
			t.Errorf("openmeteo's latency = %s, want 12.3", mustJSON(t, om.LatencyMS))
		}
		if met.Failures != 1 || met.LatencyMS != nil || met.LastError == nil || met.LastError.Code != "server_error" || met.Breaker.State != "open" {
			t.Errorf("metno = %s, want one failure, its error, an open breaker", mustJSON(t, met))
		}
		if ow := byName["openweather"]; ow.Calls != 1 || ow.Refusals != 1 || ow.LastError == nil || ow.LastError.Code != "unauthorized" {
			t.Errorf("openweather = %s, want one call, which it refused", mustJSON(t, ow))
		}
		if om.Refusals != 0 || met.Refusals != 0 {
			t.Errorf("openmeteo = %s and metno = %s, want no refusals", mustJSON(t, om), mustJSON(t, met))
		}
		// 12 + 249 ms of 5 s have passed.
		if got := met.Breaker.RetryInSeconds; got == nil || *got != 4.7 {
			t.Errorf("retry_in_seconds = %s, want 4.7", mustJSON(t, got))
		}
	})

	it(t, "counts the probe of a half-open breaker", func(t *testing.T) {
		g := populated(t, func(s *setup) { s.policies.Breaker.MinCalls = 1 })
		g.directory.Now(breaks)
		g.get(one)
		time.Sleep(5 * time.Second)
		g.directory.Now(after(time.Second, g.directory.serve))
		trial := make(chan *answer, 1)
		go func() { trial <- g.get(one) }()
		synctest.Wait()
		for _, u := range decode[api.Status](g.get("/v1/status")).Upstreams {
			if u.Name == "directory" && (u.Breaker.State != "half_open" || u.InFlight != 1) {
				t.Errorf("directory = %s, want one call through a half-open breaker", mustJSON(t, u))
			}
		}
		(<-trial).wantStatus(http.StatusOK)
	})

	it(t, "has only the name of a disabled upstream", func(t *testing.T) {
		g := newGateway(t, func(s *setup) {
			s.Status = func() api.Status {
				return api.Status{Upstreams: []api.UpstreamStatus{{Name: "github"}}, Cache: api.CacheStatus{Entries: 1, Hits: 2, Misses: 3, StaleServed: 4, Collapsed: 5, Evictions: 6}}
			}
		})
		a := g.get("/v1/status")
		want := `{"upstreams":[{"name":"github","enabled":false}],` +
			`"cache":{"entries":1,"hits":2,"misses":3,"stale_served":4,"coalesced":5,"evictions":6},"admission":{"state":"off"}}` + "\n"
		if string(a.body) != want {
			t.Errorf("%s = %s, want %s", a.call, a.body, want)
		}
	})
}

func TestProblemTypes(t *testing.T) {
	g := newGateway(t)
	g.all(breaks)
	for _, a := range []*answer{g.get(here), g.get("/nothing"), g.get("/v1/weather"), g.send(http.MethodPost, here), g.get(here, "Accept", "text/html")} {
		p := decode[problem](a)
		explained := g.get(p.Type)
		explained.wantStatus(http.StatusOK)
		explained.wantHeader("Content-Type", "application/json")
		explained.wantHeader("Cache-Control", "max-age=86400")
		var e struct{ Type, Title, Code, Explanation string }
		if err := json.Unmarshal(explained.body, &e); err != nil {
			t.Fatal(err)
		}
		if e.Type != p.Type || e.Title != p.Title || e.Code != p.Code || len(e.Explanation) < 20 {
			t.Errorf("%s = %+v, want the explanation of %+v", explained.call, e, p)
		}
	}
	g.get("/problems/unknown").problem(http.StatusNotFound, "not_found")
}
