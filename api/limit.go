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

// Limit is how many requests a client may make in a window; the zero Limit is
// none.
type Limit struct {
	Calls  int
	Window time.Duration
}

// limiter has a token bucket for each client, as GCRA: all that it stores is when
// the bucket will be full again. The replicas share the buckets while their Redis
// answers.
type limiter struct {
	Limit
	prefix string // of keys in Redis
	redis  *cache.Redis
	policy string // RateLimit-Policy

	mu   sync.Mutex
	full *recent // when the bucket of a client will be full
}

// maxClients bounds the clients remembered. The one not seen for longest is
// forgotten, and then has a full bucket.
const maxClients = 100_000

// newLimiter is nil without a limit.
func newLimiter(l Limit, prefix string, redis *cache.Redis) *limiter {
	if l.Calls == 0 {
		return nil
	}
	return &limiter{
		Limit: l, prefix: prefix, redis: redis, full: newRecent(maxClients),
		policy: `"default";q=` + strconv.Itoa(l.Calls) + ";w=" + strconv.Itoa(seconds(l.Window)),
	}
}

// standing is how a client stands after a request.
type standing struct {
	retry time.Duration // until there is a token; 0: there was one
	reset time.Duration // until the bucket is full
}

// take takes a token of a client's bucket.
func (l *limiter) take(ctx context.Context, client string, now time.Time) standing {
	if retry, reset, known := l.redis.Take(ctx, l.prefix+client, l.Calls, l.Window); known {
		return standing{retry, reset}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	used := max(0, l.full.get(client).Sub(now))
	after := used + l.cost()
	if after > l.Window {
		return standing{after - l.Window, used}
	}
	l.full.put(client, now.Add(after))
	return standing{0, after}
}

// left is how many tokens a bucket has that is full in reset.
func (l *limiter) left(reset time.Duration) int {
	// Redis's times are rounded to a microsecond, which must not cost a token.
	rounding := min(time.Microsecond, l.cost()/2)
	room := max(0, min(l.Window-reset, l.Window-rounding)+rounding)
	hi, lo := bits.Mul64(uint64(l.Calls), uint64(room)) // as it may exceed 64 bits
	left, _ := bits.Div64(hi, lo, uint64(l.Window))
	return int(left)
}

// cost is the time in which a token comes back. With more calls than nanoseconds
// it is 0: nobody can reach such a limit.
func (l *limiter) cost() time.Duration { return l.Window / time.Duration(l.Calls) }

// tell sets the headers that say how a client stands
// (draft-ietf-httpapi-ratelimit-headers).
func (l *limiter) tell(h http.Header, s standing) {
	left, wait := l.left(s.reset), s.reset
	if s.retry > 0 {
		left, wait = 0, s.retry
	}
	h.Set("RateLimit-Policy", l.policy)
	h.Set("RateLimit", `"default";r=`+strconv.Itoa(left)+";t="+strconv.Itoa(seconds(wait)))
}

func seconds(d time.Duration) int { return int(math.Ceil(d.Seconds())) }

// limit refuses clients who ask too much, and tells all of them how they stand.
func (s *server) limit(next http.Handler) http.Handler {
	l := s.clients
	if l == nil {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		now := l.take(r.Context(), client(r), time.Now())
		l.tell(w.Header(), now)
		if now.retry > 0 {
			s.metrics.limited.Add(r.Context(), 1)
			p := tooManyRequests.with("this client has made too many requests; wait as long as Retry-After says")
			p.retryAfter = now.retry
			s.problem(w, r, p)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// refuse answers a request whose caller is not let in. Wrong credentials count
// against the address that they come from, or keys could be found by trying. It
// happens after they were checked, so that right ones are let in whatever others
// behind the same address have sent.
func (s *server) refuse(w http.ResponseWriter, r *http.Request, err error) {
	denied, ok := errors.AsType[*auth.Error](err)
	if !ok || !denied.Wrong {
		s.problem(w, r, err)
		return
	}
	l := s.wrongCredentials
	now := l.take(r.Context(), network(factsOf(r.Context()).address), time.Now())
	if now.retry == 0 {
		s.problem(w, r, err)
		return
	}
	s.metrics.limited.Add(r.Context(), 1)
	l.tell(w.Header(), now)
	p := tooManyRequests.with("too many wrong credentials came from this address; wait as long as Retry-After says, then send right ones")
	p.retryAfter = now.retry
	s.problem(w, r, p)
}

// client is who is limited: a key or a token, else an address.
func client(r *http.Request) string {
	if id := auth.FromContext(r.Context()).Fingerprint(); id != "" {
		return id
	}
	return network(factsOf(r.Context()).address)
}

// network is an address as limits count it. An IPv6 network of 64 bits is one
// client, who may use any address in it.
func network(address netip.Addr) string {
	if address.Is6() {
		if prefix, err := address.WithZone("").Prefix(64); err == nil {
			return prefix.String()
		}
	}
	return address.String()
}
