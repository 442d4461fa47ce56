package api_test

import (
	"context"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"tributary/api"
	"tributary/upstream"
	"tributary/upstream/aggregate"
)

// TestNoAnswer checks the status when no source has data.
func TestNoAnswer(t *testing.T) {
	for _, c := range []struct {
		name                           string
		openmeteo, metno, openweather  behaviour
		wantStatus                     int
		wantOpenMeteo, wantMet, wantOW string // codes
	}{
		{"it is a 502 when all break", breaks, breaks, breaks, 502, "server_error", "server_error", "server_error"},
		{"it is a 502 when all cannot be reached", refuses, refuses, refuses, 502, "connection", "connection", "connection"},
		{"it is a 502 when all talk nonsense", sendsJSON("nonsense"), answers(200, "<html>"), sendsJSON(17), 502, "invalid_response", "invalid_response", "invalid_response"},
		{"it is a 502 when our credentials are refused", answers(401, ""), answers(403, ""), answers(401, ""), 502, "unauthorized", "forbidden", "unauthorized"},
		{"it is a 502 when our questions are refused", answers(400, ""), answers(422, ""), answers(400, ""), 502, "bad_request", "bad_request", "bad_request"},
		{"it is a 502 when all are redirects to elsewhere", answers(302, "", "Location", "http://elsewhere.test/"), breaks, breaks, 502, "invalid_response", "server_error", "server_error"},
		{"it is a 504 when all hang", hangs, hangs, hangs, 504, "timeout", "timeout", "timeout"},
		{"it is a 502 when only some hang", hangs, breaks, hangs, 502, "timeout", "server_error", "timeout"},
		{"it is a 504 if one source has no data and the others hang", hangs, answers404, hangs, 504, "timeout", "not_found", "timeout"},
		{"it is a 502 if one source has no data and another fails", hangs, answers404, breaks, 502, "timeout", "not_found", "server_error"},
		{"it is a 503 when a quota is spent", answers(429, "", "Retry-After", "7"), breaks, hangs, 503, "rate_limited", "server_error", "timeout"},
		{"it is a 404 when none has data now", hasNoData, hasNoData, hasNoData, 404, "no_data", "no_data", "no_data"},
		{"it is a 404 if sources that know the place have no data now", answers404, hasNoData, answers404, 404, "not_found", "no_data", "not_found"},
		{"it is a 502 when one has no data now and another breaks", hasNoData, breaks, hasNoData, 502, "no_data", "server_error", "no_data"},
		{"it is a 502 when one has no data now and another talks nonsense", hasNoData, sendsJSON("nonsense"), answers404, 502, "no_data", "invalid_response", "not_found"},
		{"it is a 404 if no source knows the place", answers404, answers404, answers(410, ""), 404, "not_found", "not_found", "not_found"},
	} {
		it(t, c.name, func(t *testing.T) {
			g := newGateway(t)
			g.openmeteo.Now(c.openmeteo)
			g.metno.Now(c.metno)
			g.openweather.Now(c.openweather)
			a := g.get(city)
			code, cacheControl := "all_sources_failed", "no-store"
			if c.wantStatus == http.StatusNotFound {
				code, cacheControl = "not_found", "max-age=30"
			}
			if c.wantStatus == http.StatusNotFound && c.wantMet == "no_data" {
				code = "no_data"
			}
			a.problem(c.wantStatus, code)
			a.wantHeader("Cache-Control", cacheControl)
			a.wantHeader("Vary", "Accept")
			a.wantHeader("ETag", "")
			a.wantState("geocoding", "live", "")
			a.wantState("openmeteo", stateOf(c.wantOpenMeteo), c.wantOpenMeteo)
			a.wantState("metno", stateOf(c.wantMet), c.wantMet)
			a.wantState("openweather", stateOf(c.wantOW), c.wantOW)
		})
	}
}

// stateOf returns the state of a source without data because of code.
func stateOf(code string) string {
	if code == "not_found" {
		return "skipped"
	}
	return "failed"
}

