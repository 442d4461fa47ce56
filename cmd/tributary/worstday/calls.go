package worstday

import (
	"net/http"
	"slices"
	"sync"
	"time"
)

// Call is one request to a provider, as the provider saw it.
type Call struct {
	At          time.Time
	Took        time.Duration
	Replica     int // the gateway that asked; -1: somebody else
	Provider    string
	Method      string
	URL         string // path and query
	Key         string // Idempotency-Key
	TraceParent string
	Status      int // told; 0: none
	Ended       Ending
	RetryAfter  string // told
}

// Ending is how a call ended.
type Ending string

const (
	Running  Ending = ""         // it has not ended yet
	Answered Ending = "answered" // the provider sent all that it announced
	CutOff   Ending = "cut off"  // it announced more than it sent
	HungUp   Ending = "hung up"  // it ended the connection without an answer
	Left     Ending = "left"     // the client ended the connection, or the provider went down
)

// calls are those of all providers, in the order of their arrival.
type calls struct {
	mu  sync.Mutex
	all []*Call
}

// Calls are what all providers were asked so far, in order.
func (w *World) Calls() []Call { return w.CallsFrom(0) }

// CallsFrom is Calls without the first n.
func (w *World) CallsFrom(n int) []Call {
	return w.calls.from(n)
}

func (c *calls) from(n int) []Call {
	c.mu.Lock()
	defer c.mu.Unlock()
	copied := make([]Call, 0, len(c.all)-n)
	for _, c := range c.all[n:] {
		copied = append(copied, *c)
	}
	return slices.Clip(copied)
}

// record records the requests to a provider.
func (c *calls) record(provider string, h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		call := c.begin(provider, r)
		watched := &watchedWriter{ResponseWriter: w}
		h.ServeHTTP(watched, r)
		c.finish(call, watched, r)
	})
}

func (c *calls) begin(provider string, r *http.Request) *Call {
	call := &Call{
		At: time.Now(), Replica: replicaOf(hostOf(r.RemoteAddr)), Provider: provider, Method: r.Method, URL: r.URL.RequestURI(),
		Key: r.Header.Get("Idempotency-Key"), TraceParent: r.Header.Get("Traceparent"),
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.all = append(c.all, call)
	return call
}

// Recorder records calls where no World does. The zero Recorder is ready for use.
type Recorder struct{ calls calls }

// Record records the requests of a gateway to a provider.
func (r *Recorder) Record(replica int, provider string, h http.Handler) http.Handler {
	recorded := r.calls.record(provider, h)
	return http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		q.RemoteAddr = replicaHost(replica) + ":0"
		recorded.ServeHTTP(w, q)
	})
}

// Calls are what all providers were asked so far, in order.
func (r *Recorder) Calls() []Call { return r.calls.from(0) }
