package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"tributary/cache/redistest"
)

// Prism, a validating proxy, checks independently what checkContract accepts. It cannot
// run between a test and a gateway in a synctest bubble, so the recorded exchanges are
// repeated through Prism after the tests.

// prism returns the command of Prism and its arguments; nil if it is not installed.
var prism []string

// TestPrismIsThere looks for Prism.
func TestPrismIsThere(t *testing.T) {
	node, err := exec.LookPath("node")
	modules := os.Getenv("TRIBUTARY_NODE_MODULES")
	script := filepath.Join(modules, "@stoplight", "prism-cli", "dist", "index.js")
	_, statErr := os.Stat(script)
	if err != nil || modules == "" || statErr != nil {
		redistest.Missing(t, "Prism", "npm install --prefix DIR @stoplight/prism-cli@5.16.0, and set TRIBUTARY_NODE_MODULES=DIR/node_modules")
	}
	prism = []string{node, script}
}

// secondOpinion returns Prism's violations for one exchange of each kind. Violations of
// requests count only if the request succeeded: many tests send invalid requests.
func (r *run) secondOpinion(prism []string) (found []string, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	var p proxied
	for _, kind := range slices.Sorted(maps.Keys(r.exchanges)) {
		if e := r.exchanges[kind]; r.canBeProxied(e) {
			p.exchanges = append(p.exchanges, e)
		}
	}
	spoiled := p.spoil()
	stop, err := p.start(ctx, prism)
	if err != nil {
		return nil, err
	}
	defer stop()

	said := make([]string, len(p.exchanges))
	failed := make([]error, len(p.exchanges))
	numbers := make(chan int)
	var senders sync.WaitGroup
	for range 4 {
		senders.Go(func() {
			for i := range numbers {
				said[i], failed[i] = p.send(ctx, i)
			}
		})
	}
	for i := range p.exchanges {
		numbers <- i
	}
	close(numbers)
	senders.Wait()
	for i, e := range p.exchanges {
		call := fmt.Sprintf("%s %s, %d: ", e.request.Method, e.request.URL.RequestURI(), e.status)
		switch bad := i >= spoiled; {
		case bad && said[i] == "":
			found = append(found, call+"nothing is found wrong with it, though it was spoiled")
		case !bad && said[i] != "":
			found = append(found, call+said[i])
		}
	}
	return slices.Compact(found), errors.Join(failed...)
}

// canBeProxied reports whether Prism can check an exchange. It cannot check HEAD, nor
// undocumented methods and paths; and it replaces a 501 by an example.
func (r *run) canBeProxied(e *exchange) bool {
	item := r.model.Paths.PathItems.GetOrZero(r.template(e.request.URL.Path))
	if item == nil || e.status == http.StatusNotImplemented {
		return false
	}
	for method := range item.GetOperations().FromOldest() {
		if e.request.Method == strings.ToUpper(method) {
			return true
		}
	}
	return false
}

// proxied repeats exchanges through Prism.
type proxied struct {
	exchanges []*exchange
	url       string // Prism's URL
	client    http.Client
}

// spoil adds an invalid answer and an invalid request that Prism must report, which
// proves that it checks. It returns the index of the first.
func (p *proxied) spoil() int {
	all := p.exchanges
	for _, e := range all {
		if e.request.Method == http.MethodPut && e.status == http.StatusOK {
			answer, request := *e, *e
			answer.received, request.sent = []byte(`{"data":{}}`), []byte(`{"name":1}`)
			p.exchanges = append(p.exchanges, &answer, &request)
			break
		}
	}
	return len(all)
}

// number is the header with the index of an exchange.
const number = "X-Exchange"

// start runs Prism in front of a server that repeats the recorded answers.
func (p *proxied) start(ctx context.Context, prism []string) (stop func(), err error) {
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	address := free.Addr().(*net.TCPAddr)
	free.Close()
	gateway := httptest.NewServer(http.HandlerFunc(p.answer))
	transport := &http.Transport{DisableCompression: true}
	p.url, p.client.Transport = "http://"+address.String(), transport

	var output bytes.Buffer
	ctx, kill := context.WithCancel(ctx)
	process := exec.CommandContext(ctx, prism[0], append(prism[1:], "proxy", "../openapi.yaml", gateway.URL,
		"--host", "127.0.0.1", "--port", strconv.Itoa(address.Port), "--errors=false", "--cors=false", "--verboseLevel", "fatal")...)
	process.Stdout, process.Stderr = &output, &output
	ended := make(chan struct{})
	stop = func() {
		kill()
		<-ended
		transport.CloseIdleConnections()
		gateway.Close()
	}
	if err := process.Start(); err != nil {
		close(ended)
		stop()
		return nil, err
	}
	go func() {
		_ = process.Wait() // it was killed
		close(ended)
	}()
	for {
		if conn, err := net.Dial("tcp", address.String()); err == nil {
			return stop, conn.Close()
		}
		select {
		case <-ended:
			stop()
			return nil, fmt.Errorf("it does not run: %s", output.Bytes())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func (p *proxied) answer(w http.ResponseWriter, r *http.Request) {
	i, err := strconv.Atoi(r.Header.Get(number))
	if err != nil || i >= len(p.exchanges) {
		http.Error(w, "which one?", http.StatusBadRequest)
		return
	}
	e := p.exchanges[i]
	maps.Copy(w.Header(), e.header)
	w.Header().Del("Content-Length")   // the length of an invalid answer differs
	w.Header().Del("Content-Encoding") // bodies were recorded without coding
	w.Header().Set(number, strconv.Itoa(i))
	w.WriteHeader(e.status)
	_, _ = w.Write(e.received)
}

// send repeats a request and returns Prism's first violation.
func (p *proxied) send(ctx context.Context, i int) (string, error) {
	e := p.exchanges[i]
	var body io.Reader
	if e.succeeded() && e.request.Method != http.MethodGet { // Prism does not forward the body of a GET
		body = bytes.NewReader(e.sent)
	}
	r, err := http.NewRequestWithContext(ctx, e.request.Method, p.url+e.request.URL.RequestURI(), body)
	if err != nil {
		return "", err
	}
	r.Header = e.request.Header.Clone()
	r.Header.Set(number, strconv.Itoa(i))
	r.Header.Del("Expect")
	response, err := p.client.Do(r)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	received, err := io.ReadAll(response.Body)
	if err != nil {
		return "", err
	}
	if response.Header.Get(number) == "" {
		return "not passed on, but answered " + string(received), nil
	}
	said := response.Header.Get("Sl-Violations")
	if said == "" {
		return "", nil
	}
	var violations []struct {
		Location []string
		Message  string
	}
	if json.Unmarshal([]byte(said), &violations) != nil { // the list of violations was truncated
		return said, nil
	}
	for _, v := range violations {
		if ofRequest := len(v.Location) > 0 && v.Location[0] == "request"; e.succeeded() || !ofRequest {
			return strings.Join(v.Location, ".") + ": " + v.Message, nil
		}
	}
	return "", nil
}
