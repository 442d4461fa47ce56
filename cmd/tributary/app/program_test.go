package app_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"tributary/cmd/tributary/app"
)

// program is a demo or a simulator in this process, as its users see it.
type program struct {
	t     *testing.T
	names []string          // that it prints, in order
	urls  map[string]string // by name
	logs  *logs
	http  *http.Client
}

// start runs a command on free ports until the test ends, and fails unless it then
// exits with 0.
func start(t *testing.T, env map[string]string, args ...string) *program {
	t.Helper()
	preset := map[string]string{"LISTEN_ADDR": "127.0.0.1:0", "ADMIN_ADDR": "off", "SIM_ADDR": "127.0.0.1:0", "CLIENT_RATE_LIMIT": "off", "PATIENCE": "10s", "REQUEST_TIMEOUT": "30s"}
	getenv := func(name string) string {
		if v, ok := env[name]; ok {
			return v
		}
		return preset[name]
	}
	ctx, cancel := context.WithCancel(context.Background())
	stdout, writer := io.Pipe()
	p := &program{t: t, urls: map[string]string{}, logs: &logs{}, http: &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{}}}
	exit := make(chan int, 1)
	go func() {
		exit <- app.Run(ctx, args, getenv, writer, p.logs)
		writer.Close()
	}()
	t.Cleanup(func() {
		p.http.CloseIdleConnections()
		cancel()
		if code := <-exit; code != 0 {
			t.Errorf("%q: exit code = %d, want 0; it logged:\n%s", args, code, p.logs)
		}
	})
	lines := bufio.NewScanner(stdout)
	for lines.Scan() && lines.Text() != "ready" {
		name, url, _ := strings.Cut(lines.Text(), " ")
		p.names, p.urls[name] = append(p.names, name), url
	}
	if len(p.urls) == 0 {
		t.Fatalf("%q printed no addresses; it logged:\n%s", args, p.logs)
	}
	return p
}

// logs is what a program writes to stderr.
type logs struct {
	mu      sync.Mutex
	buf     bytes.Buffer
	changed chan struct{} // closed at the next line
}

func (l *logs) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.changed != nil {
		close(l.changed)
		l.changed = nil
	}
	return l.buf.Write(b)
}

func (l *logs) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

// waitFor returns when the logs have a text so many times.
func (l *logs) waitFor(t *testing.T, text string, times int) {
	t.Helper()
	late := time.After(30 * time.Second)
	for {
		l.mu.Lock()
		found := strings.Count(l.buf.String(), text)
		if l.changed == nil {
			l.changed = make(chan struct{})
		}
		changed := l.changed
		l.mu.Unlock()
		if found >= times {
			return
		}
		select {
		case <-changed:
		case <-late:
			t.Fatalf("logged %q %d times, want %d:\n%s", text, found, times, l)
		}
	}
}

// answer is a response, read as far as it has this form.
type answer struct {
	status int
	body   string
	Data   map[string]any
	Meta   struct {
		Status  string
		Sources []source
	}
	Sources []source // of a problem
}

type source struct {
	Name, State string
	Error       struct{ Code, Detail string }
}

func (a answer) source(name string) source {
	for _, s := range append(a.Meta.Sources, a.Sources...) {
		if s.Name == name {
			return s
		}
	}
	return source{}
}

func (p *program) do(method, url, body string, headers ...string) answer {
	p.t.Helper()
	req, err := http.NewRequestWithContext(p.t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		p.t.Fatal(err)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := p.http.Do(req)
	if err != nil {
		p.t.Fatalf("%s %s: %v", method, url, err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		p.t.Fatalf("%s %s: %v", method, url, err)
	}
	a := answer{status: resp.StatusCode, body: string(text)}
	_ = json.Unmarshal(text, &a) // a list has no such form
	return a
}

// get asks the gateway.
func (p *program) get(path string, headers ...string) answer {
	p.t.Helper()
	return p.do(http.MethodGet, p.urls["api"]+path, "", headers...)
}

// upstream asks a simulated upstream itself, with all credentials that one may want.
func (p *program) upstream(name, path string, v any) {
	p.t.Helper()
	a := p.do(http.MethodGet, p.urls[name]+path, "", "Authorization", "Bearer any", "X-Api-Key", "any")
	if err := json.Unmarshal([]byte(a.body), v); err != nil || a.status != http.StatusOK {
		p.t.Fatalf("%s%s: %d %s", name, path, a.status, a.body)
	}
}

// fault breaks a simulated upstream, or with "" mends it.
func (p *program) fault(upstream, fault string) {
	p.t.Helper()
	method := http.MethodPut
	if fault == "" {
		method = http.MethodDelete
	}
	if a := p.do(method, p.urls["sim"]+"/_sim/"+upstream, fault); a.status >= 400 {
		p.t.Fatalf("%s %s: %d %s", upstream, fault, a.status, a.body)
	}
}

const ordersFile = "../../../examples/orders/orders.yaml"

// copyOrders copies the example to a folder in which it may be changed, and returns the
// file's path.
func copyOrders(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(filepath.Dir(ordersFile))); err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, "orders.yaml")
}

// edit replaces a text in a file.
func edit(t *testing.T, path, old, text string) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	changed := strings.ReplaceAll(string(b), old, text)
	if changed == string(b) {
		t.Fatalf("%s has no %q", path, old)
	}
	if err := os.WriteFile(path, []byte(changed), 0o600); err != nil {
		t.Fatal(err)
	}
}
