package api_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"go.opentelemetry.io/otel/trace"

	"tributary/api"
	"tributary/api/auth"
	"tributary/api/contracttest"
	"tributary/cache"
	"tributary/telemetry"
	"tributary/telemetry/story"
	"tributary/telemetry/telemetrytest"
	"tributary/upstream"
	"tributary/upstream/air"
	"tributary/upstream/forecast"
	"tributary/upstream/pipetest"
	"tributary/upstream/users"
	"tributary/upstream/weather"
)

// theContract checks answers against openapi.yaml.
var theContract = contracttest.The

// checkContract fails the test if an answer does not match openapi.yaml, and records the
// answer for checks over all answers.
func checkContract(t testing.TB, request *http.Request, response *http.Response, body []byte) {
	t.Helper()
	contracttest.Check(t, request, response, body)
	watch.Check(telemetrytest.Answer, fmt.Append(nil, response.Header, string(body)))
	if telemetrytest.AllRun() {
		theRun().add(newExchange(t, request, response, body))
	}
}

// setup is the configuration of a gateway that a test may change.
type setup struct {
	api.Config
	patience  time.Duration
	flight    time.Duration // time-out of one fetch, with or without waiting callers
	without   []string      // disabled providers
	policies  upstream.Policies
	people    *users.Config              // nil: no users
	lifetimes map[string]cache.Lifetimes // of upstreams without the usual ones
	tracer    trace.Tracer               // of the upstreams; nil: none
	stories   *story.Recorder            // nil: none
	logTo     io.Writer
}

// gateway is the public API over fake upstreams, called by HTTP. It runs in memory, so
// that it works in a synctest bubble.
type gateway struct {
	t       testing.TB
	handler http.Handler
	client  *http.Client

	geocoding, openmeteo, metno, openweather, openmeteoAir *fake
	directory                                              *registry
	github                                                 *fake
	upstreams                                              []*upstream.Upstream
}

// it runs a test in a synctest bubble, where the clock is simulated.
func it(t *testing.T, does string, test func(t *testing.T)) {
	t.Helper()
	t.Run(does, func(t *testing.T) { synctest.Test(t, test) })
}

// newGateway has settings near the defaults, but no retries or hedges, so that every
// request to an upstream has one cause.
func newGateway(t testing.TB, changes ...func(*setup)) *gateway {
	t.Helper()
	s := &setup{
		Config:   api.Config{RequestTimeout: 5 * time.Second, PublicReads: true, Ready: func() bool { return true }},
		patience: 800 * time.Millisecond,
		flight:   4750 * time.Millisecond,
		policies: upstream.Policies{
			Timeout: 2 * time.Second, RetryDelay: 100 * time.Millisecond, RetryMaxDelay: time.Second, MaxConcurrent: 64,
			Breaker: upstream.Breaker{FailureRate: 0.5, MinCalls: 20, Window: 10 * time.Second, Delay: 5 * time.Second},
		},
		lifetimes: map[string]cache.Lifetimes{"geocoding": {FreshFor: 24 * time.Hour, RevalidateFor: 24 * time.Hour, StaleFor: 720 * time.Hour}},
		logTo:     io.Discard,
	}
	for _, change := range changes {
		change(s)
	}
	g := &gateway{t: t, geocoding: newFake(findsPlaces(delhi)), openmeteo: newFake(reports(0)), metno: newFake(reports(1)), openweather: newFake(reports(2)), openmeteoAir: newFake(reports(0))}
	g.directory, g.github = newRegistry(), newFake(account)
	s.complete(g)
	g.handler = api.New(s.Config)
	transport := pipetest.Serve(t, g.handler)
	transport.ExpectContinueTimeout = time.Hour
	g.client = &http.Client{Transport: transport}
	return g
}

// complete fills in what a test has not set.
func (s *setup) complete(g *gateway) {
	if s.Logger == nil {
		s.Logger = telemetry.NewLogger(io.MultiWriter(s.logTo, watch.Lines()), slog.LevelInfo, telemetry.JSON)
	}
	if s.Telemetry == nil {
		tel, err := telemetry.Setup(context.Background(), telemetry.Config{Env: func(string) string { return "" }, Logger: s.Logger, Stories: s.stories})
		if err != nil {
			g.t.Fatal(err)
		}
		s.Telemetry = tel
	}
	if s.Auth == nil {
		a, err := auth.New(auth.Config{Anonymous: []string{auth.WeatherRead, auth.UsersRead}, Logger: s.Logger})
		if err != nil {
			g.t.Fatal(err)
		}
		g.t.Cleanup(a.Close)
		s.Auth = a
	}
	if s.Weather == nil {
		s.serve(g)
	}
	if s.people != nil {
		s.Users = s.userService(g)
	}
	if s.Status == nil {
		s.Status = func() api.Status {
			var status api.Status
			for _, up := range g.upstreams {
				status.Upstreams = append(status.Upstreams, api.Enabled(up.Status()))
			}
			return status
		}
	}
}

