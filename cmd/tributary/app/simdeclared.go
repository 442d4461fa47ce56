package app

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"tributary/upstream/declared"
	upstreamsim "tributary/upstream/sim"
)

// SimulatedUpstreams are the upstreams that the file of endpoints declares, for a simulator
// of package sim. It is for tests that start simulators of their own; the error lists the
// mistakes in the configuration.
func SimulatedUpstreams(getenv func(string) string) ([]upstreamsim.Provider, error) {
	cfg, err := readConfig(withoutURLs(getenv))
	if err != nil || cfg.definition == nil {
		return nil, err
	}
	s := &simulated{cfg: cfg, declared: declared.NewSimulation(cfg.definition)}
	return s.further(), nil
}

// further are the upstreams that the file of endpoints declares, in its order.
func (s *simulated) further() (all []upstreamsim.Provider) {
	for _, u := range s.cfg.Upstreams {
		if u.declared == nil {
			continue
		}
		name := u.provider.name
		all = append(all, upstreamsim.Provider{
			Name:    name,
			Handler: s.declared.Handler(name),
			Route:   func(r *http.Request) string { return s.declared.Route(name, r) },
		})
	}
	return all
}

// use answers for declared upstreams by another definition. An upstream that the
// simulator was started without has no listener.
func (s *simulated) use(d *declared.Definition) { s.declared.Use(d) }

// watch answers by the file of endpoints as it is now: after hangUp and when its content
// changes, until ctx is done. A file with mistakes changes nothing.
func (s *simulated) watch(ctx context.Context, getenv func(string) string, hangUp <-chan os.Signal) {
	if s.declared == nil {
		<-ctx.Done()
		return
	}
	ticker := time.NewTicker(watchInterval)
	defer ticker.Stop()
	read := s.cfg.endpoints
	for {
		select {
		case <-ctx.Done():
			return
		case <-hangUp:
		case <-ticker.C:
			if !read.Changed() {
				continue
			}
		}
		read = s.reload(getenv)
	}
}

// reload answers by the file as it is now, and returns what it has read: also a file
// with mistakes, which are told once.
func (s *simulated) reload(getenv func(string) string) *declared.File {
	cfg, err := rereadConfig(withoutURLs(getenv), &s.cfg)
	if err != nil {
		mistakes := strings.Split(err.Error(), "\n")
		s.log.Error("the file of endpoints has mistakes; what was simulated before goes on", "file", s.cfg.EndpointsFile, "mistakes", mistakes)
		return cfg.endpoints
	}
	for _, u := range cfg.Upstreams {
		if s.URL(u.provider.name) == "" {
			s.log.Warn("an upstream is new in the file of endpoints; start the simulator again to simulate it", "upstream", u.provider.name)
		}
	}
	s.use(cfg.definition)
	s.log.Info("endpoints loaded", "file", cfg.EndpointsFile)
	return cfg.endpoints
}

// withoutURLs makes the file of endpoints readable although the environment does not say
// where its upstreams are: the simulator is about to decide that.
func withoutURLs(getenv func(string) string) func(string) string {
	path := getenv("ENDPOINTS_FILE")
	if path == "" {
		return getenv
	}
	file, _ := declared.Read(os.DirFS(filepath.Dir(path)), filepath.Base(path)) // readConfig reports its mistakes
	urls := make(map[string]string)
	for _, u := range file.Upstreams {
		urls[declaredProvider(u).variable("URL")] = "http://simulator.invalid"
	}
	return preset(getenv, urls)
}

// preset is an environment with values for variables that it does not set.
func preset(getenv func(string) string, values map[string]string) func(string) string {
	return func(name string) string {
		if v := getenv(name); v != "" || getenv(name+"_FILE") != "" {
			return v
		}
		return values[name]
	}
}
