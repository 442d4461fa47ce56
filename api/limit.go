package api

import (
	"context"
	"log/slog"
	"math"
	"net/http"
	"net/netip"
	"strconv"
	"sync"
	"time"

	"github.com/go-chi/chi/v5/middleware"
	"github.com/hashicorp/golang-lru/v2/simplelru"

	"tributary/api/auth"
	"tributary/cache"
)

// Limit is how many requests a client may make in a window; the zero Limit is
// none.
type Limit struct {
	Calls  int
	Window time.Duration
}

// limiter is a token bucket a client, as GCRA: all there is to remember is when
// its bucket will be full again. It is shared by the replicas where there is a
// Redis that answers.
type limiter struct {
	Limit
	redis  *cache.Redis
	policy string // RateLimit-Policy

	mu   sync.Mutex
	full *simplelru.LRU[string, time.Time] // by client
}

// maxClients bounds the clients remembered. Who has not been seen for longest
// is forgotten, with a full bucket.
const maxClients = 100_000

// newLimiter is nil without a limit.
func newLimiter(l Limit, redis *cache.Redis) *limiter {
	if l.Calls == 0 {
		return nil
	}
	full, err := simplelru.NewLRU[string, time.Time](maxClients, nil)
	if err != nil {
		panic(err) // only for a size that is not positive
	}
	return &limiter{
		Limit: l, redis: redis, full: full,
		policy: `"default";q=` + strconv.Itoa(l.Calls) + ";w=" + strconv.Itoa(int(math.Ceil(l.Window.Seconds()))),
	}
}

// take takes a token of a client's bucket: retry is 0 if there was one, else the
// time until there is. reset is when the bucket is full again.
func (l *limiter) take(ctx context.Context, client string, now time.Time) (retry, reset time.Duration) {
	if retry, reset, known := l.redis.Take(ctx, client, l.Calls, l.Window); known {
		return retry, reset
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	full, ok := l.full.Get(client)
	if !ok || full.Before(now) {
		full = now
	}
	next := full.Add(l.Window / time.Duration(l.Calls))
	if over := next.Sub(now) - l.Window; over > 0 {
		return over, full.Sub(now)
	}
	l.full.Add(client, next)
	return 0, next.Sub(now)
}

// limit refuses clients who ask too much, and tells all of them how they stand
// (draft-ietf-httpapi-ratelimit-headers).
func (s *server) limit(next http.Handler) http.Handler {
	l := s.clients
	if l == nil {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		retry, reset := l.take(r.Context(), client(r), time.Now())
		left := int((l.Window - reset) / (l.Window / time.Duration(l.Calls)))
		wait := reset
		if retry > 0 {
			left, wait = 0, retry
		}
		h := w.Header()
		h.Set("RateLimit-Policy", l.policy)
		h.Set("RateLimit", `"default";r=`+strconv.Itoa(left)+";t="+strconv.Itoa(int(math.Ceil(wait.Seconds()))))
		if retry > 0 {
			s.counts.limited.Add(r.Context(), 1)
			p := tooManyRequests.with("this client has made too many requests; the next is welcome after Retry-After")
			p.retryAfter = retry
			s.problem(w, r, p)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// client is who is limited: a key or a token, else an address, of which an IPv6
// network of 64 bits counts as one.
func client(r *http.Request) string {
	if id := auth.FromContext(r.Context()).Fingerprint(); id != "" {
		return id
	}
	address := middleware.GetClientIPAddr(r.Context())
	if address.Is6() {
		if prefix, err := address.WithZone("").Prefix(64); err == nil {
			return prefix.String()
		}
	}
	return address.String()
}

// clientAddress finds the address of a request: the connection's, or where that
// is a trusted proxy's the one that it vouches for. What anybody else says of
// itself is ignored, with one warning.
func (s *server) clientAddress(next http.Handler) http.Handler {
	find := middleware.ClientIPFromRemoteAddr
	if len(s.TrustedProxies) > 0 {
		trusted := make([]string, len(s.TrustedProxies))
		for i, p := range s.TrustedProxies {
			trusted[i] = p.String()
		}
		find = middleware.ClientIPFromXFF(trusted...)
	}
	return find(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Forwarded-For") != "" && !s.trusts(r.RemoteAddr) {
			s.warnOfProxies.Do(func() {
				s.log.LogAttrs(r.Context(), slog.LevelWarn, "X-Forwarded-For of a peer that is not in TRUSTED_PROXIES is ignored; this is said once")
			})
		}
		next.ServeHTTP(w, r)
	}))
}

func (s *server) trusts(peer string) bool {
	at, err := netip.ParseAddrPort(peer)
	if err != nil {
		return false
	}
	for _, p := range s.TrustedProxies {
		if p.Contains(at.Addr().Unmap()) {
			return true
		}
	}
	return false
}
