// Package telemetrytest fails a test run that writes secrets or e-mail addresses to
// logs, spans, metrics or answers.
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

// Kind is a kind of output.
type Kind string

// Answers may contain e-mail addresses, the other kinds may not.
const (
	Log    Kind = "log line"
	Trace  Kind = "batch of spans"
	Metric Kind = "batch of metrics"
	Answer Kind = "answer"
)

// Watch searches output for leaks and records them. The zero Watch knows no secrets.
// It is safe for concurrent use.
type Watch struct {
	mu      sync.Mutex
	secrets []string
	checked map[Kind]int
	leaks   []string
}

// Keep adds secrets to search for.
func (w *Watch) Keep(secrets ...string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.secrets = append(w.secrets, secrets...)
}

// The number of leaks recorded, and the length of the text around each. A few suffice
// to find the cause.
const (
	maxLeaks = 20
	around   = 300
)

// address matches an e-mail address; anything shorter could be the bytes of an id.
var address = regexp.MustCompile(`[\w.%+-]{3,}@[\w-]{3,}(\.[\w-]+)*\.[A-Za-z]{2,}`)

// Check searches one output for leaks.
func (w *Watch) Check(kind Kind, output []byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.checked == nil {
		w.checked = make(map[Kind]int)
	}
	w.checked[kind]++
	leak := func(from, to int) {
		if len(w.leaks) < maxLeaks {
			around := output[max(0, from-around):min(len(output), to+around)]
			w.leaks = append(w.leaks, fmt.Sprintf("%q is in a %s: %q", output[from:to], kind, around))
		}
	}
	for _, secret := range w.secrets {
		if at := bytes.Index(output, []byte(secret)); at >= 0 {
			leak(at, at+len(secret))
		}
	}
	if kind == Answer {
		return
	}
	for at := range output {
		if output[at] != '@' {
			continue
		}
		from := max(0, at-around)
		if found := address.FindIndex(output[from:min(len(output), at+around)]); found != nil {
			leak(from+found[0], from+found[1])
			return
		}
	}
}

// Leaks returns the leaks found so far.
func (w *Watch) Leaks() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.leaks
}

// Lines returns a writer that checks log lines.
func (w *Watch) Lines() io.Writer { return lines{w} }

type lines struct{ *Watch }

func (l lines) Write(p []byte) (int, error) {
	l.Check(Log, p)
	return len(p), nil
}

// Collector checks what is exported by OTLP over HTTP. Batches are searched without
// decoding, because they contain text unchanged.
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
		w.Check(kind, batch)
	}))
}

// Exporter checks spans that are not sent to a collector.
func (w *Watch) Exporter() sdktrace.SpanExporter { return spans{w} }

type spans struct{ *Watch }

func (s spans) ExportSpans(_ context.Context, batch []sdktrace.ReadOnlySpan) error {
	for _, span := range batch {
		s.Check(Trace, fmt.Append(nil, span.Name(), span.Attributes(), span.Events(), span.Status()))
	}
	return nil
}

func (spans) Shutdown(context.Context) error { return nil }

// Wrap returns tests whose run fails if there was a leak, or if all tests ran without
// any output of one of kinds, because then nothing was checked.
func (w *Watch) Wrap(tests interface{ Run() int }, kinds ...Kind) interface{ Run() int } {
	return wrapped{w, tests, kinds}
}

type wrapped struct {
	*Watch
	tests interface{ Run() int }
	kinds []Kind
}

func (r wrapped) Run() int {
	code := r.tests.Run()
	for _, leak := range r.Leaks() {
		fmt.Fprintln(os.Stderr, "LEAK:", leak)
		code = max(code, 1)
	}
	for _, kind := range r.kinds {
		if code == 0 && AllRun() && r.checked[kind] == 0 {
			fmt.Fprintf(os.Stderr, "no %s was checked\n", kind)
			code = 1
		}
	}
	return code
}

// AllRun reports whether all tests of the package run to their end. Flags must have
// been parsed.
func AllRun() bool {
	for _, name := range []string{"run", "skip", "list", "fuzz", "bench"} {
		if flag.Lookup("test."+name).Value.String() != "" {
			return false
		}
	}
	return !testing.Short() && flag.Lookup("test.count").Value.String() != "0"
}
