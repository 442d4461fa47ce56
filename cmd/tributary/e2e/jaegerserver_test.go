package e2e_test

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"testing"
	"time"

	"tributary/cache/redistest"
)

// jaeger is a real one, that belongs to one test.
type jaeger struct {
	t           *testing.T
	query, otlp string // URLs
	http        *http.Client
}

// startJaeger runs a Jaeger on loopback until the test ends, and lets whatever
// is started in this process trace to it.
func startJaeger(t *testing.T) *jaeger {
	t.Helper()
	binary, err := exec.LookPath(cmp.Or(os.Getenv("TRIBUTARY_JAEGER"), "jaeger-all-in-one"))
	if err != nil {
		redistest.Missing(t, "jaeger-all-in-one", "go build -C .ci/jaeger -o DIR/jaeger-all-in-one "+
			"github.com/jaegertracing/jaeger/cmd/all-in-one, and set TRIBUTARY_JAEGER=DIR/jaeger-all-in-one")
	}
	j := &jaeger{t: t, http: &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{}}}
	t.Cleanup(j.http.CloseIdleConnections)
	query, otlp := freeAddress(t), freeAddress(t)
	j.query, j.otlp = "http://"+query, "http://"+otlp
	const any = "127.0.0.1:0" // of what is not used here
	process := exec.Command(binary, "--memory.max-traces=10000", "--log-level=warn",
		"--collector.otlp.enabled=true", "--collector.otlp.http.host-port="+otlp, "--collector.otlp.grpc.host-port="+any,
		"--query.http-server.host-port="+query, "--query.grpc-server.host-port="+any,
		"--admin.http.host-port="+any, "--collector.grpc-server.host-port="+freeAddress(t), "--collector.http-server.host-port="+any,
		"--http-server.host-port="+any, "--processor.jaeger-binary.server-host-port="+any,
		"--processor.jaeger-compact.server-host-port="+any, "--processor.zipkin-compact.server-host-port="+any)
	process.Env = []string{"OTEL_TRACES_SAMPLER=always_off"} // it traces itself, too
	startProcess(t, process)
	eventually(t, "Jaeger is ready", func() bool { return j.get("/api/services", nil) == nil })

	// The exporter and the batches read the process's own environment.
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", j.otlp)
	t.Setenv("OTEL_BSP_SCHEDULE_DELAY", "100")
	return j
}

// demo runs one that traces here.
func (j *jaeger) demo(env map[string]string) *running {
	j.t.Helper()
	all := map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": j.otlp, "OTEL_METRICS_EXPORTER": "none"}
	for _, u := range []string{"OPENMETEO_", "OPENWEATHER_", "METNO_", "GEOCODING_"} {
		all[u+"HEDGE_QUANTILE"] = "0"
		all[u+"RETRY_DELAY"] = "1ms"
	}
	for name, value := range env {
		all[name] = value
	}
	return startDemo(j.t, all)
}

// get asks the query API.
func (j *jaeger) get(path string, into any) error {
	resp, err := j.http.Get(j.query + path)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("GET %s: status %d", path, resp.StatusCode)
	}
	if into == nil {
		into = new(any)
	}
	return json.NewDecoder(resp.Body).Decode(into)
}

// jaegerTrace is a trace as the query API has it.
type jaegerTrace struct {
	TraceID   string
	Spans     []jaegerSpan
	Processes map[string]struct{ ServiceName string }
}

type jaegerSpan struct {
	TraceID, SpanID, OperationName, ProcessID string
	StartTime                                 int64
	References                                []struct{ RefType, TraceID, SpanID string }
	Tags                                      []jaegerTag
	Logs                                      []struct{ Fields []jaegerTag }
}

type jaegerTag struct {
	Key   string
	Value any
}

// trace waits until the trace of that id has spans of these names, of one named
// twice two.
func (j *jaeger) trace(id string, names ...string) jaegerTrace {
	j.t.Helper()
	var found struct{ Data []jaegerTrace }
	eventually(j.t, fmt.Sprintf("trace %s has spans %q", id, names), func() bool {
		found.Data = nil
		return j.get("/api/traces/"+id, &found) == nil && len(found.Data) == 1 && found.Data[0].has(names)
	})
	return found.Data[0]
}

