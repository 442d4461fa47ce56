// Package telemetrytest listens to all that a test run tells, in its logs, spans,
// metrics and answers, for what must never be told: secrets, and people's e-mail
// addresses.
package telemetrytest

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"sync"
	"testing"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// Kind is a kind of what is told.
type Kind string

// Answers may hold people's addresses, the others may not.
const (
	Log    Kind = "log line"
	Trace  Kind = "batch of spans"
	Metric Kind = "batch of metrics"
	Answer Kind = "answer"
)

// Watch remembers what was told that should not have been. The zero value
// knows no secret yet. It is safe for concurrent use.
type Watch struct {
	mu      sync.Mutex
	secrets []string
	heard   map[Kind]int
	leaks   []string
}

// Keep makes these secrets from now on.
func (w *Watch) Keep(secrets ...string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.secrets = append(w.secrets, secrets...)
}

// maxLeaks is how many are kept, with what stands around them: after the first
// few it is known.
const (
	maxLeaks = 20
	around   = 300
)

// address is an e-mail address; a shorter one might be bytes of an id.
var address = regexp.MustCompile(`[\w.%+-]{3,}@[\w-]{3,}(\.[\w-]+)*\.[A-Za-z]{2,}`)

// Hear looks through something that was told.
func (w *Watch) Hear(kind Kind, told []byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.heard == nil {
		w.heard = make(map[Kind]int)
	}
	w.heard[kind]++
	leak := func(from, to int) {
		if len(w.leaks) < maxLeaks {
			around := told[max(0, from-around):min(len(told), to+around)]
			w.leaks = append(w.leaks, fmt.Sprintf("%q is in a %s: %q", told[from:to], kind, around))
		}
	}
	for _, secret := range w.secrets {
		if at := bytes.Index(told, []byte(secret)); at >= 0 {
			leak(at, at+len(secret))
		}
	}
	if kind == Answer {
		return
	}
	for at := range told {
		if told[at] != '@' {
			continue
		}
		from := max(0, at-around)
		if found := address.FindIndex(told[from:min(len(told), at+around)]); found != nil {
			leak(from+found[0], from+found[1])
			return
		}
	}
}

// Leaks is what was heard and should not have been.
func (w *Watch) Leaks() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.leaks
}

// Lines is a writer of log lines.
func (w *Watch) Lines() io.Writer { return lines{w} }

type lines struct{ *Watch }

func (l lines) Write(p []byte) (int, error) {
	l.Hear(Log, p)
	return len(p), nil
}

// Collector hears what is exported by OTLP over HTTP. Text stands in a batch as it
// is, so that it can be searched undecoded.
func (w *Watch) Collector() *httptest.Server {
	return httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		batch, err := io.ReadAll(r.Body)
		if err != nil || r.Header.Get("Content-Encoding") != "" {
			http.Error(rw, "a batch must be whole, and not compressed", http.StatusBadRequest)
			return
		}
		kind := Trace
		if r.URL.Path == "/v1/metrics" {
			kind = Metric
		}
		w.Hear(kind, batch)
	}))
}

// Exporter hears spans that go to no collector.
func (w *Watch) Exporter() sdktrace.SpanExporter { return spans{w} }

type spans struct{ *Watch }

func (s spans) ExportSpans(_ context.Context, batch []sdktrace.ReadOnlySpan) error {
	for _, span := range batch {
		s.Hear(Trace, fmt.Append(nil, span.Name(), span.Attributes(), span.Events(), span.Status()))
	}
	return nil
}

func (spans) Shutdown(context.Context) error { return nil }

// Over runs tests, which fail if there was a leak, or if a whole run of them
// told nothing of one of these kinds: then nobody has listened.
func (w *Watch) Over(tests interface{ Run() int }, kinds ...Kind) interface{ Run() int } {
	return over{w, tests, kinds}
}

type over struct {
	*Watch
	tests interface{ Run() int }
	kinds []Kind
}

func (o over) Run() int {
	code := o.tests.Run()
	for _, leak := range o.Leaks() {
		fmt.Fprintln(os.Stderr, "LEAK:", leak)
		code = max(code, 1)
	}
	for _, kind := range o.kinds {
		if code == 0 && AllRun() && o.heard[kind] == 0 {
			fmt.Fprintf(os.Stderr, "no %s was looked at\n", kind)
			code = 1
		}
	}
	return code
}

// AllRun reports whether every test of the package runs, each to its end. Flags
// must have been parsed.
func AllRun() bool {
	for _, name := range []string{"run", "skip", "list", "fuzz", "bench"} {
		if flag.Lookup("test."+name).Value.String() != "" {
			return false
		}
	}
	return !testing.Short() && flag.Lookup("test.count").Value.String() != "0"
}
