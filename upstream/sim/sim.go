// Package sim pretends to be the seven public services that the gateway asks:
// their real paths, parameters, units, headers and error bodies, one listener
// a provider, on this machine. It serves the demo without a network, load
// tests, and tests of anything that talks to these services, and it misbehaves
// on command: see [Fault].
//
// Answers are deterministic: the same place and hour get the same weather,
// and no two providers quite agree about it. Nothing is kept per place.
package sim

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"time"

	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"
)

// Control is the name of the control listener, where faults are set.
const Control = "sim"

// The simulated providers, by the gateway's source names.
const (
	OpenMeteo   = "openmeteo"
	Geocoding   = "geocoding"
	OpenWeather = "openweather"
	MetNorway   = "metno"
	Directory   = "directory"
	GitHub      = "github"

	OpenMeteoAir = "openmeteo_air"
)

// Config of a simulator. Its zero value works: free ports on 127.0.0.1, no
// quotas, any OpenWeather key.
type Config struct {
	// Addr is the control address, host:port. The seven providers listen on the
	// next seven ports, in the order of the constants above. With port 0 every
	// listener takes any free port.
	Addr string

	// OpenWeatherKey is the only appid that OpenWeather accepts; empty: any
	// that is not empty.
	OpenWeatherKey string

	// Quotas, by provider: a call too many gets that provider's own refusal.
	// Providers that are not in it refuse nobody.
	Quotas map[string]Quota

	// Now is the clock that answers depend on; nil: time.Now. Delays and
	// time-outs run on the real one.
	Now func() time.Time

	// Logger hears of broken listeners and changed faults, never of single
	// requests; nil: silence.
	Logger *slog.Logger

	// Tracer makes a span of each request to a provider, in the trace that its
	// traceparent names; nil: none.
	Tracer trace.Tracer
}

// Listener is one open door of a simulator.
type Listener struct {
	Name string // "sim" or a provider's name
	URL  string // base URL, without a slash at its end
}

// Simulator is seven providers and their control address. Its methods may be
// called from any goroutine.
type Simulator struct {
	control  *server
	url      string
	services []*service // in the contract's order
}

// Start listens on everything before it returns; a port that is taken is an
// error that names the listener, and then nothing stays open. ctx covers the
// start alone: Close is what ends a simulator.
func Start(ctx context.Context, cfg Config) (*Simulator, error) {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	if cfg.Tracer == nil {
		cfg.Tracer = noop.NewTracerProvider().Tracer("")
	}
	if err := checkQuotas(cfg.Quotas); err != nil {
		return nil, err
	}
	providers, err := newProviders(cfg)
	if err != nil {
		return nil, err
	}
	names := []string{Control}
	for _, p := range providers {
		names = append(names, p.name)
	}
	host, listeners, err := listenAll(ctx, cfg.Addr, names)
	if err != nil {
		return nil, err
	}

	s := &Simulator{url: baseURL(host, listeners[0])}
	for i, p := range providers {
		ln := listeners[i+1]
		s.services = append(s.services, newService(p, ln, baseURL(host, ln), cfg))
	}
	s.control = serve(listeners[0], newControl(s, cfg.Logger), cfg.Logger)
	return s, nil
}

// newProviders makes the seven in the contract's order, which is also the order
// of their ports.
func newProviders(cfg Config) ([]provider, error) {
	places := newGazetteer()
	zones := newZones()
	directory, err := newDirectory()
	if err != nil {
		return nil, err
	}
	github, err := newGitHub(cfg.Now, cfg.Quotas[GitHub])
	if err != nil {
		return nil, err
	}
	providers := []provider{
		newOpenMeteo(openMeteoForecast, cfg.Now, zones),
		newGeocoding(places),
		newOpenWeather(cfg.Now, cfg.OpenWeatherKey, places, zones),
		newMetNorway(cfg.Now),
		directory,
		github,
		newOpenMeteo(openMeteoAirQuality, cfg.Now, zones),
	}
	for i, p := range providers {
		if p.overQuota != nil {
			providers[i] = limited(p, cfg.Quotas[p.name], cfg.Now)
		}
	}
	return providers, nil
}

// URL is the base URL of a listener, such as "http://127.0.0.1:9101", or ""
// for a name that does not exist. A provider keeps its URL while it is down.
func (s *Simulator) URL(name string) string {
	for _, l := range s.Listeners() {
		if l.Name == name {
			return l.URL
		}
	}
	return ""
}

// Listeners in the contract's order: the control address, then the providers.
func (s *Simulator) Listeners() []Listener {
	all := []Listener{{Control, s.url}}
	for _, sv := range s.services {
		all = append(all, Listener{sv.name, sv.url})
	}
	return all
}

// SetFault makes a provider misbehave from its next request on; the zero
// Fault heals it. It returns when a provider that goes down has gone, or one
// that comes back answers.
func (s *Simulator) SetFault(provider string, f Fault) error {
	sv := s.service(provider)
	if sv == nil {
		return fmt.Errorf("no provider %q", provider)
	}
	f = f.withDefaults()
	if err := f.check(); err != nil {
		return fmt.Errorf("%s: %w", provider, err)
	}
	if err := sv.setFault(f); err != nil {
		return fmt.Errorf("%s: %w", provider, err)
	}
	return nil
}

// Calls is how many requests a provider has received since the start, those
// that a fault spoilt included; 0 for a name that does not exist.
func (s *Simulator) Calls(provider string) int64 {
	if sv := s.service(provider); sv != nil {
		return sv.calls.Load()
	}
	return 0
}

// Close stops every listener, ends requests that hang, and waits for all that
// was running. Calling it again does nothing.
func (s *Simulator) Close() error {
	errs := []error{s.control.close()}
	for _, sv := range s.services {
		errs = append(errs, sv.close())
	}
	return errors.Join(errs...)
}

func (s *Simulator) service(provider string) *service {
	for _, sv := range s.services {
		if sv.name == provider {
			return sv
		}
	}
	return nil
}

// baseURL shows a listener under the host that was asked for, or under one
// that can be dialled when that was a wildcard.
func baseURL(host string, ln net.Listener) string {
	_, port, _ := net.SplitHostPort(ln.Addr().String())
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return "http://" + net.JoinHostPort(host, port)
}
