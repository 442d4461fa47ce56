package e2e_test

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
)

const (
	serverSpan  = "GET /v1/weather"
	attemptSpan = "GET /v1/forecast" // of Open-Meteo, and of its simulator
)

// traceID is the trace that an answer names.
func traceID(t *testing.T, a answer) string {
	t.Helper()
	if len(a.Meta.TraceID) != 32 {
		t.Fatalf("%v: trace_id = %q, want 32 digits", a, a.Meta.TraceID)
	}
	return a.Meta.TraceID
}

// When an answer had to fall back on an old value, its trace says which
// upstream, which attempts, why they were repeated, and why the old value.
func TestJaegerExplainsAnAnswer(t *testing.T) {
	j := startJaeger(t)
	t.Setenv("OTEL_SERVICE_NAME", "gateway") // and not what it faces
	d := j.demo(map[string]string{
		"OPENMETEO_FRESH_FOR": "0s", "OPENMETEO_REVALIDATE_FOR": "0s", "OPENMETEO_RETRIES": "2",
		"OPENWEATHER_FRESH_FOR": "0s", "OPENWEATHER_REVALIDATE_FOR": "0s",
	})
	d.get("/v1/weather?city=Oslo")
	d.fault("openmeteo", `{"error_rate": 1, "status": 503}`)
	a := d.get("/v1/weather?city=Oslo")
	if a.Meta.Status != "degraded" || a.source("openmeteo").State != "stale" || a.source("openmeteo").Attempts != 3 {
		t.Fatalf("answer = %v, want openmeteo stale after 3 attempts", a)
	}
	// Each attempt has a span of the gateway's and one of the simulator's.
	names := []string{serverSpan, "openmeteo", "openweather", "GET /data/2.5/weather", "GET /data/2.5/weather"}
	names = append(names, slices.Repeat([]string{attemptSpan}, 2*3)...)
	tr := j.trace(traceID(t, a), names...)

	roots := tr.children("")
	if len(roots) != 1 || len(tr.Spans) != len(names) {
		t.Fatalf("%d spans with %d roots, want %d with one: %+v", len(tr.Spans), len(roots), len(names), tr)
	}
	server := roots[0]
	if server.OperationName != serverSpan || tr.service(server) != "gateway" {
		t.Errorf("root = %q of %q, want %q of gateway", server.OperationName, tr.service(server), serverSpan)
	}
	wantTags(t, server, map[string]string{
		"span.kind": "server", "http.request.method": "GET", "http.route": "/v1/weather", "http.response.status_code": "200",
		"tributary.degraded": "true", "tributary.source.openmeteo": "stale", "tributary.source.openweather": "live",
		"tributary.source.metno": "cached", "tributary.source.geocoding": "cached",
		"error": "", "otel.status_code": "", "error.type": "",
	})

	sources := map[string]jaegerSpan{}
	for _, s := range tr.children(server.SpanID) {
		sources[s.OperationName] = s
	}
	if len(sources) != 2 {
		t.Fatalf("sources with a span = %v, want those that were asked: openmeteo, openweather", sources)
	}
	wantTags(t, sources["openmeteo"], map[string]string{
		"tributary.source.name": "openmeteo", "tributary.source.state": "stale", "tributary.source.attempts": "3",
		"error.type": "server_error", "error": "",
	})
	wantTags(t, sources["openweather"], map[string]string{
		"tributary.source.state": "live", "tributary.source.attempts": "1", "error.type": "", "error": "",
	})
	if got, want := sources["openmeteo"].events(), []string{"retry scheduled", "retry scheduled", "fallback taken"}; !slices.Equal(got, want) {
		t.Errorf("events of openmeteo = %q, want %q", got, want)
	}

	attempts := tr.children(sources["openmeteo"].SpanID)
	if len(attempts) != 3 {
		t.Fatalf("attempts = %v, want 3", attempts)
	}
	for n, resent := range []string{"", "1", "2"} {
		wantAttempt(t, tr, attempts[n], resent)
	}
}

// wantAttempt checks an attempt that was answered with 503, and what the
// simulator says of it.
func wantAttempt(t *testing.T, tr jaegerTrace, attempt jaegerSpan, resent string) {
	t.Helper()
	wantTags(t, attempt, map[string]string{
		"span.kind": "client", "http.request.method": "GET", "url.template": "/v1/forecast", "http.response.status_code": "503",
		"server.address": "127.0.0.1", "tributary.source.name": "openmeteo",
		"http.request.resend_count": resent, "error.type": "503", "error": "true", "otel.status_code": "ERROR",
	})
	below := tr.children(attempt.SpanID)
	if len(below) != 1 || below[0].OperationName != attemptSpan || tr.service(below[0]) != "tributary-sim" {
		t.Fatalf("below an attempt = %+v, want a span of tributary-sim", below)
	}
	wantTags(t, below[0], map[string]string{
		"span.kind": "server", "http.route": "/v1/forecast", "http.response.status_code": "503",
		"tributary.sim.fault": "error_rate", "error": "true",
	})
}

