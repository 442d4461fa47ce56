package declared_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"tributary/cache"
	"tributary/telemetry/telemetrytest"
	"tributary/upstream"
	"tributary/upstream/aggregate"
	"tributary/upstream/declared"
	"tributary/upstream/upstreamtest"
)

// watch checks the logs of the upstreams in these tests.
var watch telemetrytest.Watch

func TestMain(m *testing.M) { goleak.VerifyTestMain(watch.Wrap(m, telemetrytest.Log)) }

// it runs a test in a synctest bubble, where the clock is simulated.
func it(t *testing.T, does string, test func(t *testing.T)) {
	t.Helper()
	t.Run(does, func(t *testing.T) { synctest.Test(t, test) })
}

type behaviour = upstreamtest.Behaviour

var (
	answers = upstreamtest.Answers
	hangs   = upstreamtest.Hangs
	after   = upstreamtest.After
)

// network has the upstreams of a test, by the name of their host. It counts requests.
type network struct {
	mu   sync.Mutex
	has  map[string]behaviour
	seen map[string][]string // the URLs that were asked for, as they were sent
}

func (n *network) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	n.mu.Lock()
	n.seen[r.URL.Host] = append(n.seen[r.URL.Host], r.URL.RequestURI())
	b := n.has[r.URL.Host]
	n.mu.Unlock()
	if b == nil {
		return nil, errors.New("no such host")
	}
	return b(r)
}

// now changes how an upstream behaves from now on.
func (n *network) now(host string, b behaviour) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.has[host] = b
}

// asked are the URLs that an upstream was asked for.
func (n *network) asked(host string) []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.seen[host]
}

// world is a file of endpoints that is connected with the upstreams of a network.
type world struct {
	*network
	t         testing.TB
	store     *cache.Store
	upstreams map[string]*upstream.Upstream
	table     *declared.Table
}

const (
	patience       = 800 * time.Millisecond
	requestTimeout = 5 * time.Second
)

// open connects a file, whose schemas are other files, with upstreams. Those that has
// does not name are switched off.
func open(t testing.TB, files map[string]string, has map[string]behaviour, changes ...func(*upstream.Config)) *world {
	t.Helper()
	w := &world{
		network: &network{has: has, seen: make(map[string][]string)},
		t:       t, store: cache.NewStore(100_000), upstreams: make(map[string]*upstream.Upstream),
	}
	for name := range has {
		cfg := settings(name, w)
		for _, change := range changes {
			change(&cfg)
		}
		up := upstream.New(cfg)
		t.Cleanup(up.Close)
		w.upstreams[name] = up
	}
	w.table = w.define(files).Bind(w.connections(), nil)
	return w
}

func (w *world) connections() declared.Connections {
	return declared.Connections{Upstreams: w.upstreams, URLs: map[string]string{}, Store: w.store, Patience: patience}
}

// define compiles a file without mistakes.
func (w *world) define(files map[string]string) *declared.Definition {
	w.t.Helper()
	d, mistakes := load(declared.Known{Files: folder(files), Tokens: true}, "endpoints.yaml")
	if d == nil {
		w.t.Fatalf("mistakes:\n%s", strings.Join(mistakes, "\n"))
	}
	return d
}

func folder(files map[string]string) fs.FS {
	all := fstest.MapFS{}
	for name, content := range files {
		all[name] = &fstest.MapFile{Data: []byte(content)}
	}
	return all
}

// settings are near the defaults, without retries, hedges and quotas.
func settings(name string, w *world) upstream.Config {
	return upstream.Config{
		Name: name, BaseURL: &url.URL{Scheme: "http", Host: name},
		Policies: upstream.Policies{
			Timeout: 2 * time.Second, MaxConcurrent: 64,
			Breaker: upstream.Breaker{FailureRate: 0.5, MinCalls: 20, Window: 10 * time.Second, Delay: 5 * time.Second},
		},
		Lifetimes:   cache.Lifetimes{FreshFor: 10 * time.Minute, RevalidateFor: 10 * time.Minute, StaleFor: 24 * time.Hour},
		Store:       w.store,
		FetchBudget: 4500 * time.Millisecond,
		Transport:   w.network,
		Logger:      slog.New(slog.NewJSONHandler(watch.Lines(), nil)),
	}
}

// result is what became of a request.
type result struct {
	data    string
	sources []aggregate.Outcome
	err     error
	took    time.Duration
}

// get asks an endpoint, with its parameters as name=value.
func (w *world) get(path string, parameters ...string) (r result) {
	w.t.Helper()
	e := w.endpoint(path)
	q := declared.Query{Parameters: make([]json.RawMessage, len(e.Parameters))}
	for i, p := range e.Parameters {
		var given []string
		for _, text := range parameters {
			if value, ok := strings.CutPrefix(text, p.Name+"="); ok {
				given = append(given, value)
			}
		}
		if q.Parameters[i], r.err = p.Parse(given); r.err != nil {
			return r
		}
	}
	return w.answer(e, q)
}

func (w *world) answer(e *declared.Endpoint, q declared.Query) (r result) {
	ctx, cancel := context.WithTimeout(context.Background(), requestTimeout)
	defer cancel()
	start := time.Now()
	var data aggregate.Encoded
	data, r.sources, r.err = w.table.Answer(ctx, e, q)
	r.data, r.took = string(data.JSON), time.Since(start)
	return r
}

func (w *world) endpoint(path string) *declared.Endpoint {
	w.t.Helper()
	for _, e := range w.table.Endpoints {
		if e.Path == path {
			return e
		}
	}
	w.t.Fatalf("there is no endpoint %s", path)
	return nil
}

// states are the outcomes as "order live, customer failed timeout".
func (r result) states() string {
	var all []string
	for _, o := range r.sources {
		text := fmt.Sprintf("%s %s", o.Name, o.State)
		if o.Err != nil {
			text += " " + string(o.Err.Code)
		}
		all = append(all, text)
	}
	return strings.Join(all, ", ")
}

// noAnswer is the error of an endpoint without an answer.
func (r result) noAnswer(t testing.TB) (e *aggregate.NoAnswerError) {
	t.Helper()
	if !errors.As(r.err, &e) {
		t.Fatalf("error = %v, want a NoAnswerError", r.err)
	}
	return e
}

func (r result) want(t testing.TB, data, states string) {
	t.Helper()
	if r.err != nil || r.data != data || r.states() != states {
		t.Errorf("answer = %s (%s), error %v; want %s (%s)", r.data, r.states(), r.err, data, states)
	}
}

func (w *world) wantAsked(host string, urls ...string) {
	w.t.Helper()
	if got := w.asked(host); fmt.Sprint(got) != fmt.Sprint(urls) {
		w.t.Errorf("%s was asked for %q, want %q", host, got, urls)
	}
}

func TestTheExampleHasNoMistakes(t *testing.T) {
	known := gateway("../../examples/orders")
	if d, mistakes := load(known, "orders.yaml"); d == nil {
		t.Errorf("mistakes:\n%s", strings.Join(mistakes, "\n"))
	}
	if _, err := os.Stat("../../examples/orders/orders.yaml"); err != nil {
		t.Error(err)
	}
}
