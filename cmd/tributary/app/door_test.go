package app

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"tributary/upstream/pipetest"
)

// door is a whole gateway on real listeners, for requests that no HTTP client would send.
// Its upstreams are one handler in memory.
type door struct {
	t          testing.TB
	api, admin string // addresses

	mu      sync.Mutex
	dialled map[string]bool
	asked   []*http.Request
	answer  http.HandlerFunc // of the upstreams
}

// upstreamsOfDoor are the hosts that the gateway is configured to call.
var upstreamsOfDoor = map[string]string{
	"GEOCODING_URL": "geocoding.test", "OPENMETEO_URL": "openmeteo.test", "OPENMETEO_AIR_URL": "air.test",
	"DIRECTORY_URL": "directory.test", "GITHUB_URL": "github.test",
}

// openDoor runs "tributary serve" until the end of the test.
func openDoor(t testing.TB, env map[string]string) *door {
	t.Helper()
	d := &door{t: t, dialled: make(map[string]bool), answer: knowsDelhiAndAda}
	upstreams := pipetest.Serve(t, d)
	n := Network{Dial: func(ctx context.Context, network, addr string) (net.Conn, error) {
		d.mu.Lock()
		d.dialled[addr] = true
		d.mu.Unlock()
		return upstreams.DialContext(ctx, network, addr)
	}}
	all := map[string]string{
		"LISTEN_ADDR": "127.0.0.1:0", "ADMIN_ADDR": "127.0.0.1:0", "CLIENT_RATE_LIMIT": "off", "USERS_GITHUB_LINK": "username",
		"API_KEYS": "writer:users:write:writer-key", "ANONYMOUS_SCOPES": "weather:read+users:read", "PATIENCE": "20s", "REQUEST_TIMEOUT": "30s",
	}
	for variable, host := range upstreamsOfDoor {
		upstream := strings.TrimSuffix(variable, "_URL")
		all[variable] = "http://" + host
		all[upstream+"_TIMEOUT"], all[upstream+"_HEDGE_QUANTILE"] = "10s", "0" // a busy machine must not change what is asked
	}
	for name, value := range env {
		all[name] = value
	}
	ctx, stop := context.WithCancel(context.Background())
	ready, exit := make(chan listening, 1), make(chan int, 1)
	var logs lockedBuffer
	go func() {
		exit <- serveUntil(ctx, n, func(name string) string { return all[name] }, &logs, events{listening: func(at listening) { ready <- at }})
	}()
	select {
	case at := <-ready:
		d.api = at.api.String()
		if at.admin != nil {
			d.admin = at.admin.String()
		}
	case code := <-exit:
		t.Fatalf("exit code %d: %s", code, logs.String())
	}
	t.Cleanup(func() {
		stop()
		if code := <-exit; code != 0 {
			t.Errorf("exit code %d: %s", code, logs.String())
		}
	})
	return d
}

// ServeHTTP is the upstreams.
func (d *door) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	d.mu.Lock()
	d.asked = append(d.asked, r)
	answer := d.answer
	d.mu.Unlock()
	answer(w, r)
}

// knowsDelhiAndAda answers as the geocoder and the directory; the others know nothing.
func knowsDelhiAndAda(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.Host == "geocoding.test":
		io.WriteString(w, `{"results":[{"name":"Delhi","latitude":28.65,"longitude":77.23,"country_code":"IN","timezone":"Asia/Kolkata"}]}`)
	case r.Host == "directory.test" && r.URL.Path == "/users/1":
		io.WriteString(w, `{"id":1,"name":"Ada","username":"ada"}`)
	default:
		w.WriteHeader(http.StatusNotFound)
		io.WriteString(w, `{}`)
	}
}

// now changes how the upstreams answer from now on.
func (d *door) now(answer http.HandlerFunc) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.answer = answer
}

// requests returns the targets that upstreams were asked for since the last call, with
// their hosts.
func (d *door) requests() (targets []string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, r := range d.asked {
		targets = append(targets, r.Host+r.RequestURI)
	}
	d.asked = nil
	slices.Sort(targets)
	return targets
}

// send writes a text to a new connection and returns the answers until the server closes
// it. A server that keeps it open longer than a minute fails the test.
func (d *door) send(text string) (answers []*rawAnswer) {
	d.t.Helper()
	conn, err := net.Dial("tcp", d.api)
	if err != nil {
		d.t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		d.t.Fatal(err)
	}
	go io.WriteString(conn, text) // fails when the server has closed the connection
	var all bytes.Buffer
	_, err = io.Copy(&all, conn)
	if timeout, ok := errors.AsType[net.Error](err); ok && timeout.Timeout() {
		d.t.Fatalf("%.80q: the connection stays open after %q", text, all.String())
	}
	in := bufio.NewReader(&all)
	for {
		r, err := readRawAnswer(in)
		if err != nil {
			return answers
		}
		answers = append(answers, r)
	}
}

// rawAnswer is an answer as it was sent.
type rawAnswer struct {
	status int
	head   string // the status line and the header
	header http.Header
	body   string
}

func readRawAnswer(in *bufio.Reader) (*rawAnswer, error) {
	var seen bytes.Buffer
	r, err := http.ReadResponse(bufio.NewReader(io.TeeReader(oneByOne{in}, &seen)), nil)
	if err != nil {
		return nil, err
	}
	head := seen.String()
	body, err := io.ReadAll(r.Body)
	head, _, _ = strings.Cut(head, "\r\n\r\n")
	return &rawAnswer{r.StatusCode, head, r.Header, string(body)}, err
}

// oneByOne lets a buffered reader above it read no more than it needs.
type oneByOne struct{ *bufio.Reader }

func (o oneByOne) Read(p []byte) (int, error) { return o.Reader.Read(p[:min(len(p), 1)]) }

// statuses are those of answers.
func statuses(answers []*rawAnswer) (all []int) {
	for _, a := range answers {
		all = append(all, a.status)
	}
	return all
}

// get returns the request for a target, on a connection that ends with it.
func get(target string, lines ...string) string {
	return "GET " + target + " HTTP/1.1\r\nHost: gateway.test\r\nConnection: close\r\n" + strings.Join(append(lines, "", ""), "\r\n")
}
