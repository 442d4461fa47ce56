// Package telemetrytest listens to all that a test run tells, in its logs, spans,
// metrics and answers, for what must never be told: secrets, and people's e-mail
// addresses.
package telemetrytest

import (
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"sync"

	collectmetrics "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	collecttraces "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
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

var address = regexp.MustCompile(`[\w.%+-]+@[\w-]+(\.[\w-]+)*\.[A-Za-z]{2,}`)

// Hear looks through something that was told.
func (w *Watch) Hear(kind Kind, text string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.heard == nil {
		w.heard = make(map[Kind]int)
	}
	w.heard[kind]++
	leak := func(from, to int) {
		if len(w.leaks) < maxLeaks {
			around := text[max(0, from-around):min(len(text), to+around)]
			w.leaks = append(w.leaks, fmt.Sprintf("%q is in a %s: %s", text[from:to], kind, around))
		}
	}
	for _, secret := range w.secrets {
		if at := strings.Index(text, secret); at >= 0 {
			leak(at, at+len(secret))
		}
	}
	if kind != Answer {
		if found := address.FindStringIndex(text); found != nil {
			leak(found[0], found[1])
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
	l.Hear(Log, string(p))
	return len(p), nil
}

// Collector hears what is exported by OTLP over HTTP.
func (w *Watch) Collector() *httptest.Server {
	return httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		kind, batch := Trace, proto.Message(&collecttraces.ExportTraceServiceRequest{})
		if r.URL.Path == "/v1/metrics" {
			kind, batch = Metric, &collectmetrics.ExportMetricsServiceRequest{}
		}
		body, err := io.ReadAll(r.Body)
		if err == nil {
			err = proto.Unmarshal(body, batch)
		}
		if err != nil {
			http.Error(rw, err.Error(), http.StatusBadRequest)
			return
		}
		w.Hear(kind, protojson.Format(batch)) // ids are in Base64, and look like nothing else
	}))
}

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
		if code == 0 && whole() && o.heard[kind] == 0 {
			fmt.Fprintf(os.Stderr, "no %s was looked at\n", kind)
			code = 1
		}
	}
	return code
}

// whole reports whether all tests of the package were run.
func whole() bool {
	for _, name := range []string{"run", "skip", "list", "fuzz"} {
		if f := flag.Lookup("test." + name); f != nil && f.Value.String() != "" {
			return false
		}
	}
	return true
}
