package console_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-chi/chi/v5"
	"go.opentelemetry.io/otel/trace"
	"go.uber.org/goleak"

	"tributary"
	"tributary/api/console"
	"tributary/cache"
	"tributary/telemetry"
	"tributary/telemetry/story"
	"tributary/upstream"
	"tributary/upstream/pipetest"
	"tributary/upstream/sim"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// it runs a test in a synctest bubble, where the clock is simulated.
func it(t *testing.T, does string, test func(t *testing.T)) {
	t.Helper()
	t.Run(does, func(t *testing.T) { synctest.Test(t, test) })
}

// rig is a console of a small gateway, whose only upstream is the simulated directory. All
// is in memory.
type rig struct {
	t       *testing.T
	c       *console.Console
	stories *story.Recorder
	sim     *sim.Simulator
	up      *upstream.Upstream
	source  *upstream.Source[string, string]
	client  *http.Client
}

func newRig(t *testing.T, changes ...func(*console.Config)) *rig {
	t.Helper()
	k := &rig{t: t, stories: story.NewRecorder()}
	n := &memory{}
	var err error
	if k.sim, err = sim.Start(t.Context(), sim.Config{Addr: "127.0.0.1:9100", Listen: n.listen}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { k.sim.Close() })
	log := slog.New(slog.DiscardHandler)
	at, _ := url.Parse(k.sim.URL(sim.Directory))
	k.up = upstream.New(upstream.Config{
		Name: sim.Directory, BaseURL: at, Store: cache.NewStore(100), FetchBudget: 4 * time.Second, Logger: log, Stories: k.stories,
		Transport: &http.Transport{DialContext: n.dial, DisableKeepAlives: true},
		Policies: upstream.Policies{
			Timeout: 2 * time.Second, RetryDelay: 100 * time.Millisecond, RetryMaxDelay: time.Second, MaxConcurrent: 8,
			Quotas:  []upstream.Quota{{Calls: 600, Window: time.Minute}},
			Breaker: upstream.Breaker{FailureRate: 0.5, MinCalls: 5, Window: 10 * time.Second, Delay: 5 * time.Second},
		},
		Lifetimes: cache.Lifetimes{FreshFor: time.Minute, RevalidateFor: time.Minute, StaleFor: time.Hour},
	})
	t.Cleanup(k.up.Close)
	k.source = upstream.NewSource(k.up, upstream.Spec[string, string]{
		Name: "directory", Route: "/users/{id}",
		Key: func(id string) string { return id },
		Request: func(ctx context.Context, id string) (*http.Request, error) {
			return http.NewRequestWithContext(ctx, http.MethodGet, "/users/"+id, nil)
		},
		Decode: func(r upstream.Response) (string, error) {
			if !json.Valid(r.Body) {
				return "", errors.New("not JSON")
			}
			return string(r.Body), nil
		},
	})
	tel, err := telemetry.Setup(context.Background(), telemetry.Config{Env: func(string) string { return "" }, Logger: log, Stories: k.stories})
	if err != nil {
		t.Fatal(err)
	}
	cfg := console.Config{
		Stories: k.stories, API: k.api(tel), Document: func() []byte { return tributary.OpenAPI }, Simulator: k.sim, Version: "v1.2.3",
		Upstreams: func() []console.Upstream {
			return []console.Upstream{
				{Name: "directory", Host: at.Host, Timeout: 2 * time.Second, Up: k.up},
				{Name: "openweather", Host: "api.openweathermap.org"},
			}
		},
		Hosts: []string{"console.example.com"},
	}
	for _, change := range changes {
		change(&cfg)
	}
	k.c = console.New(cfg)
	t.Cleanup(k.c.Close)
	k.client = &http.Client{Transport: pipetest.Serve(t, k.c)}
	return k
}

