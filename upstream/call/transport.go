package call

import (
	"crypto/tls"
	"net"
	"net/http"
	"sync"
	"time"
)

const (
	// maxHeader bounds the header of an answer, interim answers (1xx) included.
	// net/http's own bound is 10 MB, which many calls at once could each use.
	maxHeader = 64 << 10

	// maxConnectionAge is how long a connection is used. A busy one is never idle long
	// enough to be closed, so without this bound an upstream that moved to another
	// address would be called at the old one for as long as that still answers.
	maxConnectionAge = 5 * time.Minute
)

// NewTransport returns a connection pool for many calls to few hosts.
func NewTransport(connectTimeout time.Duration, connsPerHost int) *http.Transport {
	dialer := &net.Dialer{Timeout: connectTimeout, KeepAlive: 15 * time.Second}
	return &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            dialer.DialContext,
		TLSHandshakeTimeout:    connectTimeout,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
		ForceAttemptHTTP2:      true,
		MaxIdleConns:           0, // no bound over all hosts, because there are few
		MaxIdleConnsPerHost:    connsPerHost,
		IdleConnTimeout:        90 * time.Second,
		MaxResponseHeaderBytes: maxHeader,
		// Without pings, a broken HTTP/2 connection would get all requests until TCP
		// notices, after minutes.
		HTTP2: &http.HTTP2Config{SendPingTimeout: 10 * time.Second, PingTimeout: 2 * time.Second},
	}
}

// renewal is a pool that replaces itself by an empty one of the same settings every
// maxConnectionAge. net/http cannot bound the age of a connection (golang/go#23427).
// Requests that run on the old pool end there.
type renewal struct {
	mu      sync.Mutex
	pool    *http.Transport
	old     *http.Transport // the pool before it; nil: none
	renewAt time.Time       // zero: no request was sent yet
}

// renewing bounds the age of connections. Other implementations of RoundTripper, which
// have no connections that we know of, stay as they are.
func renewing(t http.RoundTripper) http.RoundTripper {
	if pool, ok := t.(*http.Transport); ok {
		return &renewal{pool: pool}
	}
	return t
}

// RoundTrip sends a request on a connection of the current pool.
func (r *renewal) RoundTrip(request *http.Request) (*http.Response, error) {
	return r.current(time.Now()).RoundTrip(request)
}

// current returns the pool for a new request. It does not wait for anything: closing
// idle connections ends no request, and the busy ones of HTTP/1.1 are closed when
// their requests end, those of HTTP/2 once they have been idle for IdleConnTimeout.
func (r *renewal) current(now time.Time) *http.Transport {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.renewAt.IsZero():
		r.renewAt = now.Add(maxConnectionAge)
	case !now.Before(r.renewAt):
		r.old, r.pool = r.pool, r.pool.Clone()
		r.renewAt = now.Add(maxConnectionAge)
		r.old.CloseIdleConnections()
	}
	return r.pool
}

// CloseIdleConnections closes the idle connections of both pools.
func (r *renewal) CloseIdleConnections() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.pool.CloseIdleConnections()
	if r.old != nil {
		r.old.CloseIdleConnections()
	}
}
