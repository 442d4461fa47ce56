package upstream_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"tributary/cache"
	"tributary/telemetry/telemetrytest"
	"tributary/upstream"
	"tributary/upstream/upstreamtest"
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

type (
	fake      = upstreamtest.Fake
	behaviour = upstreamtest.Behaviour
)

var (
	newFake = upstreamtest.NewFake
	answers = upstreamtest.Answers
	fails   = upstreamtest.Fails
	hangs   = upstreamtest.Hangs
	after   = upstreamtest.After
)

var errReset = errors.New("reset by a peer")

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
	if got := f.Sent(); got != n {
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
