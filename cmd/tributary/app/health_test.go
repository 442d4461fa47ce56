package app

import (
	"bytes"
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func runHealth(ctx context.Context, vars environment, args ...string) (stdout, stderr string, code int) {
	var out, errs bytes.Buffer
	code = health(ctx, args, vars.get, &out, &errs)
	return out.String(), errs.String(), code
}

// gateway serves a /readyz that answers with the status, and a redirect to it.
func fakeGateway(t *testing.T, status int) *httptest.Server {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) })
	mux.Handle("GET /moved", http.RedirectHandler("/readyz", http.StatusFound))
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server
}

func TestHealthAsksReadyz(t *testing.T) {
	ready, draining, closed := fakeGateway(t, 200), fakeGateway(t, 503), fakeGateway(t, 200)
	closed.Close()
	host := strings.TrimPrefix(ready.URL, "http://")
	_, port, _ := strings.Cut(host, ":")

	for name, tt := range map[string]struct {
		vars environment
		args []string
		code int
		want string // on stderr; a prefix where it does not end in a newline
	}{
		"it finds its own address":          {environment{"LISTEN_ADDR": host}, nil, 0, ""},
		"it finds itself on every address":  {environment{"LISTEN_ADDR": ":" + port}, nil, 0, ""},
		"it ignores other mistakes":         {environment{"LISTEN_ADDR": host, "PATIENCE": "x"}, nil, 0, ""},
		"it prefers a URL":                  {environment{"LISTEN_ADDR": "x"}, []string{ready.URL}, 0, ""},
		"it takes a URL with a slash":       {nil, []string{ready.URL + "/"}, 0, ""},
		"it takes a URL with the path":      {nil, []string{ready.URL + "/readyz"}, 0, ""},
		"it asks no other path than given":  {nil, []string{ready.URL + "/other"}, 1, "health: " + ready.URL + "/other: 404 Not Found\n"},
		"it follows no redirect":            {nil, []string{ready.URL + "/moved"}, 1, "health: " + ready.URL + "/moved: 302 Found\n"},
		"it fails while draining":           {nil, []string{draining.URL}, 1, "health: " + draining.URL + "/readyz: 503 Service Unavailable\n"},
		"it fails where nobody listens":     {nil, []string{closed.URL}, 1, "health: " + closed.URL + "/readyz: dial tcp"},
		"it shows no password and no query": {nil, []string{"http://u:hunter2@" + host + "/x?key=hunter2"}, 1, "health: " + ready.URL + "/x: 404 Not Found\n"},
		"it wants a whole URL":              {nil, []string{host}, 1, "health: the argument is not an absolute http or https URL\n"},
		"it wants to know the port":         {environment{"LISTEN_ADDR": ":0"}, nil, 1, "health: LISTEN_ADDR: \":0\" does not tell the port (give a URL)\n"},
		"it wants an address":               {environment{"LISTEN_ADDR": "x"}, nil, 1, "health: LISTEN_ADDR: \"x\" is not host:port (use :8080, 127.0.0.1:8080)\n"},
		"it wants one argument at most":     {nil, []string{ready.URL, ready.URL}, 2, "usage: tributary health [URL]\n"},
	} {
		t.Run(name, func(t *testing.T) {
			stdout, stderr, code := runHealth(t.Context(), tt.vars, tt.args...)
			asWanted := stderr == tt.want || !strings.HasSuffix(tt.want, "\n") && strings.HasPrefix(stderr, tt.want) && tt.want != ""
			if code != tt.code || !asWanted || (stdout == "ready\n") != (tt.code == 0) {
				t.Errorf("health %v = %d, stdout %q, stderr %q; want %d, stderr %q", tt.args, code, stdout, stderr, tt.code, tt.want)
			}
		})
	}
}

func TestHealthDerivesItsAddress(t *testing.T) {
	for listen, want := range map[address]string{
		":8080":           "http://127.0.0.1:8080/readyz",
		"0.0.0.0:80":      "http://127.0.0.1:80/readyz",
		"[::]:8080":       "http://127.0.0.1:8080/readyz",
		"[::1]:8080":      "http://[::1]:8080/readyz",
		"localhost:8080":  "http://localhost:8080/readyz",
		"192.0.2.7:12345": "http://192.0.2.7:12345/readyz",
	} {
		if got, err := ownReady(listen); err != nil || got.String() != want {
			t.Errorf("ownReady(%s) = %v, %v, want %s", listen, got, err, want)
		}
	}
	if got, err := healthTarget(nil, environment{}.get); err != nil || got.String() != "http://127.0.0.1:8080/readyz" {
		t.Errorf("with nothing set it asks %v, %v", got, err)
	}
}

func TestHealthGivesUpOnSilence(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0") // connects, and says nothing
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	target := mustURL("http://" + silent.Addr().String() + "/readyz")
	err = askReady(t.Context(), target, 20*time.Millisecond)
	if want := target.String() + ": no answer within 20ms"; err == nil || err.Error() != want {
		t.Errorf("askReady = %v, want %s", err, want)
	}
}