// TestSourcesDuringACooldown is about sources that are not called because of an earlier answer
// of their upstream.
func TestSourcesDuringACooldown(t *testing.T) {
	held := func(code upstream.Code, wait time.Duration) aggregate.Outcome {
		o := aggregate.Outcome{Name: "a"}
		o.State, o.Err = upstream.Failed, upstream.Errorf(code, "held back")
		o.Err.RetryAfter = wait
		return o
	}
	asked := held(upstream.CodeServerError, time.Minute) // its Retry-After was not waited for
	asked.Attempts = 1
	for name, c := range map[string]struct {
		sources []aggregate.Outcome
		status  int
		wait    time.Duration
	}{
		"it is a 502 after a 401":                            {[]aggregate.Outcome{held(upstream.CodeUnauthorized, time.Minute)}, 502, 0},
		"it is a 502 after a 403":                            {[]aggregate.Outcome{held(upstream.CodeForbidden, time.Minute)}, 502, 0},
		"it is a 502 after a 401 and a 403":                  {[]aggregate.Outcome{held(upstream.CodeUnauthorized, time.Minute), held(upstream.CodeForbidden, time.Hour)}, 502, 0},
		"it is a 503 after a 429":                            {[]aggregate.Outcome{held(upstream.CodeRateLimited, time.Minute)}, 503, time.Minute},
		"it is a 503 after a 401 and a 429, for the latter":  {[]aggregate.Outcome{held(upstream.CodeUnauthorized, time.Second), held(upstream.CodeRateLimited, time.Minute)}, 503, time.Minute},
		"it is a 503 after a 503 with Retry-After":           {[]aggregate.Outcome{held(upstream.CodeServerError, time.Minute)}, 503, time.Minute},
		"it is a 503 behind an open circuit breaker":         {[]aggregate.Outcome{held(upstream.CodeCircuitOpen, 3*time.Second)}, 503, 3 * time.Second},
		"it is a 503 when too many calls are in flight":      {[]aggregate.Outcome{held(upstream.CodeOverloaded, 0)}, 503, time.Second},
		"it is a 502 when a server that was asked is broken": {[]aggregate.Outcome{asked}, 502, 0},
	} {
		t.Run(name, func(t *testing.T) {
			status, wait := api.StatusOf(&aggregate.NoAnswerError{Subject: "this place", Sources: c.sources})
			if status != c.status || wait != c.wait {
				t.Errorf("status %d, Retry-After %s; want %d, %s", status, wait, c.status, c.wait)
			}
		})
	}
}

func TestRetryAfter(t *testing.T) {
	it(t, "is the least of the sources', rounded up", func(t *testing.T) {
		g := newGateway(t)
		g.openmeteo.Now(answers(429, "", "Retry-After", "60"))
		g.metno.Now(answers(429, "", "Retry-After", "7"))
		g.openweather.Now(breaks)
		g.get(here).wantHeader("Retry-After", "7")
		time.Sleep(1100 * time.Millisecond)
		a := g.get(here) // only openweather is called: the others have sent Retry-After
		a.wantStatus(http.StatusServiceUnavailable)
		a.wantHeader("Retry-After", "6")
		if s := a.wantState("metno", "failed", "rate_limited"); s.Attempts != 0 {
			t.Errorf("metno was asked %d times during its Retry-After", s.Attempts)
		}
	})

	it(t, "is the time until the circuit breaker allows a probe", func(t *testing.T) {
		g := newGateway(t, func(s *setup) { s.policies.Breaker.MinCalls = 1 })
		g.all(breaks)
		g.get(here).wantStatus(http.StatusBadGateway) // which opens the breakers
		time.Sleep(time.Second)
		a := g.get(here)
		a.wantStatus(http.StatusServiceUnavailable)
		a.wantHeader("Retry-After", "4")
		a.wantState("metno", "failed", "circuit_open")
		if n := g.asked(); n != 3 {
			t.Errorf("%d requests sent, want the 3 of the first answer", n)
		}
	})

	it(t, "is the time until our quota is renewed", func(t *testing.T) {
		g := newGateway(t, func(s *setup) { s.policies.Quotas = []upstream.Quota{{Calls: 1, Window: time.Minute}} })
		g.get(here)
		time.Sleep(20 * time.Second)
		a := g.get("/v1/weather?lat=1&lon=2")
		a.wantStatus(http.StatusServiceUnavailable)
		a.wantHeader("Retry-After", "40")
		a.wantState("openweather", "failed", "rate_limited")
	})

	it(t, "is a second when too many calls are in flight", func(t *testing.T) {
		g := newGateway(t, func(s *setup) { s.policies.MaxConcurrent = 1 })
		g.all(hangs)
		first := make(chan *answer, 1)
		go func() { first <- g.get(here) }()
		synctest.Wait()
		a := g.get("/v1/weather?lat=1&lon=2")
		a.wantStatus(http.StatusServiceUnavailable)
		a.wantHeader("Retry-After", "1")
		a.wantState("metno", "failed", "overloaded")
		(<-first).wantStatus(http.StatusGatewayTimeout)
	})

	it(t, "is not there when nothing was refused", func(t *testing.T) {
		g := newGateway(t)
		g.all(breaks)
		g.get(here).wantHeader("Retry-After", "")
	})
}

