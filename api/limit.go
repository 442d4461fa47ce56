package api

import (
	"context"
	"errors"
	"math"
	"math/bits"
	"net/http"
	"net/netip"
	"strconv"
	"sync"
	"time"

	"tributary/api/auth"
	"tributary/cache"
)

// Limit is the number of requests that a client may make in a window. The zero Limit is
// no limit.
type Limit struct {
	Calls  int
	Window time.Duration
}

// limiter has a token bucket for each client, by GCRA: it stores only the time when the
// bucket will be full again. Replicas share the buckets while Redis answers.
type limiter struct {
	Limit
	prefix string // of keys in Redis
	redis  *cache.Redis
	policy string // RateLimit-Policy

	mu   sync.Mutex
	full *recent // when the bucket of a client will be full
}

// maxClients bounds the number of buckets. The one that was not used for longest is
// removed; its client then has a full bucket.
const maxClients = 100_000

// newLimiter returns nil if there is no limit.
func newLimiter(l Limit, prefix string, redis *cache.Redis) *limiter {
	if l.Calls == 0 {
		return nil
	}
	return &limiter{
		Limit: l, prefix: prefix, redis: redis, full: newRecent(maxClients),
		policy: `"default";q=` + strconv.Itoa(l.Calls) + ";w=" + strconv.Itoa(seconds(l.Window)),
	}
}

// standing is the state of a client's bucket after a request.
type standing struct {
	tokens int           // that the request needs
	retry  time.Duration // until they are there; 0: they were
	reset  time.Duration // until the bucket is full
}

// take takes some tokens of a client's bucket, all or none. More than the bucket can hold
// are never there.
func (l *limiter) take(ctx context.Context, client string, tokens int, now time.Time) standing {
	if retry, reset, known := l.redis.Take(ctx, l.prefix+client, tokens, l.Calls, l.Window); known {
		return standing{tokens, retry, reset}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	used := max(0, l.full.get(client).Sub(now))
	if tokens > l.Calls {
		return standing{tokens, l.Window, used}
	}
	after := used + time.Duration(tokens)*l.cost()
	if after > l.Window {
		return standing{tokens, after - l.Window, used}
	}
	l.full.put(client, now.Add(after))
	return standing{tokens, 0, after}
}

// left returns the number of tokens in a bucket that is full after reset.
func (l *limiter) left(reset time.Duration) int {
	// Redis's times are rounded to a microsecond, which must not cost a token.
	rounding := min(time.Microsecond, l.cost()/2)
	room := max(0, min(l.Window-reset, l.Window-rounding)+rounding)
	hi, lo := bits.Mul64(uint64(l.Calls), uint64(room)) // the product may exceed 64 bits
	left, _ := bits.Div64(hi, lo, uint64(l.Window))
	return int(left)
}

// cost is the time in which one token is added. It is 0 if the window has more calls
// than nanoseconds; no client can reach such a limit.
func (l *limiter) cost() time.Duration { return l.Window / time.Duration(l.Calls) }

// setHeaders sets RateLimit and RateLimit-Policy
// (draft-ietf-httpapi-ratelimit-headers).
func (l *limiter) setHeaders(h http.Header, s standing) {
	left, wait := l.left(s.reset), s.reset
	if s.retry > 0 {
		left, wait = min(left, s.tokens-1), s.retry
	}
	h.Set("RateLimit-Policy", l.policy)
	h.Set("RateLimit", `"default";r=`+strconv.Itoa(left)+";t="+strconv.Itoa(seconds(wait)))
}

func seconds(d time.Duration) int { return int(math.Ceil(d.Seconds())) }

// limit answers 429 to clients over their limit, and adds the RateLimit headers to all
// answers.
func (s *server) limit(next http.Handler) http.Handler {
	l := s.clients
	if l == nil {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		tokens := s.entriesOf(r)
		now := l.take(r.Context(), client(r), tokens, time.Now())
		l.setHeaders(w.Header(), now)
		if now.retry > 0 {
			s.metrics.limited.Add(r.Context(), 1)
			p := tooManyRequests.with("this client has made too many requests; wait as long as Retry-After says")
			if tokens > l.Calls {
				p.Detail = "a batch counts as many requests as it has entries, and this client may never make so many at once; send fewer entries"
			}
			p.retryAfter = now.retry
			s.problem(w, r, p)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// refuse answers a request that auth has rejected. Wrong credentials are limited for each
// address, so that keys cannot be found by trying. They are counted after the check, so
// that valid credentials are accepted whatever others at the same address send.
func (s *server) refuse(w http.ResponseWriter, r *http.Request, err error) {
	denied, ok := errors.AsType[*auth.Error](err)
	if !ok || !denied.Wrong {
		s.problem(w, r, err)
		return
	}
	l := s.wrongCredentials
	now := l.take(r.Context(), network(factsOf(r.Context()).address), 1, time.Now())
	if now.retry == 0 {
		s.problem(w, r, err)
		return
	}
	s.metrics.limited.Add(r.Context(), 1)
	l.setHeaders(w.Header(), now)
	p := tooManyRequests.with("too many wrong credentials came from this address; wait as long as Retry-After says, then send right ones")
	p.retryAfter = now.retry
	s.problem(w, r, p)
}

// client identifies the client of a request for limits: a key or a token, else an
// address.
func client(r *http.Request) string { return clientOf(r.Context()) }

func clientOf(ctx context.Context) string {
	if id := auth.FromContext(ctx).Fingerprint(); id != "" {
		return id
	}
	return network(factsOf(ctx).address)
}

// network is the part of an address that counts as one client: for IPv6 a network of 64
// bits, because a client may use any address in it.
func network(address netip.Addr) string {
	if address.Is6() {
		if prefix, err := address.WithZone("").Prefix(64); err == nil {
			return prefix.String()
		}
	}
	return address.String()
}
