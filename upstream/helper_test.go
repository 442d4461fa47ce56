package upstream_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"tributary/cache"
	"tributary/telemetry/telemetrytest"
	"tributary/upstream"
)

// watch records the logs and metrics of the upstreams in these tests.
var watch telemetrytest.Watch

func TestMain(m *testing.M) {
	watch.Keep("s3cr3t")
	goleak.VerifyTestMain(watch.Wrap(m, telemetrytest.Log, telemetrytest.Trace))
}

// it runs a test in a synctest bubble, where the clock is simulated.
func it(t *testing.T, does string, test func(t *testing.T)) {
	t.Helper()
	t.Run(does, func(t *testing.T) { synctest.Test(t, test) })
}

// behaviour is how the fake upstream answers a request.
type behaviour func(r *http.Request) (*http.Response, error)

// fake is an upstream in memory, reached through the real client and policies.
type fake struct {
	behaves atomic.Pointer[behaviour]
	inside  atomic.Int64
	peak    atomic.Int64 // most concurrent requests

	mu   sync.Mutex
	seen []*http.Request
	at   []time.Time
}

func newFake(b behaviour) *fake {
	f := &fake{}
	f.now(b)
	return f
}

func (f *fake) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	f.mu.Lock()
	f.seen = append(f.seen, r)
	f.at = append(f.at, time.Now())
	f.mu.Unlock()
	n := f.inside.Add(1)
	defer f.inside.Add(-1)
	for p := f.peak.Load(); n > p && !f.peak.CompareAndSwap(p, n); p = f.peak.Load() {
	}
	return (*f.behaves.Load())(r)
}

// now changes how the upstream behaves from now on.
func (f *fake) now(b behaviour) { f.behaves.Store(&b) }

// sent returns the number of requests so far.
func (f *fake) sent() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.seen)
}

func (f *fake) request(n int) *http.Request {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.seen[n]
}

// gap returns the time between request n and the one before it.
func (f *fake) gap(n int) time.Duration {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.at[n].Sub(f.at[n-1])
}

// answers sends a status and a body; header is name, value, name, value…
func answers(status int, body string, header ...string) behaviour {
	h := http.Header{}
	for i := 0; i < len(header); i += 2 {
		h.Add(header[i], header[i+1])
	}
	return func(r *http.Request) (*http.Response, error) {
		return &http.Response{
			StatusCode: status, Header: h.Clone(), Body: io.NopCloser(strings.NewReader(body)), Request: r,
			ProtoMajor: 1, ProtoMinor: 1, ContentLength: int64(len(body)),
		}, nil
	}
}

func hangs(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, r.Context().Err()
}

func fails(err error) behaviour {
	return func(*http.Request) (*http.Response, error) { return nil, err }
}

var errReset = errors.New("reset by a peer")

// after waits before it behaves like next, unless the request is cancelled.
func after(d time.Duration, next behaviour) behaviour {
	return func(r *http.Request) (*http.Response, error) {
		select {
		case <-time.After(d):
			return next(r)
		case <-r.Context().Done():
			return nil, r.Context().Err()
		}
	}
}

// inTurn answers each request with the next behaviour, and repeats the last.
func inTurn(bs ...behaviour) behaviour {
	var n atomic.Int64
	return func(r *http.Request) (*http.Response, error) {
		return bs[min(int(n.Add(1)), len(bs))-1](r)
	}
}

// well is a healthy upstream.
var well = answers(200, "fine")

type (
	config = upstream.Config
	spec   = upstream.Spec[string, string]
	source = *upstream.Source[string, string]
	answer = upstream.Answer[string]
)

// settings are near the defaults, without hedges and quotas.
func settings(transport http.RoundTripper) config {
	return config{
		Name:    "things",
		BaseURL: &url.URL{Scheme: "http", Host: "things.test"},
		Policies: upstream.Policies{
			Timeout: 2 * time.Second, Retries: 2, RetryDelay: 100 * time.Millisecond, RetryMaxDelay: time.Second,
			MaxConcurrent: 64,
			Breaker:       upstream.Breaker{FailureRate: 0.5, MinCalls: 20, Window: 10 * time.Second, Delay: 5 * time.Second},
		},
		Lifetimes:   cache.Lifetimes{FreshFor: 10 * time.Minute, RevalidateFor: 10 * time.Minute, StaleFor: 24 * time.Hour},
		Store:       cache.NewStore(10_000),
		FetchBudget: 4500 * time.Millisecond,
		Transport:   transport,
		Logger:      slog.New(slog.NewJSONHandler(watch.Lines(), nil)),
	}
}

// open returns an upstream that is closed at the end of the test.
func open(t testing.TB, transport http.RoundTripper, changes ...func(*config)) *upstream.Upstream {
	t.Helper()
	cfg := settings(transport)
	for _, change := range changes {
		change(&cfg)
	}
	up := upstream.New(cfg)
	t.Cleanup(up.Close)
	return up
}

// things is a source of texts by name; the body "garbage" is not JSON.
func things(up *upstream.Upstream, changes ...func(*spec)) source {
	s := spec{
		Name:  "things",
		Route: "/things/{name}",
		Key:   func(name string) string { return name },
		Request: func(ctx context.Context, name string) (*http.Request, error) {
			return http.NewRequestWithContext(ctx, http.MethodGet, "/things/"+url.PathEscape(name), nil)
		},
		Decode: func(r upstream.Response) (string, error) {
			switch body := string(r.Body); {
			case body == "garbage" || strings.HasPrefix(body, "{"):
				return "", errors.New("not a text")
			case body == "nothing":
				return "", upstream.Errorf(upstream.CodeNoData, "the text is too old")
			}
			return string(r.Body), nil
		},
	}
	for _, change := range changes {
		change(&s)
	}
	return upstream.NewSource(up, s)
}

// serve returns an upstream with one source.
func serve(t testing.TB, f *fake, changes ...func(*config)) (*upstream.Upstream, source) {
	t.Helper()
	up := open(t, f, changes...)
	return up, things(up)
}

func noRetries(c *config) { c.Policies.Retries = 0 }

func ask(s source, name string) answer {
	return s.Ask(context.Background(), name, upstream.Directives{})
}

// askMany asks n new questions one after another.
func askMany(s source, n int) (last answer) {
	for range n {
		last = ask(s, fresh())
	}
	return last
}

var names atomic.Int64

// fresh returns a name that was not asked for yet.
func fresh() string { return fmt.Sprint("n", names.Add(1)) }

// want checks the state and error code of an answer; "" means no error.
func want(t *testing.T, got answer, state upstream.State, code upstream.Code) {
	t.Helper()
	if got.State != state || codeOf(got) != code {
		t.Errorf("answer = %s %q (%v), want %s %q", got.State, codeOf(got), got.Err, state, code)
	}
}

func codeOf(a answer) upstream.Code {
	if a.Err == nil {
		return ""
	}
	return a.Err.Code
}

func wantSent(t *testing.T, f *fake, n int) {
	t.Helper()
	if got := f.sent(); got != n {
		t.Errorf("requests sent = %d, want %d", got, n)
	}
}

func wantBreaker(t *testing.T, up *upstream.Upstream, state string) {
	t.Helper()
	if got := up.Status().Breaker; got != state {
		t.Errorf("breaker = %s, want %s", got, state)
	}
}

// took measures how long f takes.
func took(f func()) time.Duration {
	start := time.Now()
	f()
	return time.Since(start)
}

func wantTook(t *testing.T, got, want time.Duration) {
	t.Helper()
	if got != want {
		t.Errorf("it took %v, want %v", got, want)
	}
}
