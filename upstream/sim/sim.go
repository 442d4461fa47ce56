// Package sim simulates the seven public services that the gateway calls, with their
// real paths, parameters, units, headers and error bodies, and further services that
// its caller answers for, each on its own listener on this machine. It is used for the demo without a network, for load tests, and for
// tests of anything that calls these services. Its answers can be broken on command:
// see [Fault].
//
// Answers are deterministic: the same place and hour have the same weather, with
// small differences between providers. Nothing is stored per place.
package sim

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"slices"
	"time"

	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"
)

// Control is the name of the control listener, which sets faults.
const Control = "sim"

// The simulated providers, with the gateway's source names.
const (
	OpenMeteo   = "openmeteo"
	Geocoding   = "geocoding"
	OpenWeather = "openweather"
	MetNorway   = "metno"
	Directory   = "directory"
	GitHub      = "github"

	OpenMeteoAir = "openmeteo_air"
)

// Config configures a Simulator. The zero Config works: free ports on 127.0.0.1, no
// quotas, any OpenWeather key.
type Config struct {
	// Addr is the control address, host:port. The seven providers listen on the
	// next seven ports, in the order of the constants above, and the further ones
	// after them. With port 0 every listener takes any free port.
	Addr string

	// OpenWeatherKey is the only appid that OpenWeather accepts; empty: any appid that
	// is not empty.
	OpenWeatherKey string

	// Quotas by provider. A call over the quota gets the provider's own error. Providers
	// without a quota never refuse a call.
	Quotas map[string]Quota

	// Further providers have the same faults, spans and place in the list of the
	// control address as the seven.
	Further []Provider

	// Listen opens every listener, also that of a provider that comes back after
	// ModeDown; nil: net.Listen.
	Listen func(network, addr string) (net.Listener, error)

	// IgnoreIdempotencyKeys makes the directory carry out every write, as the real one
	// does, even if its Idempotency-Key was used before.
	IgnoreIdempotencyKeys bool

	// Wrap, if not nil, is called once for each provider, with the handler of all its
	// requests; the provider uses what it returns. Tests see requests and answers there.
	Wrap func(provider string, h http.Handler) http.Handler

	// Rand draws the delays and errors of faults; nil: the global generator. It is used
	// concurrently.
	Rand *rand.Rand

	// Now is the clock that answers depend on; nil: time.Now. Delays and
	// time-outs run on the real one.
	Now func() time.Time

	// Logger gets failed listeners and changed faults; requests are not logged. nil
	// disables logging.
	Logger *slog.Logger

	// Tracer creates a span for each request to a provider, in the trace of its
	// traceparent; nil: no spans.
	Tracer trace.Tracer
}

// Listener is a listener of a simulator.
type Listener struct {
	Name string // "sim" or a provider's name
	URL  string // without a trailing slash
}

// Simulator runs all providers and their control address. It is safe for
// concurrent use.
type Simulator struct {
	faults   http.Handler
	control  *server
	url      string
	services []*service // in the order of the constants, then the further ones
}

// Start opens all listeners before it returns. If a port is taken, it closes them and
// returns an error with the listener's name. ctx is used only during the start; Close
// ends the simulator.
func Start(ctx context.Context, cfg Config) (*Simulator, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if cfg.Listen == nil {
		cfg.Listen = net.Listen
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Rand == nil {
		cfg.Rand = rand.New(global{})
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
	host, listeners, err := listenAll(cfg.Listen, cfg.Addr, names)
	if err != nil {
		return nil, err
	}

	s := &Simulator{url: baseURL(host, listeners[0])}
	for i, p := range providers {
		ln := listeners[i+1]
		s.services = append(s.services, newService(p, ln, baseURL(host, ln), cfg))
	}
	s.faults = newControl(s, cfg.Logger)
	s.control = serve(listeners[0], s.faults, cfg.Logger)
	return s, nil
}

// newProviders returns the seven providers in the order of the constants, and then the
// further ones, which is also the order of their ports.
func newProviders(cfg Config) ([]provider, error) {
	places := newGazetteer()
	zones := newZones()
	directory, err := newDirectory(cfg.IgnoreIdempotencyKeys)
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
	for _, p := range cfg.Further {
		taken := p.Name == Control || slices.ContainsFunc(providers, func(other provider) bool { return other.name == p.Name })
		if p.Name == "" || taken {
			return nil, fmt.Errorf("further provider %q: its name is empty or taken", p.Name)
		}
		providers = append(providers, further(p))
	}
	return providers, nil
}

// URL returns the base URL of a listener, such as "http://127.0.0.1:9101", or "" for an
// unknown name. A provider keeps its URL while it is down.
func (s *Simulator) URL(name string) string {
	for _, l := range s.Listeners() {
		if l.Name == name {
			return l.URL
		}
	}
	return ""
}

// Listeners returns the control address and then the providers.
func (s *Simulator) Listeners() []Listener {
	all := []Listener{{Control, s.url}}
	for _, sv := range s.services {
		all = append(all, Listener{sv.name, sv.url})
	}
	return all
}

// SetFault changes the behaviour of a provider from the next request on; the zero Fault
// makes it healthy. It returns when the provider has closed its listener or listens
// again, if the fault changes that.
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

// ErrFaultChanged is the error of ReplaceFault if somebody else has set a fault.
var ErrFaultChanged = errors.New("the fault has been changed by somebody else")

// ActiveFault is the fault that a provider has now.
type ActiveFault struct {
	Fault
	ID   uint64    // changes with each fault that is set, or ends
	Ends time.Time // zero: it does not end by itself
}

// Fault returns the fault of a provider, and false for an unknown name.
func (s *Simulator) Fault(provider string) (ActiveFault, bool) {
	sv := s.service(provider)
	if sv == nil {
		return ActiveFault{}, false
	}
	f := sv.fault.Load()
	return ActiveFault{f.Fault, f.id, f.ends}, true
}

// ReplaceFault is SetFault if the provider still has the fault with an id. It returns the
// id of the new fault. Else its error is ErrFaultChanged.
func (s *Simulator) ReplaceFault(provider string, id uint64, f Fault) (uint64, error) {
	sv := s.service(provider)
	if sv == nil {
		return 0, fmt.Errorf("no provider %q", provider)
	}
	f = f.withDefaults()
	if err := f.check(); err != nil {
		return 0, fmt.Errorf("%s: %w", provider, err)
	}
	id, err := sv.setFaultAfter(id, f)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", provider, err)
	}
	return id, nil
}

// Faults is what the control address serves, for a server that wants to offer the same.
func (s *Simulator) Faults() http.Handler { return s.faults }

// Calls returns the number of requests that a provider has received, including those
// affected by a fault; 0 for an unknown name.
func (s *Simulator) Calls(provider string) int64 {
	if sv := s.service(provider); sv != nil {
		return sv.calls.Load()
	}
	return 0
}

// Close stops every listener, ends hanging requests, and waits for all goroutines.
// Calling it again does nothing.
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

// baseURL returns a listener's URL with the requested host, or with one that can be
// dialled if it was a wildcard.
func baseURL(host string, ln net.Listener) string {
	_, port, _ := net.SplitHostPort(ln.Addr().String())
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return "http://" + net.JoinHostPort(host, port)
}