// serve makes the weather, the forecast and the air, which share upstreams.
func (s *setup) serve(g *gateway) {
	store := cache.NewStore(1000)
	open := func(name string, f *fake) *upstream.Upstream { return s.open(g, name, f, store) }

	var geocoding *upstream.Source[weather.PlaceQuery, weather.Found]
	if up := open("geocoding", g.geocoding); up != nil {
		geocoding = upstream.NewSource(up, lookups)
	}
	var providers []weather.Provider
	var forecasters []forecast.Provider
	var airProviders []air.Provider
	addAir := func(up *upstream.Upstream, name, attribution string) {
		if up != nil {
			airProviders = append(airProviders, air.Provider{Source: upstream.NewSource(up, airObservations(name)), Attribution: attribution})
		}
	}
	add := func(name string, f *fake, attribution string) *upstream.Upstream {
		up := open(name, f)
		if up != nil {
			providers = append(providers, weather.Provider{Source: upstream.NewSource(up, observations(name)), Attribution: attribution})
			forecasters = append(forecasters, forecast.Provider{Source: upstream.NewSource(up, forecasts(name)), Attribution: attribution})
		}
		return up
	}
	add("openmeteo", g.openmeteo, weather.OpenMeteoAttribution)
	add("metno", g.metno, weather.METNorwayAttribution)
	openweather := add("openweather", g.openweather, "")
	addAir(open("openmeteo_air", g.openmeteoAir), "openmeteo_air", air.OpenMeteoAttribution)
	addAir(openweather, "openweather", "")
	s.Weather = weather.NewService(store, geocoding, s.patience, providers...)
	s.Forecast = forecast.NewService(store, s.Weather.Locate, s.patience, forecasters...)
	s.Air = air.NewService(store, s.Weather.Locate, s.patience, airProviders...)
}

// open returns an upstream, nil if it is disabled.
func (s *setup) open(g *gateway, name string, t http.RoundTripper, store *cache.Store) *upstream.Upstream {
	if slices.Contains(s.without, name) {
		return nil
	}
	lifetimes, ok := s.lifetimes[name]
	if !ok {
		lifetimes = cache.Lifetimes{FreshFor: 10 * time.Minute, RevalidateFor: 10 * time.Minute, StaleFor: 24 * time.Hour}
	}
	up := upstream.New(upstream.Config{
		Name: name, BaseURL: &url.URL{Scheme: "http", Host: name + ".test"}, Transport: t,
		Policies: s.policies, Lifetimes: lifetimes, Store: store,
		FetchBudget: s.flight, Tracer: s.tracer, Logger: s.Logger, Stories: s.stories, Load: s.Admission,
	})
	g.t.Cleanup(up.Close)
	g.upstreams = append(g.upstreams, up)
	return up
}

// get sends a GET for a path with its query; header is name, value, name, value…
func (g *gateway) get(path string, header ...string) *answer {
	g.t.Helper()
	return g.send(http.MethodGet, path, header...)
}

func (g *gateway) send(method, path string, header ...string) *answer {
	g.t.Helper()
	r, err := http.NewRequest(method, "http://gateway.test"+path, nil)
	if err != nil {
		g.t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	return g.do(r)
}

// do sends a request and checks the answer against openapi.yaml.
func (g *gateway) do(r *http.Request) *answer {
	g.t.Helper()
	response, err := g.client.Do(r)
	if err != nil {
		g.t.Fatalf("%s %s: %v", r.Method, r.URL, err)
	}
	defer response.Body.Close()
	body, err := readBody(response)
	if err == nil {
		body, err = contracttest.Decompressed(body, response.Header.Get("Content-Encoding"))
	}
	if err != nil {
		g.t.Fatalf("%s %s: %v", r.Method, r.URL, err)
	}
	checkContract(g.t, r, response, body)
	return &answer{t: g.t, call: r.Method + " " + r.URL.RequestURI(), Response: response, body: body}
}

// readBody reads a body, of a stream what comes first.
func readBody(response *http.Response) ([]byte, error) {
	if response.Header.Get("Content-Type") != "text/event-stream" || response.Request.Method == http.MethodHead {
		return io.ReadAll(response.Body)
	}
	var body []byte
	in := bufio.NewReader(response.Body)
	for !bytes.HasSuffix(body, []byte("\n\n")) {
		line, err := in.ReadSlice('\n')
		body = append(body, line...)
		if err != nil && err != bufio.ErrBufferFull {
			return body, err
		}
	}
	return body, nil
}
