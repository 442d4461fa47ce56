package app

import (
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strconv"

	"tributary/api/console"
	"tributary/telemetry"
	"tributary/telemetry/story"
	upstreamsim "tributary/upstream/sim"
)

// newStories returns what the console shows, nil if the console is off.
func newStories(cfg config) *story.Recorder {
	if !cfg.Console || cfg.AdminAddr == "" {
		return nil
	}
	return story.NewRecorder()
}

// newConsole returns the operators' page, nil if it is off. public is the address of the
// API; simulator is nil if the upstreams are not simulated in this process.
func newConsole(cfg config, g *gateway, tel *telemetry.Telemetry, simulator *upstreamsim.Simulator, public net.Addr) *console.Console {
	if tel.Stories() == nil {
		return nil
	}
	jaeger := ""
	if cfg.JaegerURL != nil {
		jaeger = cfg.JaegerURL.String()
	}
	b := thisBuild()
	c := console.New(console.Config{
		Stories: tel.Stories(), API: g.api, Document: g.described, Upstreams: func() []console.Upstream { return g.shown(cfg) },
		Streams: g.api.OpenStreams, Docs: docsOf(public), Version: b.version, Commit: b.commit, JaegerURL: jaeger, Hosts: cfg.ConsoleHosts, Simulator: simulator,
	})
	g.reloaded = c.Loaded
	return c
}

// docsOf returns the URL of /docs. A listener on all interfaces is reached by the host
// that the console is reached by.
func docsOf(public net.Addr) func(*http.Request) string {
	return func(r *http.Request) string {
		tcp, ok := public.(*net.TCPAddr)
		if !ok {
			return ""
		}
		host := tcp.IP.String()
		if tcp.IP.IsUnspecified() {
			host = (&url.URL{Host: r.Host}).Hostname()
		}
		return "http://" + net.JoinHostPort(host, strconv.Itoa(tcp.Port)) + "/docs"
	}
}

// described is the openapi.yaml that is served now.
func (g *gateway) described() []byte {
	if e := g.endpoints; e != nil {
		e.mu.Lock()
		made := e.document
		e.mu.Unlock()
		return made()
	}
	return g.document()
}

// shown are the upstreams: those that are built in, then those of the file.
func (g *gateway) shown(cfg config) (all []console.Upstream) {
	for _, u := range cfg.Upstreams {
		if u.declared == nil {
			all = append(all, console.Upstream{Name: u.provider.name, Host: u.URL.Host, Timeout: u.Timeout, Up: g.upstreams[u.provider.name]})
		}
	}
	for _, d := range g.endpoints.all() {
		host := ""
		if at, err := url.Parse(d.url); err == nil {
			host = at.Host
		}
		all = append(all, console.Upstream{Name: d.name, Host: host, Timeout: d.timeout, Up: d.up})
	}
	return all
}

// plural is a number with its noun.
func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprint(n, " ", many)
}