func TestJaegerShowsARefreshAsItsOwnTrace(t *testing.T) {
	j := startJaeger(t)
	d := j.demo(map[string]string{"OPENMETEO_FRESH_FOR": "0s", "OPENMETEO_REVALIDATE_FOR": "1h"})
	d.get("/v1/weather?city=Oslo")
	a := d.get("/v1/weather?city=Oslo")
	if a.source("openmeteo").State != "revalidating" {
		t.Fatalf("answer = %v, want openmeteo revalidating", a)
	}
	caller := j.trace(traceID(t, a), serverSpan)
	if len(caller.Spans) != 1 {
		t.Errorf("spans of the caller's trace = %v, want its own alone", caller.Spans)
	}
	wantTags(t, caller.Spans[0], map[string]string{"tributary.degraded": "false", "tributary.source.openmeteo": "revalidating"})

	tr := j.trace(j.with("refresh openmeteo", 1)[0].TraceID, "refresh openmeteo", attemptSpan, attemptSpan)
	refresh := tr.only(t, "refresh openmeteo")
	if tr.TraceID == caller.TraceID || refresh.parent() != "" {
		t.Errorf("refresh is in trace %s below %q, want a trace of its own", tr.TraceID, refresh.parent())
	}
	if got, want := refresh.links(), []string{caller.TraceID + " " + caller.Spans[0].SpanID}; !slices.Equal(got, want) {
		t.Errorf("links of the refresh = %q, want %q: who caused it", got, want)
	}
	wantTags(t, refresh, map[string]string{"tributary.refresh": "true", "tributary.source.state": "live", "tributary.source.attempts": "1"})
	attempt := tr.children(refresh.SpanID)
	if len(attempt) != 1 || len(tr.children(attempt[0].SpanID)) != 1 {
		t.Errorf("spans = %v, want an attempt below the refresh, and the simulator's below it", tr.Spans)
	}
}

func TestJaegerLinksWhoWaitsToWhoAsks(t *testing.T) {
	j := startJaeger(t)
	d := j.demo(map[string]string{
		"METNO_ENABLED": "false", "OPENWEATHER_ENABLED": "false", // nothing else to wait for
	})
	d.fault("openmeteo", `{"mode": "hang"}`)
	const place = "/v1/weather?lat=10&lon=20"
	answers := make(chan answer, 2)
	ask := func() { answers <- d.get(place) }
	go ask()
	eventually(t, "openmeteo has been asked", func() bool { return d.calls("openmeteo") == 1 })
	go ask()
	eventually(t, "a caller waits for another's question", func() bool { return d.collapsed() == 1 })
	d.fault("openmeteo", "") // the first attempt fails, and is repeated

	leader, follower := jaegerSpan{}, jaegerSpan{}
	for range 2 {
		tr := j.trace(traceID(t, <-answers), "openmeteo")
		if s := tr.only(t, "openmeteo"); len(s.links()) == 0 {
			leader = s
		} else {
			follower = s
		}
	}
	if got, want := follower.links(), []string{leader.TraceID + " " + leader.SpanID}; !slices.Equal(got, want) {
		t.Errorf("links of who waited = %q, want %q: who asked", got, want)
	}
	if tr := j.trace(follower.TraceID, serverSpan); len(tr.children(follower.SpanID)) != 0 {
		t.Errorf("below who waited = %v, want nothing", tr.children(follower.SpanID))
	}
}

func TestJaegerMarksAHedge(t *testing.T) {
	j := startJaeger(t)
	d := j.demo(map[string]string{"OPENMETEO_HEDGE_QUANTILE": "0.95"})
	for n := range 20 { // until it is known how long an answer takes
		d.get(fmt.Sprintf("/v1/weather?lat=10&lon=%d", n))
	}
	d.fault("openmeteo", `{"latency_ms": 500}`)
	a := d.get("/v1/weather?lat=20&lon=20")
	if a.source("openmeteo").State != "live" || a.source("openmeteo").Attempts != 2 {
		t.Fatalf("answer = %v, want openmeteo live with a hedge", a)
	}
	tr := j.trace(traceID(t, a), "openmeteo", attemptSpan, attemptSpan, attemptSpan, attemptSpan)
	source := tr.only(t, "openmeteo")
	if got := source.events(); !slices.Contains(got, "hedge started") {
		t.Errorf("events = %q, want a hedge among them", got)
	}
	if got := len(tr.children(source.SpanID)); got != 2 {
		t.Fatalf("attempts = %d, want 2", got)
	}
	attempts := tr.children(source.SpanID)
	wantTags(t, attempts[0], map[string]string{"tributary.hedge": "", "error": ""})
	wantTags(t, attempts[1], map[string]string{"tributary.hedge": "true", "http.request.resend_count": "", "error": ""})
}