// api answers GET /v1/users/{id} with what the source says.
func (k *rig) api(tel *telemetry.Telemetry) http.Handler {
	r := chi.NewRouter()
	r.Use(tel.Server)
	r.Get("/v1/abort", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	r.Get("/v1/echo", func(w http.ResponseWriter, r *http.Request) {
		_ = json.NewEncoder(w).Encode(map[string]any{"header": r.Header, "address": r.RemoteAddr, "query": r.URL.RawQuery})
	})
	r.Get("/v1/users/{id}", func(w http.ResponseWriter, r *http.Request) {
		a := k.source.Ask(r.Context(), chi.URLParam(r, "id"), upstream.Directives{})
		told := story.Source{Name: "directory", State: string(a.State), Useful: a.Useful(), Age: a.Age, Attempts: a.Attempts, Asked: a.Forward != 0}
		s := story.FromContext(r.Context())
		w.Header().Set("Server-Timing", `trace;desc="00-`+trace.SpanContextFromContext(r.Context()).TraceID().String()+`-0000000000000001-00"`)
		if a.Err != nil {
			told.Code = string(a.Err.Code)
		}
		if !a.Useful() {
			s.Refused("all_sources_failed", []story.Source{told})
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		s.Answered(a.State == upstream.Stale, []story.Source{told})
		_, _ = io.WriteString(w, a.Value)
	})
	return r
}

const host = "127.0.0.1:8081"

// call sends a request to the console as its page does; header is name, value, name, value…
func (k *rig) call(method, path, body string, header ...string) (*http.Response, string) {
	k.t.Helper()
	r, err := http.NewRequestWithContext(k.t.Context(), method, "http://"+host+path, strings.NewReader(body))
	if err != nil {
		k.t.Fatal(err)
	}
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
		if header[i] == "Host" {
			r.Host = header[i+1]
		}
	}
	resp, err := k.client.Do(r)
	if err != nil {
		k.t.Fatalf("%s %s: %v", method, path, err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		k.t.Fatalf("%s %s: %v", method, path, err)
	}
	return resp, string(text)
}

// want calls, wants a status, and reads the answer.
func (k *rig) want(status int, into any, method, path, body string) {
	k.t.Helper()
	resp, text := k.call(method, path, body)
	if resp.StatusCode != status {
		k.t.Fatalf("%s %s = %d %s, want %d", method, path, resp.StatusCode, text, status)
	}
	kind := resp.Header.Get("Content-Type")
	if status >= 400 && kind != "application/problem+json" {
		k.t.Errorf("%s %s: Content-Type = %q, want that of a problem", method, path, kind)
	}
	if into == nil {
		return
	}
	if err := json.Unmarshal([]byte(text), into); err != nil {
		k.t.Fatalf("%s %s = %s: %v", method, path, text, err)
	}
}

// user asks the API, as a caller does.
func (k *rig) user(id string) { k.ask(`{"method":"GET","path":"/v1/users/` + id + `"}`) }

type asked struct {
	Status  int
	Headers map[string]string
	Body    string
	Story   *story.View
}

func (k *rig) ask(question string) (a asked) {
	k.t.Helper()
	k.want(http.StatusOK, &a, http.MethodPost, "/console/ask", question)
	return a
}

// stream is an open page.
type stream struct {
	t     *testing.T
	lines *bufio.Scanner
	close func()
}

func (k *rig) open() *stream {
	k.t.Helper()
	ctx, cancel := context.WithCancel(k.t.Context())
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+host+"/console/live", nil)
	if err != nil {
		k.t.Fatal(err)
	}
	resp, err := k.client.Do(r)
	if err != nil {
		k.t.Fatal(err)
	}
	if resp.StatusCode != http.StatusOK || resp.Header.Get("Content-Type") != "text/event-stream" {
		k.t.Fatalf("stream = %d %s", resp.StatusCode, resp.Header.Get("Content-Type"))
	}
	stop := sync.OnceFunc(func() {
		cancel()
		resp.Body.Close()
	})
	k.t.Cleanup(stop)
	lines := bufio.NewScanner(resp.Body)
	lines.Buffer(nil, 1<<20)
	return &stream{k.t, lines, stop}
}

// next reads the next event of a name into v; false at the end of the stream.
func (s *stream) next(name string, v any) bool {
	s.t.Helper()
	event := ""
	for s.lines.Scan() {
		field, value, _ := strings.Cut(s.lines.Text(), ": ")
		if field == "event" {
			event = value
		}
		if field == "data" && event == name {
			if err := json.Unmarshal([]byte(value), v); err != nil {
				s.t.Fatalf("%s = %s: %v", name, value, err)
			}
			return true
		}
	}
	return false
}

type state struct {
	Sentence, Tone string
	Minute         struct{ Answers, Complete, Degraded, Problems int }
	Upstreams      []struct {
		Name, State, Why string
		Breaker          *struct{ State string }
		Success          *float64
		InFlight         *int `json:"in_flight"`
		Limit            *int
		Quota            *struct{ Left, Limit int }
		P50              *float64 `json:"p50_ms"`
		LastErrors       []struct {
			Code  string
			Count int
		} `json:"last_errors"`
		ChangedAt time.Time `json:"changed_at"`
		Fault     *struct {
			Mode    string
			Ours    bool
			EndsInS float64 `json:"ends_in_s"`
		}
	}
	Flows []struct {
		Source, Route string
		States        map[string]float64
	}
	Asks []struct {
		Upstream, Source string
		States           map[string]float64
	}
	Endpoints []struct {
		Route   string
		Streams int
	}
	SinceFault *struct{ Answers, Degraded, Failures int } `json:"since_fault"`
}

// state reads the next state.
func (s *stream) state() (v state) {
	s.t.Helper()
	if !s.next("state", &v) {
		s.t.Fatal("the stream has ended")
	}
	return v
}

type event struct{ Kind, Upstream, Text string }

// memory is a network without sockets.
type memory struct {
	mu        sync.Mutex
	listeners map[string]*pipetest.Listener
}

func (n *memory) listen(_, addr string) (net.Listener, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.listeners == nil {
		n.listeners = map[string]*pipetest.Listener{}
	}
	n.listeners[addr] = pipetest.NewListener()
	at, err := net.ResolveTCPAddr("tcp", addr)
	return addressed{n.listeners[addr], at}, err
}

func (n *memory) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	n.mu.Lock()
	l := n.listeners[addr]
	n.mu.Unlock()
	return l.Dial(ctx, network, addr)
}

type addressed struct {
	*pipetest.Listener
	addr net.Addr
}

func (l addressed) Addr() net.Addr { return l.addr }
