package auth_test

import (
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"tributary/api/auth"
	"tributary/upstream/pipetest"
)

func TestMain(m *testing.M) {
	theKeys() // created before any test changes the clock
	goleak.VerifyTestMain(m)
}

// it runs a test in a synctest bubble, where the clock is simulated.
func it(t *testing.T, does string, test func(t *testing.T)) {
	t.Helper()
	t.Run(does, func(t *testing.T) { synctest.Test(t, test) })
}

const (
	issuerName = "https://issuer.example"
	audience   = "tributary"
	ada        = "jwt:ffb55acf:ada" // the fingerprint of her tokens

	webKey    = "web-0123456789abcdef"
	writerKey = "writer.with.dots-0123456789" // has dots like a token
)

func apiKeys() []auth.Key {
	return []auth.Key{
		{Name: "web", Scopes: []string{auth.WeatherRead, auth.UsersRead}, Key: webKey},
		{Name: "writer", Scopes: []string{auth.UsersWrite}, Key: writerKey},
	}
}

// issuer publishes keys over HTTP.
type issuer struct {
	url       *url.URL
	transport http.RoundTripper // nil: any transport
	behaves   atomic.Pointer[http.HandlerFunc]

	mu sync.Mutex
	at []time.Time // of the requests
}

// startIssuer listens on the loopback interface.
func startIssuer(t testing.TB, b http.HandlerFunc) *issuer {
	t.Helper()
	i := &issuer{}
	i.now(b)
	server := httptest.NewServer(i)
	t.Cleanup(server.Close)
	i.url = parse(t, server.URL)
	return i
}

// startPiped listens in memory, for bubbles.
func startPiped(t testing.TB, b http.HandlerFunc) *issuer {
	t.Helper()
	i := &issuer{url: parse(t, "http://issuer.test/jwks?secret=hush")}
	i.now(b)
	transport := pipetest.Serve(t, i)
	transport.DisableKeepAlives = true
	i.transport = transport
	return i
}

func (i *issuer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	i.mu.Lock()
	i.at = append(i.at, time.Now())
	i.mu.Unlock()
	(*i.behaves.Load())(w, r)
}

// now changes how the issuer behaves from now on.
func (i *issuer) now(b http.HandlerFunc) { i.behaves.Store(&b) }

// asked returns the number of requests so far.
func (i *issuer) asked() int {
	i.mu.Lock()
	defer i.mu.Unlock()
	return len(i.at)
}

// gap returns the time between request n and the one before it.
func (i *issuer) gap(n int) time.Duration {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.at[n].Sub(i.at[n-1])
}

func publishes(signers ...signer) http.HandlerFunc { return sends(keySetOf(signers...)) }

func sends(body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, body) }
}

func down(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) }

func hangs(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }

// after waits before it behaves like next.
func after(d time.Duration, next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		time.Sleep(d)
		next(w, r)
	}
}

// open returns an authenticator that is closed at the end of the test.
func open(t testing.TB, cfg auth.Config) *auth.Authenticator {
	t.Helper()
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	a, err := auth.New(cfg)
	if err != nil {
		t.Fatalf("New: %v", err)
	}
	t.Cleanup(a.Close)
	return a
}

// believing is a configuration that accepts only this issuer's tokens.
func believing(i *issuer) auth.Config {
	return auth.Config{JWKS: i.url, Issuer: issuerName, Audience: audience, Transport: i.transport}
}

// request returns a request with headers given as name, value, name, value…
func request(headers ...string) *http.Request {
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	for n := 0; n < len(headers); n += 2 {
		r.Header.Add(headers[n], headers[n+1])
	}
	return r
}

func show(a *auth.Authenticator, token string) (auth.Caller, error) {
	return a.Authenticate(request("Authorization", "Bearer "+token))
}

// wantStatus checks an error's status and detail; 200 means no error.
func wantStatus(t *testing.T, err error, status int, detail string) {
	t.Helper()
	var refused *auth.Error
	switch {
	case err == nil && status != http.StatusOK:
		t.Errorf("error = nil, want %d %q", status, detail)
	case err != nil && !errors.As(err, &refused):
		t.Errorf("error = %v, want an *auth.Error", err)
	case err != nil && (refused.Status != status || !strings.Contains(refused.Detail, detail)):
		t.Errorf("error = %d %q, want %d %q", refused.Status, refused.Detail, status, detail)
	}
}

// answer writes an error as package api does.
func answer(w http.ResponseWriter, _ *http.Request, err error) {
	var refused *auth.Error
	if !errors.As(err, &refused) {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	if refused.Challenge != "" {
		w.Header().Set("WWW-Authenticate", refused.Challenge)
	}
	if refused.RetryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(refused.RetryAfter.Seconds())))
	}
	http.Error(w, refused.Detail, refused.Status)
}

// door is a handler that needs weather:read for GET and users:write for POST.
func door(a *auth.Authenticator) http.Handler {
	greet := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, auth.FromContext(r.Context()).Fingerprint())
	})
	mux := http.NewServeMux()
	mux.Handle("GET /", a.Require(auth.WeatherRead, answer)(greet))
	mux.Handle("POST /", a.Require(auth.UsersWrite, answer)(greet))
	return a.Middleware(answer)(mux)
}

func parse(t testing.TB, raw string) *url.URL {
	t.Helper()
	u, err := url.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	return u
}