// with waits until there are n traces with a span of that name, and are those.
func (j *jaeger) with(span string, n int) []jaegerTrace {
	j.t.Helper()
	query := url.Values{"service": {"tributary"}, "operation": {span}, "limit": {"100"}, "lookback": {"1h"}}
	var found struct{ Data []jaegerTrace }
	eventually(j.t, fmt.Sprintf("there are %d traces with %q", n, span), func() bool {
		found.Data = nil
		return j.get("/api/traces?"+query.Encode(), &found) == nil && len(found.Data) >= n
	})
	return found.Data
}

func (tr jaegerTrace) has(names []string) bool {
	missing := map[string]int{}
	for _, name := range names {
		missing[name]++
	}
	for _, s := range tr.Spans {
		missing[s.OperationName]--
	}
	for _, n := range missing {
		if n > 0 {
			return false
		}
	}
	return true
}

// service is whose span it is.
func (tr jaegerTrace) service(s jaegerSpan) string { return tr.Processes[s.ProcessID].ServiceName }

// children are the spans below a span, "" for the roots, in the order of their
// start.
func (tr jaegerTrace) children(parent string) (found []jaegerSpan) {
	for _, s := range tr.Spans {
		if s.parent() == parent {
			found = append(found, s)
		}
	}
	for i := range found { // few
		for k := i; k > 0 && found[k].StartTime < found[k-1].StartTime; k-- {
			found[k], found[k-1] = found[k-1], found[k]
		}
	}
	return found
}

// only is the only span of that name.
func (tr jaegerTrace) only(t *testing.T, name string) jaegerSpan {
	t.Helper()
	var found []jaegerSpan
	for _, s := range tr.Spans {
		if s.OperationName == name {
			found = append(found, s)
		}
	}
	if len(found) != 1 {
		t.Fatalf("spans named %q = %d, want 1 of %v", name, len(found), tr)
	}
	return found[0]
}

func (s jaegerSpan) parent() string {
	for _, r := range s.References {
		if r.RefType == "CHILD_OF" && r.TraceID == s.TraceID {
			return r.SpanID
		}
	}
	return ""
}

// links are the spans that it points to without being their child.
func (s jaegerSpan) links() (spans []string) {
	for _, r := range s.References {
		if r.RefType == "FOLLOWS_FROM" {
			spans = append(spans, r.TraceID+" "+r.SpanID)
		}
	}
	return spans
}

func (s jaegerSpan) tag(key string) string {
	for _, t := range s.Tags {
		if t.Key == key {
			return fmt.Sprint(t.Value)
		}
	}
	return ""
}

// events are the names of what happened during the span.
func (s jaegerSpan) events() (names []string) {
	for _, l := range s.Logs {
		for _, f := range l.Fields {
			if f.Key == "event" {
				names = append(names, fmt.Sprint(f.Value))
			}
		}
	}
	return names
}

// wantTags checks what a span says; "" stands for a tag that must not be there.
func wantTags(t *testing.T, s jaegerSpan, want map[string]string) {
	t.Helper()
	for key, value := range want {
		if got := s.tag(key); got != value {
			t.Errorf("span %q: %s = %q, want %q", s.OperationName, key, got, value)
		}
	}
}

// collapsed is how many callers have waited for a fetch that another caller began.
func (d *running) collapsed() int {
	d.t.Helper()
	resp, err := d.http.Get(d.urls["api"] + "/v1/status")
	if err != nil {
		d.t.Fatal(err)
	}
	defer resp.Body.Close()
	var status struct {
		Cache struct {
			Collapsed int `json:"coalesced"`
		}
	}
	if err := json.NewDecoder(resp.Body).Decode(&status); err != nil {
		d.t.Fatal(err)
	}
	return status.Cache.Collapsed
}

// freeAddress is one on loopback that nobody listens on.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// startProcess runs a server until the test ends; what it said is shown when
// the test failed.
func startProcess(t *testing.T, process *exec.Cmd) {
	t.Helper()
	said := &lockedBuffer{}
	process.Stdout, process.Stderr = said, said
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = process.Process.Kill()
		_ = process.Wait() // it was killed
		if t.Failed() {
			t.Logf("%s said:\n%.4000s", process.Path, said)
		}
	})
}

// eventually waits for something that has no other way to tell. Two minutes are far more than
// any of it takes, except on a machine that is much too busy.
func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !is() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("it never came to be that %s", what)
		}
	}
}
