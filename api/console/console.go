// Package console is the page on which operators see what the gateway does: the state of
// each upstream, where answers come from, the stories of recent requests, and, in a demo,
// faults to try out. It is served on the admin listener, and needs nothing else to run.
package console

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/go-chi/chi/v5"

	"tributary/telemetry/story"
	"tributary/upstream"
	"tributary/upstream/sim"
)

// Config configures a console.
type Config struct {
	Stories   *story.Recorder
	API       http.Handler               // of the public listener, for questions of the page
	Document  func() []byte              // the openapi.yaml that is served now
	Upstreams func() []Upstream          // that there are now, in the order in which they are shown
	Streams   func() map[string]int      // that are open now, by path; nil: none
	Docs      func(*http.Request) string // the URL of /docs for a browser, "" if it is not known; nil: never
	Version   string
	Commit    string
	JaegerURL string   // "": traces have no links
	Hosts     []string // besides loopback and literal addresses, the names that the console is reached by

	// Simulator simulates the upstreams in this process, so that the page may break them.
	// nil: they are real, or simulated elsewhere.
	Simulator *sim.Simulator
}

// Upstream is an upstream as the console knows it.
type Upstream struct {
	Name    string
	Host    string
	Timeout time.Duration      // of one request
	Up      *upstream.Upstream // nil: it is disabled
}

// Console serves the page and what it asks for. It is safe for concurrent use. A nil one is
// off.
type Console struct {
	Config
	started time.Time
	routes  http.Handler
	end     context.CancelFunc
	ended   chan struct{}

	pages   pages
	faults  faults
	history history

	mu      sync.Mutex // guards what follows
	changed map[string]change
	api     *description // of the document that is served now; nil: not read yet
	loads   int          // how often the document has changed
}

// New returns a console, which the caller must close.
func New(cfg Config) *Console {
	ctx, end := context.WithCancel(context.Background())
	c := &Console{Config: cfg, started: time.Now(), end: end, ended: make(chan struct{}), changed: make(map[string]change)}
	c.faults = faults{simulator: cfg.Simulator, stories: cfg.Stories}
	c.faults.look()
	c.history.samples = make(map[string]*[story.Intervals + 1]sample)
	c.routes = c.handler()
	go c.run(ctx)
	return c
}

func (c *Console) handler() http.Handler {
	r := chi.NewRouter()
	r.Use(c.access)
	r.NotFound(func(w http.ResponseWriter, _ *http.Request) { notFound.write(w) })
	r.MethodNotAllowed(func(w http.ResponseWriter, _ *http.Request) {
		problem{Status: http.StatusMethodNotAllowed, Title: "Method not allowed"}.write(w)
	})
	r.Get("/console/model", c.model)
	r.Get("/console/operations", c.operations)
	r.Get("/console/live", c.live)
	r.Get("/console/history", c.past)
	r.Get("/console/stories", c.stories)
	r.Get("/console/stories/{trace}", c.story)
	r.Post("/console/ask", c.ask)
	if c.Simulator != nil {
		r.Put("/console/faults/{upstream}", c.setFault)
		r.Delete("/console/faults/{upstream}", c.liftFault)
	}
	for _, add := range []func(string, http.HandlerFunc){r.Get, r.Head} {
		add("/console", serveFile("index.html"))
		add("/console/", serveFile("index.html"))
		add("/console/*", func(w http.ResponseWriter, r *http.Request) {
			serveFile(chi.URLParam(r, "*"))(w, r)
		})
	}
	return r
}

// ServeHTTP serves /console and the paths below it.
func (c *Console) ServeHTTP(w http.ResponseWriter, r *http.Request) { c.routes.ServeHTTP(w, r) }

// Loaded says that upstreams or endpoints have changed.
func (c *Console) Loaded() {
	c.mu.Lock()
	c.api = nil
	c.loads++
	c.mu.Unlock()
	c.pages.send(message("model", struct{}{}))
}

// Drain ends all streams, so that the listener can be closed, and begins no new ones.
func (c *Console) Drain() {
	if c == nil {
		return
	}
	c.announce()
	c.pages.drain()
}

// Close ends the streams, and waits for what the console does by itself.
func (c *Console) Close() {
	if c == nil {
		return
	}
	c.pages.drain()
	c.end()
	<-c.ended
}

// tick is the time between two states that open pages get.
const tick = 500 * time.Millisecond

// run looks at upstreams and faults at each tick: for the open pages and for the history.
func (c *Console) run(ctx context.Context) {
	defer close(c.ended)
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	for n := 0; ; n++ {
		select {
		case <-ctx.Done():
			return
		case now := <-ticker.C:
			c.faults.tidy(c.pages.gone(now))
			open := c.pages.count() > 0
			if !open && n%int(story.Interval/tick) != 0 {
				continue
			}
			state := c.state(now)
			c.history.add(now, state.Upstreams)
			if open {
				c.announce()
				c.pages.send(message("state", state))
			}
		}
	}
}
