package e2e_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"tributary/cache/redistest"
)

// chromium is a real browser, that belongs to one test.
type chromium struct{ ctx context.Context }

// startChromium runs a browser without a window until the test ends. It finds
// no host but this one.
func startChromium(t *testing.T) *chromium {
	t.Helper()
	said := &lockedBuffer{}
	path := findChromium(t)
	// Contexts of a test are cancelled before its clean-up, which is too early:
	// to cancel is to kill.
	allocator, free := chromedp.NewExecAllocator(context.Background(), append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.CombinedOutput(said), chromedp.WindowSize(1280, 900),
		chromedp.NoSandbox, // root cannot have one
		chromedp.DisableGPU, chromedp.Flag("disable-component-update", true),
		chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"),
	)...)
	ctx, kill := chromedp.NewContext(allocator)
	t.Cleanup(func() {
		patience, cancel := context.WithTimeout(ctx, 30*time.Second)
		defer cancel()
		if err := chromedp.Cancel(patience); err != nil {
			t.Errorf("closing %s: %v", path, err)
		}
		kill()
		free()
	})
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("%s does not start: %v; it said:\n%.4000s", path, err, said)
	}
	return &chromium{ctx}
}

// findChromium is the path of a browser that speaks the DevTools protocol.
func findChromium(t *testing.T) string {
	t.Helper()
	for _, name := range []string{os.Getenv("TRIBUTARY_CHROMIUM"), "chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	redistest.Missing(t, "chromium", "apt-get install chromium, or set TRIBUTARY_CHROMIUM to the path of a Chromium or Chrome")
	return ""
}

// tab is a page in a browser, with a cache that no other has.
type tab struct {
	t   *testing.T
	ctx context.Context

	mu         sync.Mutex
	asked      []string // URLs
	complaints []string // of the browser about the page, and of its scripts
}

// open opens a page until the test ends.
func (c *chromium) open(t *testing.T, url string) *tab {
	t.Helper()
	p := &tab{t: t}
	ctx, shut := chromedp.NewContext(c.ctx, chromedp.WithNewBrowserContext(), chromedp.WithListener(p.hear))
	t.Cleanup(shut)
	p.ctx = ctx
	if err := chromedp.Do(ctx); err != nil { // a tab ends with the context of its first action
		t.Fatalf("opening a tab: %v", err)
	}
	p.do(chromedp.Navigate(url))
	return p
}

// hear takes down what the browser tells of its own accord.
func (p *tab) hear(event any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		p.asked = append(p.asked, e.Request.URL)
	case *log.EventEntryAdded:
		p.complaints = append(p.complaints, fmt.Sprintf("%s %s: %s %s", e.Entry.Source, e.Entry.Level, e.Entry.Text, e.Entry.URL))
	case *runtime.EventExceptionThrown:
		p.complaints = append(p.complaints, (&chromedp.ExceptionError{ExceptionDetails: e.ExceptionDetails}).Error())
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.ConsoleAPICalledTypeError || e.Type == runtime.ConsoleAPICalledTypeWarning {
			said, _ := json.Marshal(e.Args)
			p.complaints = append(p.complaints, string(said))
		}
	}
}

func (p *tab) heard() (asked, complaints []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.asked), slices.Clone(p.complaints)
}

// do does what a visitor would, one after the other.
func (p *tab) do(steps ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	for i, step := range steps {
		if _, err := act(p, step); err != nil {
			_, complaints := p.heard()
			p.t.Fatalf("step %d: %v; the browser complained of %q", i, err, complaints)
		}
	}
}

// act does one thing, that must not take for ever: longer than whoever waits in the page.
func act[T any](p *tab, action chromedp.Action[T]) (T, error) {
	ctx, cancel := context.WithTimeout(p.ctx, 3*time.Minute)
	defer cancel()
	return chromedp.Run(ctx, action)
}

// evaluate runs a function in the page, and waits for what it promises.
func evaluate[T any](p *tab, function string, args ...any) T {
	p.t.Helper()
	list, err := json.Marshal(append([]any{}, args...)) // [] and not null
	if err != nil {
		p.t.Fatal(err)
	}
	script := fmt.Sprintf("(%s)(...%s)", function, list)
	value, err := act(p, chromedp.Evaluate[T](script, chromedp.EvalAwaitPromise))
	if err != nil {
		p.t.Fatalf("%s: %v", script, err)
	}
	return value
}

// fetched is what a script learns of an answer.
type fetched struct {
	Refused string // why it learns nothing
	Status  int
	Header  map[string]string // those it may read, in lower case
	Body    string
}

// asking is how a script asks: the second argument of fetch.
type asking struct {
	Method  string            `json:"method,omitempty"`
	Headers map[string]string `json:"headers,omitempty"`
	Body    string            `json:"body,omitempty"`
	Cache   string            `json:"cache,omitempty"`
	Mode    string            `json:"mode,omitempty"`
}

// fetch asks as a script of the page.
func (p *tab) fetch(url string, how asking) fetched {
	p.t.Helper()
	return evaluate[fetched](p, `async (url, how) => {
		try {
			const r = await fetch(url, how);
			return {Status: r.status, Header: Object.fromEntries(r.headers), Body: await r.text()};
		} catch (e) {
			return {Refused: String(e)};
		}
	}`, url, how)
}

// screenshot keeps what can be seen of the page, for people to look at.
func (p *tab) screenshot(name string) {
	p.t.Helper()
	picture, err := act(p, chromedp.CaptureScreenshot())
	if err != nil {
		p.t.Fatal(err)
	}
	dir := os.Getenv("TRIBUTARY_SCREENSHOTS")
	if dir == "" {
		dir = p.t.ArtifactDir()
	}
	if err := os.WriteFile(filepath.Join(dir, name+".png"), picture, 0o644); err != nil {
		p.t.Error(err)
	}
}

// blank is the URL of an empty page, with an origin of its own.
func blank(t *testing.T) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprintln(w, `<!doctype html><html lang="en"><title>Another origin</title>`)
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// wire stands between a browser and an API and knows what really went. Every
// wire is another URL, so nothing of it is in any cache yet.
type wire struct {
	url string

	mu    sync.Mutex
	calls []call
}

type call struct {
	method string
	header http.Header // of the request
	status int
}

func newWire(t *testing.T, api string) *wire {
	t.Helper()
	target, err := url.Parse(api)
	if err != nil {
		t.Fatal(err)
	}
	w := &wire{}
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	s := httptest.NewServer(&httputil.ReverseProxy{
		Transport: transport,
		Rewrite:   func(r *httputil.ProxyRequest) { r.SetURL(target) },
		ModifyResponse: func(r *http.Response) error {
			if !strings.HasPrefix(r.Request.URL.Path, "/v1/") { // pages and their icons
				return nil
			}
			w.mu.Lock()
			defer w.mu.Unlock()
			w.calls = append(w.calls, call{r.Request.Method, r.Request.Header, r.StatusCode})
			return nil
		},
	})
	t.Cleanup(s.Close)
	w.url = s.URL
	return w
}

// want compares what went with calls like "GET 200", and is what went.
func (w *wire) want(t *testing.T, calls ...string) []call {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	var got []string
	for _, c := range w.calls {
		what := fmt.Sprintf("%s %d", c.method, c.status)
		if c.header.Get("If-None-Match") != "" {
			what += " If-None-Match"
		}
		got = append(got, what)
	}
	if !slices.Equal(got, calls) {
		t.Fatalf("the API was asked %q, want %q", got, calls)
	}
	return slices.Clone(w.calls)
}
