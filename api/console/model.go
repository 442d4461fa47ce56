package console

import (
	"net/http"
	"slices"

	"tributary/telemetry/story"
	"tributary/upstream/sim"
)

// modelJSON is what exists; it changes only when endpoints are loaded.
type modelJSON struct {
	Build     buildJSON      `json:"build"`
	JaegerURL string         `json:"jaeger_ui_url,omitempty"`
	DocsURL   string         `json:"docs_url,omitempty"`
	Faults    *faultsJSON    `json:"faults,omitempty"`
	Upstreams []upstreamJSON `json:"upstreams"`
	Sources   []sourceJSON   `json:"sources"`
	Endpoints []endpointJSON `json:"endpoints"`
}

type buildJSON struct {
	Version   string `json:"version"`
	Commit    string `json:"commit,omitempty"`
	StartedAt string `json:"started_at"`
}

type faultsJSON struct {
	Modes []sim.Mode `json:"modes"`
}

type upstreamJSON struct {
	Name      string `json:"name"`
	Enabled   bool   `json:"enabled"`
	Host      string `json:"host,omitempty"`
	Simulated bool   `json:"simulated,omitempty"`
}

type sourceJSON struct {
	Name     string `json:"name"`
	Upstream string `json:"upstream"`
}

type endpointJSON struct {
	Route   string   `json:"route"`
	Summary string   `json:"summary,omitempty"`
	Sources []string `json:"sources"`
}

// model is GET /console/model.
func (c *Console) model(w http.ResponseWriter, r *http.Request) {
	m := modelJSON{
		Build:     buildJSON{c.Version, c.Commit, story.Time(c.started)},
		JaegerURL: c.JaegerURL, Upstreams: []upstreamJSON{}, Sources: []sourceJSON{}, Endpoints: []endpointJSON{},
	}
	if c.Docs != nil {
		m.DocsURL = c.Docs(r)
	}
	if c.Simulator != nil {
		m.Faults = &faultsJSON{sim.Modes()}
	}
	for _, u := range c.Upstreams() {
		simulated := c.Simulator != nil && c.Simulator.URL(u.Name) != ""
		m.Upstreams = append(m.Upstreams, upstreamJSON{u.Name, u.Up != nil, u.Host, simulated})
		m.Sources = append(m.Sources, c.sourcesOf(u)...)
	}
	seen := make(map[string][]string)
	for _, f := range c.Stories.Flows() {
		seen[f.Route] = append(seen[f.Route], f.Source)
	}
	for _, e := range c.described().endpoints {
		e.Sources = append([]string{}, seen[e.Route]...)
		m.Endpoints = append(m.Endpoints, e)
	}
	writeJSON(w, m)
}

// sourcesOf are the sources of an upstream: those that read, and those that have sent
// something.
func (c *Console) sourcesOf(u Upstream) (sources []sourceJSON) {
	if u.Up == nil {
		return nil
	}
	names := u.Up.Sources()
	for _, a := range c.Stories.Upstream(u.Name).Asks() {
		names = append(names, a.Source)
	}
	slices.Sort(names)
	for _, name := range slices.Compact(names) {
		sources = append(sources, sourceJSON{name, u.Name})
	}
	return sources
}