func TestUnknownPlace(t *testing.T) {
	it(t, "is a 404 without requests to providers, cached for half a minute", func(t *testing.T) {
		g := newGateway(t)
		g.geocoding.Now(answers404)
		a := g.get(city)
		p := a.problem(http.StatusNotFound, "not_found")
		a.wantHeader("Cache-Control", "max-age=30")
		a.wantState("geocoding", "skipped", "not_found")
		if len(p.Sources) != 1 {
			t.Errorf("sources = %+v, want geocoding alone", p.Sources)
		}
		time.Sleep(29 * time.Second)
		g.get(city).wantStatus(http.StatusNotFound)
		if n := g.asked(); n != 1 {
			t.Errorf("%d requests sent, want 1", n)
		}
		g.geocoding.Now(findsPlaces(delhi))
		time.Sleep(2 * time.Second)
		g.get(city).wantStatus(http.StatusOK)
	})

	it(t, "is never answered with a stale value", func(t *testing.T) {
		g := newGateway(t)
		g.get(here)
		time.Sleep(time.Hour)
		g.all(answers404)
		g.get(here).problem(http.StatusNotFound, "not_found")
	})
}

func TestGeocodingFails(t *testing.T) {
	for _, c := range []struct {
		name string
		with behaviour
		want int
	}{
		{"it is a 502 when geocoding breaks", breaks, 502},
		{"it is a 504 when it hangs", hangs, 504},
		{"it is a 503 when its quota is spent", answers(429, "", "Retry-After", "2"), 503},
	} {
		it(t, c.name, func(t *testing.T) {
			g := newGateway(t)
			g.geocoding.Now(c.with)
			if p := g.get(city).problem(c.want, "all_sources_failed"); len(p.Sources) != 1 || p.Sources[0].Name != "geocoding" {
				t.Errorf("sources = %+v, want geocoding alone", p.Sources)
			}
		})
	}
}

func TestUpstreamRetryAfter(t *testing.T) {
	it(t, "is a 502 for its 503, and a 503 while its Retry-After runs", func(t *testing.T) {
		g := newGateway(t)
		g.all(answers(503, "", "Retry-After", "20"))
		g.get(here).problem(http.StatusBadGateway, "all_sources_failed")
		asked := g.asked()
		time.Sleep(5 * time.Second)
		a := g.get(here)
		a.problem(http.StatusServiceUnavailable, "all_sources_failed")
		a.wantHeader("Retry-After", "15")
		if g.asked() != asked {
			t.Errorf("%d requests sent while Retry-After runs", g.asked()-asked)
		}
	})
}

func TestNothingConfigured(t *testing.T) {
	g := newGateway(t, func(s *setup) { s.without = []string{"openmeteo", "metno", "openweather"} })
	a := g.get(here)
	a.problem(http.StatusNotImplemented, "not_configured")
	a.wantHeader("Cache-Control", "no-store")
	g.get("/v1/places?q=Delhi").wantStatus(http.StatusOK)
}

func TestRequestTimeout(t *testing.T) {
	it(t, "ends a request whose sources take longer", func(t *testing.T) {
		g := newGateway(t, func(s *setup) {
			s.RequestTimeout = time.Second
			s.policies.Timeout, s.flight = time.Minute, time.Minute
		})
		g.all(after(30*time.Second, reports(0)))
		start := time.Now()
		g.get(here).wantStatus(http.StatusGatewayTimeout)
		if took := time.Since(start); took != time.Second {
			t.Errorf("it took %v, want a second", took)
		}
		time.Sleep(30 * time.Second)
		g.get(here).wantState("metno", "cached", "") // the fetch continued, for the next caller
	})
}

// TestHangingUp is about a caller that disconnects before the answer.
func TestHangingUp(t *testing.T) {
	it(t, "is not logged as our failure", func(t *testing.T) {
		var log logbook
		g := newGateway(t, func(s *setup) { s.logTo = &log })
		g.all(after(time.Second, reports(0)))
		ctx, hangUp := context.WithCancel(t.Context())
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://gateway.test"+here, nil)
		if err != nil {
			t.Fatal(err)
		}
		time.AfterFunc(100*time.Millisecond, hangUp)
		if response, err := g.client.Do(r); err == nil {
			response.Body.Close()
			t.Fatal("there was an answer before the caller hung up")
		}
		synctest.Wait()
		for _, line := range log.lines(t) {
			if status, _ := line["status"].(float64); line["level"] != "INFO" || status >= 500 {
				t.Errorf("logged %v, want neither an error nor a 5xx", line)
			}
		}
		if n := len(log.lines(t)); n != 1 {
			t.Errorf("%d lines logged, want one", n)
		}

		time.Sleep(time.Second)
		g.get(here).wantState("openmeteo", "cached", "") // the fetch continued, for the next caller
	})
}
