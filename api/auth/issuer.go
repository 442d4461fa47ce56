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

	// pause is the least time between two readings that callers cause: anybody
	// can send a token with a wrong signature.
	pause = 10 * time.Second

	patience = 2 * time.Second // of a caller who waits for a reading
)

// issuer has the keys that tokens are signed with. It reads them again from
// time to time, and when none of them has signed a token; those that it has last
// read stay good while the issuer is away.
//
// It is not jwkset's own client, whose reading has no bound, whose callers queue
// up at its rate limit, and which cannot say that it has read nothing yet.
type issuer struct {
	url    *url.URL
	client *http.Client
	log    *slog.Logger
	keys   atomic.Pointer[keySet] // nil: never read

	life     context.Context // ends with close
	end      context.CancelFunc
	readings sync.WaitGroup

	mu       sync.Mutex
	closed   bool
	reading  chan struct{} // closed when the reading in progress ends; nil: none
	begun    time.Time     // the last reading
	next     *time.Timer   // begins a reading; nil while one is in progress
	nextAt   time.Time
	failures int    // in a row
	failure  string // the last that was logged
}

func newIssuer(cfg Config) *issuer {
	transport := cfg.Transport
	if transport == nil {
		// A connection every ten minutes is not worth keeping.
		transport = &http.Transport{Proxy: http.ProxyFromEnvironment, DisableKeepAlives: true}
	}
	life, end := context.WithCancel(context.Background())
	i := &issuer{
		url:    cfg.JWKS,
		client: &http.Client{Transport: transport, CheckRedirect: stay},
		log:    cfg.Logger,
		life:   life,
		end:    end,
	}
	if i.log == nil {
		i.log = slog.Default()
	}
	i.readAgain()
	return i
}

// close ends a reading in progress and waits for it.
func (i *issuer) close() {
	i.mu.Lock()
	i.closed = true
	if i.next != nil {
		i.next.Stop()
	}
	i.mu.Unlock()
	i.end()
	i.readings.Wait()
}

// renewed is the set of keys after a reading, if one is due: a token was signed
// with none of those in used.
func (i *issuer) renewed(ctx context.Context, used *keySet) *keySet {
	if now := i.keys.Load(); now != used { // read by another caller meanwhile
		return now
	}
	i.refresh(ctx)
	return i.keys.Load()
}

// refresh waits for a reading: the one in progress, or a new one unless the
// last is too recent.
func (i *issuer) refresh(ctx context.Context) {
	i.mu.Lock()
	reading := i.reading
	if reading == nil && time.Since(i.begun) >= pause {
		reading = i.begin()
	}
	i.mu.Unlock()
	if reading == nil {
		return
	}
	select {
	case <-reading:
	case <-ctx.Done():
	case <-time.After(patience):
	}
}

// readAgain is for the clock, which waits for nobody.
func (i *issuer) readAgain() {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.begin()
}

// begin starts a reading, unless one is in progress or we are closed. mu is
// held.
func (i *issuer) begin() chan struct{} {
	if i.closed || i.reading != nil {
		return i.reading
	}
	if i.next != nil {
		i.next.Stop()
		i.next = nil
	}
	done := make(chan struct{})
	i.begun, i.reading = time.Now(), done
	i.readings.Go(func() {
		i.finish(i.read())
		close(done)
	})
	return done
}

// finish takes in what a reading has brought, and plans the next.
func (i *issuer) finish(keys keySet, err error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.reading = nil
	if i.closed {
		return
	}
	i.tell(keys, err)
	wait := refreshEvery
	if err != nil {
		wait = min(lastRetry, firstRetry<<min(i.failures, 10))
		i.failures++
	} else {
		i.failures = 0
		i.keys.Store(&keys)
	}
	wait -= rand.N(wait / 10) // replicas that started together drift apart
	i.nextAt = time.Now().Add(wait)
	i.next = time.AfterFunc(wait, i.readAgain)
}

// tell logs what has changed: an outage is two lines, however long. mu is held.
func (i *issuer) tell(keys keySet, err error) {
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

// retryAfter is when the next reading may have brought the keys.
func (i *issuer) retryAfter() time.Duration {
	i.mu.Lock()
	defer i.mu.Unlock()
	return max(time.Second, time.Until(i.nextAt))
}
