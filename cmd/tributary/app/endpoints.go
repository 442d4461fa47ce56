package app

import (
	"crypto/sha256"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"go.opentelemetry.io/otel/metric"

	"tributary"
	"tributary/telemetry"
	"tributary/upstream"
	"tributary/upstream/declared"
)

// endpoints serves the endpoints of a file, and loads the file anew when it changes.
type endpoints struct {
	gateway *gateway
	network Network
	getenv  func(string) string
	tel     *telemetry.Telemetry
	log     *slog.Logger
	loads   metric.Int64Counter
	started *config                    // that the gateway was started with
	loaded  func(*declared.Definition) // called before a file is served anew; may be nil

	mu        sync.Mutex // guards what follows
	cfg       config
	table     *declared.Table
	upstreams []*declaredUpstream // in the order of the file
	document  func() []byte       // openapi.yaml with the endpoints
	read      *declared.File      // the file as it was read last, with mistakes or without
	closed    bool
	closing   sync.WaitGroup // upstreams and tables that are no longer used
}

// declaredUpstream is an upstream of the file.
type declaredUpstream struct {
	name     string
	url      string
	settings string // everything that it is made of
	timeout  time.Duration
	up       *upstream.Upstream // nil: it is disabled
}

// newEndpoints serves the endpoints of cfg; nil if it has no file of them.
func newEndpoints(g *gateway, n Network, cfg config, getenv func(string) string, tel *telemetry.Telemetry, log *slog.Logger) (*endpoints, error) {
	if cfg.definition == nil {
		return nil, nil
	}
	loads, err := tel.Meter().Int64Counter("tributary.endpoints.loads", metric.WithUnit("{load}"),
		metric.WithDescription("Times that the file of endpoints was loaded, by result: loaded or refused."))
	if err != nil {
		return nil, err
	}
	started := cfg
	started.definition = nil // it is large, and only names are looked up
	e := &endpoints{gateway: g, network: n, getenv: getenv, tel: tel, log: log, loads: loads, started: &started}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.read = cfg.endpoints
	e.serve(cfg)
	e.count("loaded")
	return e, nil
}

// serve serves the definition of cfg from now on. Upstreams and sources that are the
// same go on with their breakers, quotas and cached answers. e.mu is held.
func (e *endpoints) serve(cfg config) {
	before, dropped := e.table, e.upstreams
	c := declared.Connections{
		Upstreams: make(map[string]*upstream.Upstream), URLs: make(map[string]string),
		Store: e.gateway.store, Patience: cfg.Patience, BuiltIn: e.gateway.builtIn,
	}
	for _, u := range e.cfg.Upstreams {
		c.URLs[u.provider.name] = u.URL.String()
	}
	for name, u := range e.gateway.upstreams {
		c.Upstreams[name] = u
	}
	var next []*declaredUpstream
	for _, u := range cfg.Upstreams {
		if u.declared == nil {
			c.URLs[u.provider.name] = u.URL.String()
			continue
		}
		d := e.upstream(cfg, u)
		dropped = slices.DeleteFunc(slices.Clone(dropped), func(o *declaredUpstream) bool { return o == d })
		next = append(next, d)
		c.URLs[d.name] = d.url
		if d.up != nil {
			c.Upstreams[d.name] = d.up
		}
	}
	e.table = cfg.definition.Bind(c, before)
	e.upstreams, e.cfg = next, cfg
	e.document = document(cfg, e.log)
	wait := e.gateway.api.Declare(e.table, e.document)
	after := e.table
	e.closing.Go(func() {
		wait()
		if before != nil {
			before.Close(after)
		}
		for _, d := range dropped {
			if d.up != nil {
				d.up.Close()
			}
		}
	})
}

// document is what /openapi.yaml has, made when it is first asked for.
func document(cfg config, log *slog.Logger) func() []byte {
	return sync.OnceValue(func() []byte {
		d, err := declared.Document(tributary.OpenAPI, cfg.BuiltIn.hidden(), cfg.definition)
		if err != nil {
			log.Error("the description of the API could not be made; it lacks the declared endpoints", "error", err.Error())
			return tributary.OpenAPI
		}
		return d
	})
}

// upstream is the upstream of u: the one that is there if it is the same.
func (e *endpoints) upstream(cfg config, u *upstreamConfig) *declaredUpstream {
	d := &declaredUpstream{name: u.provider.name, url: u.URL.String(), settings: u.settings(cfg.key(u)), timeout: u.Timeout}
	for _, o := range e.upstreams {
		if o.name == d.name && o.settings == d.settings {
			return o
		}
	}
	if u.Enabled {
		c := e.gateway.upstreamConfig(cfg, u, e.tel, e.log)
		e.network.use(&c)
		d.up = upstream.New(c)
	}
	return d
}

// settings is everything that an upstream is made of, as text. It holds a digest of the
// secret, and not the secret.
func (u *upstreamConfig) settings(secret Secret) string {
	var b strings.Builder
	for _, v := range u.variables() {
		fmt.Fprintf(&b, "%s=%s\n", v.name, v)
	}
	fmt.Fprintf(&b, "%v %x %v", u.declared.Credentials, sha256.Sum256([]byte(secret.Reveal())), u.keepUnvalidated)
	return b.String()
}

// all are the upstreams of the file, in its order.
func (e *endpoints) all() []*declaredUpstream {
	if e == nil {
		return nil
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.upstreams)
}

// close ends the calls to the file's upstreams that are still running, and waits for
// them.
func (e *endpoints) close() {
	if e == nil {
		return
	}
	e.mu.Lock()
	e.closed = true
	upstreams := slices.Clone(e.upstreams)
	e.mu.Unlock()
	for _, d := range upstreams {
		if d.up != nil {
			d.up.Close()
		}
	}
	e.closing.Wait()
}
