package app_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"slices"
	"testing"
	"time"

	"tributary/cmd/tributary/app"
)

// serveOn runs "tributary serve" on a network until the test ends, and returns the
// URLs of its listeners in the order in which they were opened.
func serveOn(t *testing.T, n app.Network, env map[string]string, listeners int) (urls []string) {
	t.Helper()
	opened := make(chan net.Listener, listeners)
	n.Listen = func(network, addr string) (net.Listener, error) {
		ln, err := net.Listen(network, addr)
		opened <- ln
		return ln, err
	}
	ctx, stop := context.WithCancel(t.Context())
	exit := make(chan int, 1)
	var logs bytes.Buffer
	go func() {
		exit <- n.Run(ctx, []string{"serve"}, func(name string) string { return env[name] }, io.Discard, &logs)
	}()
	t.Cleanup(func() {
		stop()
		if code := <-exit; code != 0 {
			t.Errorf("exit code = %d, want 0; it logged:\n%s", code, &logs)
		}
	})
	for range listeners {
		urls = append(urls, "http://"+(<-opened).Addr().String())
	}
	return urls
}

func TestNetwork(t *testing.T) {
	dialled := make(chan string, 1000)
	dial := func(_ context.Context, _, addr string) (net.Conn, error) {
		dialled <- addr
		return nil, errors.New("there is no network")
	}
	urls := serveOn(t, app.Network{Dial: dial}, map[string]string{
		"LISTEN_ADDR": "127.0.0.1:0", "ADMIN_ADDR": "127.0.0.1:0",
		"OPENWEATHER_API_KEY": "key", "METNO_CONTACT": "ops@example.com",
		"JWT_JWKS_URL": "https://id.example.com/keys", "JWT_ISSUER": "https://id.example.com", "JWT_AUDIENCE": "tributary",
		"ANONYMOUS_SCOPES": "weather:read+users:read",
	}, 2)
	client := &http.Client{Timeout: 30 * time.Second}
	defer client.CloseIdleConnections()
	for _, url := range []string{
		urls[0] + "/v1/weather?lat=1&lon=1", urls[0] + "/v1/places?q=Oslo", urls[0] + "/v1/users/1", urls[1] + "/metrics",
	} {
		resp, err := client.Get(url)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
	}
	missing := []string{
		"api.open-meteo.com:443", "geocoding-api.open-meteo.com:443", "api.openweathermap.org:443", "api.met.no:443",
		"jsonplaceholder.typicode.com:443", "id.example.com:443",
	}
	for timeout := time.After(30 * time.Second); len(missing) > 0; { // the issuer is dialled in the background
		select {
		case addr := <-dialled:
			missing = slices.DeleteFunc(missing, func(want string) bool { return want == addr })
		case <-timeout:
			t.Fatalf("Network.Dial was not asked for %q", missing)
		}
	}
}
