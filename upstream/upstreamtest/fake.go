// Package upstreamtest has what the tests of upstreams and of their callers share:
// upstreams in memory, and checks of the functions that decode answers.
package upstreamtest

import (
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// Fake is an upstream in memory: a transport for the real client and policies. It
// records the requests. It is safe for concurrent use.
type Fake struct {
	mu       sync.Mutex // guards what follows
	behaves  Behaviour
	requests []*http.Request
	at       []time.Time // of the requests
	running  int
	peak     int
}

// NewFake returns an upstream that behaves like b.
func NewFake(b Behaviour) *Fake { return &Fake{behaves: b} }

// RoundTrip records a request and answers it.
func (f *Fake) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	defer f.end()
	return f.begin(r)(r)
}

func (f *Fake) begin(r *http.Request) Behaviour {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.requests = append(f.requests, r)
	f.at = append(f.at, time.Now())
	f.running++
	f.peak = max(f.peak, f.running)
	return f.behaves
}

func (f *Fake) end() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.running--
}

// Now changes how the upstream behaves from now on.
func (f *Fake) Now(b Behaviour) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.behaves = b
}

// Sent returns the number of requests so far.
func (f *Fake) Sent() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.requests)
}

// Peak returns the greatest number of concurrent requests so far.
func (f *Fake) Peak() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.peak
}

// Request returns request n, counted from 0.
func (f *Fake) Request(n int) *http.Request {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.requests[n]
}

// Requests returns all requests so far, in their order.
func (f *Fake) Requests() []*http.Request {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.requests)
}

// Last returns the latest request, or nil.
func (f *Fake) Last() *http.Request {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.requests) == 0 {
		return nil
	}
	return f.requests[len(f.requests)-1]
}

// Gap returns the time between request n and the one before it.
func (f *Fake) Gap(n int) time.Duration {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.at[n].Sub(f.at[n-1])
}

// Behaviour is how an upstream answers a request.
type Behaviour func(*http.Request) (*http.Response, error)

// Answers sends a status and a body; header is name, value, name, value…
func Answers(status int, body string, header ...string) Behaviour {
	h := http.Header{}
	for i := 0; i < len(header); i += 2 {
		h.Add(header[i], header[i+1])
	}
	return func(r *http.Request) (*http.Response, error) {
		return &http.Response{
			StatusCode: status, Header: h.Clone(), Body: io.NopCloser(strings.NewReader(body)), Request: r,
			ProtoMajor: 1, ProtoMinor: 1, ContentLength: int64(len(body)),
		}, nil
	}
}

// JSON sends a value as JSON with status 200; header is name, value, name, value…
func JSON(v any, header ...string) Behaviour {
	body, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return Answers(http.StatusOK, string(body), header...)
}

// Fails sends no answer.
func Fails(err error) Behaviour {
	return func(*http.Request) (*http.Response, error) { return nil, err }
}

// Hangs sends no answer until the request is cancelled.
func Hangs(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, r.Context().Err()
}

// After waits before it behaves like next, unless the request is cancelled.
func After(d time.Duration, next Behaviour) Behaviour {
	return func(r *http.Request) (*http.Response, error) {
		select {
		case <-time.After(d):
			return next(r)
		case <-r.Context().Done():
			return nil, r.Context().Err()
		}
	}
}