func TestJaegerShowsABreaker(t *testing.T) {
	j := startJaeger(t)
	d := j.demo(map[string]string{
		"OPENMETEO_BREAKER_MIN_CALLS": "2", "OPENMETEO_BREAKER_DELAY": "50ms", "OPENMETEO_RETRIES": "0",
	})
	d.fault("openmeteo", `{"mode": "reset"}`)
	var opened answer
	for n := range 2 {
		opened = d.get(fmt.Sprintf("/v1/weather?lat=10&lon=%d", n))
	}
	source := j.trace(traceID(t, opened), "openmeteo").only(t, "openmeteo")
	if got := source.events(); !slices.Contains(got, "circuit breaker open") {
		t.Errorf("events = %q, want that the breaker opened among them", got)
	}
	wantTags(t, source, map[string]string{"tributary.source.state": "failed", "error.type": "connection", "error": "true"})

	d.fault("openmeteo", "")
	n := 0
	var closed answer
	eventually(t, "openmeteo is asked again", func() bool {
		n++
		closed = d.get(fmt.Sprintf("/v1/weather?lat=20&lon=%d", n%180))
		return closed.source("openmeteo").State == "live"
	})
	source = j.trace(traceID(t, closed), "openmeteo").only(t, "openmeteo")
	if got, want := source.events(), []string{"circuit breaker half_open", "circuit breaker closed"}; !slices.Equal(got, want) {
		t.Errorf("events = %q, want %q", got, want)
	}
}

// Whatever is asked, and whatever goes wrong with it: no key and no person is
// in what Jaeger keeps, nor in logs and metrics.
func TestJaegerHoldsNoSecret(t *testing.T) {
	const key, token = "key-of-openweather-4711", "token-of-github-4711"
	j := startJaeger(t)
	d := j.demo(map[string]string{
		"OPENWEATHER_API_KEY": key, "OPENMETEO_API_KEY": key + "-too", "GITHUB_TOKEN": token, "OPENWEATHER_RETRIES": "1",
		"LOG_LEVEL": "debug",
	})
	login := http.Header{"Authorization": {"Bearer " + demoKey}, "Content-Type": {"application/json"}}
	const person = `{"name": "Grete Person", "email": "grete.person@example.net"}`
	d.get("/v1/weather?city=Oslo")
	for _, fault := range faults {
		if fault.code != "timeout" {
			d.fault("openweather", fault.fault)
			d.fault("github", fault.fault)
			d.get("/v1/weather?lat=1&lon=" + fmt.Sprint(len(fault.name)))
			d.do(http.MethodGet, d.urls["api"]+"/v1/users/1?include=github,activity,weather", "", login)
		}
	}
	user := d.do(http.MethodGet, d.urls["api"]+"/v1/users/1", "", login)
	d.do(http.MethodGet, d.urls["api"]+"/v1/users?q=Grete", "", login)
	d.do(http.MethodPost, d.urls["api"]+"/v1/users", person, login)
	last := d.do(http.MethodPost, d.urls["api"]+"/v1/users", `{"name": ""}`, login)
	if last.status != http.StatusUnprocessableEntity {
		t.Fatalf("a user without a name = %v, want 422", last)
	}
	j.with("POST /v1/users", 2) // the last of them

	email, _ := user.Data["email"].(string)
	secrets := []string{key, token, demoKey, "Grete", "grete.person", email, "appid"}
	for _, service := range []string{"tributary", "tributary-sim"} {
		kept := j.text("/api/traces?" + url.Values{"service": {service}, "limit": {"1000"}, "lookback": {"1h"}}.Encode())
		if !strings.Contains(kept, `"spanID"`) {
			t.Fatalf("there are no traces of %s", service)
		}
		for _, secret := range secrets {
			if secret == "" || strings.Contains(kept, secret) {
				t.Errorf("%q is in the traces of %s", secret, service)
			}
		}
	}
	metrics := d.do(http.MethodGet, d.urls["admin"]+"/metrics", "", nil).body
	for _, secret := range secrets {
		if strings.Contains(d.logs.String(), secret) {
			t.Errorf("%q is in the log", secret)
		}
		if strings.Contains(metrics, secret) {
			t.Errorf("%q is in the metrics", secret)
		}
	}
}

// text is what the query API answers.
func (j *jaeger) text(path string) string {
	j.t.Helper()
	resp, err := j.http.Get(j.query + path)
	if err != nil {
		j.t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		j.t.Fatal(err)
	}
	return string(b)
}
