package auth

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"time"
)

const (
	refreshEvery = 10 * time.Minute
	firstRetry   = time.Second // doubled with each failure
	lastRetry    = 30 * time.Second

	// pause is the least time between two fetches caused by callers, because anybody
	// can send a token with a wrong signature.
	pause = 10 * time.Second

	patience = 2 * time.Second // how long a caller waits for a fetch
)

// issuer fetches and holds the public keys that sign tokens. It fetches them
// periodically, and when a token is signed with an unknown key. If the issuer is
// down, the last fetched keys remain valid.
//
// jwkset's own client is not used: its responses have no size limit, its callers
// queue at its rate limit, and it cannot report that no keys were fetched yet.
type issuer struct {
	url    *url.URL
	client *http.Client
	log    *slog.Logger
	rand   *rand.Rand             // nil: the global generator
	keys   atomic.Pointer[keySet] // nil: not fetched yet

	life    context.Context // canceled by close
	end     context.CancelFunc
	fetches sync.WaitGroup

	mu       sync.Mutex
	closed   bool
	fetching chan struct{} // closed when the running fetch ends; nil: none runs
	begun    time.Time     // start of the last fetch
	next     *time.Timer   // starts the next fetch; nil while one runs
	nextAt   time.Time
	failures int    // in a row
	failure  string // last logged error
}

func newIssuer(cfg Config) *issuer {
	transport := cfg.Transport
	if transport == nil {
		// We connect once in ten minutes, so keeping the connection has no use.
		transport = &http.Transport{Proxy: http.ProxyFromEnvironment, DisableKeepAlives: true, MaxResponseHeaderBytes: 64 << 10}
	}
	life, end := context.WithCancel(context.Background())
	i := &issuer{
		url:    cfg.JWKS,
		client: &http.Client{Transport: transport, CheckRedirect: stay},
		log:    cfg.Logger,
		rand:   cfg.Rand,
		life:   life,
		end:    end,
	}
	if i.log == nil {
		i.log = slog.Default()
	}
	i.fetchInBackground()
	return i
}

// close cancels a running fetch and waits for it.
func (i *issuer) close() {
	i.mu.Lock()
	i.closed = true
	if i.next != nil {
		i.next.Stop()
	}
	i.mu.Unlock()
	i.end()
	i.fetches.Wait()
}

// renewed returns the keys after another fetch, if one is due. It is called for a
// token that none of the used keys has signed.
func (i *issuer) renewed(ctx context.Context, used *keySet) *keySet {
	if now := i.keys.Load(); now != used { // another caller has fetched them meanwhile
		return now
	}
	i.refresh(ctx)
	return i.keys.Load()
}

// refresh waits for the running fetch, or for a new one unless the last one was too
// recent.
func (i *issuer) refresh(ctx context.Context) {
	i.mu.Lock()
	fetching := i.fetching
	if fetching == nil && time.Since(i.begun) >= pause {
		fetching = i.begin()
	}
	i.mu.Unlock()
	if fetching == nil {
		return
	}
	select {
	case <-fetching:
	case <-ctx.Done():
	case <-time.After(patience):
	}
}

// fetchInBackground is called by the timer.
func (i *issuer) fetchInBackground() {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.begin()
}

// begin starts a fetch unless one is running or the issuer is closed. The caller
// holds mu.
func (i *issuer) begin() chan struct{} {
	if i.closed || i.fetching != nil {
		return i.fetching
	}
	if i.next != nil {
		i.next.Stop()
		i.next = nil
	}
	done := make(chan struct{})
	i.begun, i.fetching = time.Now(), done
	i.fetches.Go(func() {
		i.finish(i.fetch())
		close(done)
	})
	return done
}

// finish stores the result of a fetch and schedules the next one.
func (i *issuer) finish(keys keySet, err error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.fetching = nil
	if i.closed {
		return
	}
	i.logChange(keys, err)
	wait := refreshEvery
	if err != nil {
		wait = min(lastRetry, firstRetry<<min(i.failures, 10))
		i.failures++
	} else {
		i.failures = 0
		i.keys.Store(&keys)
	}
	wait -= i.jitter(wait / 10) // so that replicas started together do not fetch together
	i.nextAt = time.Now().Add(wait)
	i.next = time.AfterFunc(wait, i.fetchInBackground)
}

// jitter is a random duration, less than d.
func (i *issuer) jitter(d time.Duration) time.Duration {
	if i.rand != nil {
		return time.Duration(i.rand.Int64N(int64(d)))
	}
	return rand.N(d)
}

// logChange logs only a changed result, so an outage makes two lines however long it
// lasts. The caller holds mu.
func (i *issuer) logChange(keys keySet, err error) {
	old := i.keys.Load()
	switch {
	case err != nil && err.Error() != i.failure:
		i.failure = err.Error()
		i.log.Warn("the token issuer's keys could not be read", "error", i.failure, "known", old != nil)
	case err == nil && (old == nil || i.failure != "" || !old.equal(keys)):
		i.failure = ""
		i.log.Info("the token issuer's keys were read", "keys", len(keys))
	}
}

// retryAfter is the time until the next fetch, which may bring the keys.
func (i *issuer) retryAfter() time.Duration {
	i.mu.Lock()
	defer i.mu.Unlock()
	return max(time.Second, time.Until(i.nextAt))
}
