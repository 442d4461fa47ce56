// Package sim simulates the seven public services that the gateway calls, with their
// real paths, parameters, units, headers and error bodies, and further services whose
// answers the caller makes. Each has a listener of its own on this machine. It is used for
// the demo without a network, for load tests, and for tests of anything that calls these
// services. Faults can be set: see [Fault].
//
// Answers are deterministic: the same place and hour have the same weather, with
// small differences between providers. Nothing is stored per place.
package sim

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
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
	cfg = cfg.withDefaults()
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
