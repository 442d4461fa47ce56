package api_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"

	"tributary/cache"
	"tributary/cache/redistest"
)

// member is a gateway that shares a Redis with others.
type member struct {
	*gateway
	redis *cache.Redis
}

// newMember is a gateway with a directory of its own: writes of several are
// counted together.
func newMember(t *testing.T, redisURL string, changes ...func(*setup)) member {
	t.Helper()
	r, err := cache.NewRedis(cache.RedisConfig{URL: redisURL, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	g := populated(t, append([]func(*setup){func(s *setup) { s.Redis = r }}, changes...)...)
	return member{g, r}
}

// hasty gives a request half a second.
func hasty(s *setup) { s.RequestTimeout = 500 * time.Millisecond }

// die ends whatever the process did for its claims.
func (m member) die() { _ = m.redis.Close() }

// begin sends a write whose answer nobody waits for.
func (m member) begin(w write) {
	m.t.Helper()
	r := mustRequest(m.t, w)
	go func() {
		if response, err := m.client.Do(r); err == nil {
			response.Body.Close()
		}
	}()
}

// until repeats try until it succeeds; that it does not in time fails the test.
func until(t *testing.T, what string, try func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !try(); {
		if time.Now().After(deadline) {
			t.Fatalf("%s: not in 20 s", what)
		}
	}
}

// lapse lets the lease of the only key lapse, as if its holder had died long ago.
func lapse(t *testing.T, c *redis.Client) {
	t.Helper()
	keys := c.Keys(t.Context(), "tributary:1:claim-lease:*").Val()
	if len(keys) != 1 || c.Del(t.Context(), keys[0]).Val() != 1 {
		t.Fatalf("leases = %v, want one", keys)
	}
}

// sending lets writes wait in the directory; sent is closed when one has come.
func (m member) sending(then behaviour) (sent chan struct{}, release func()) {
	sent, hold := make(chan struct{}), make(chan struct{})
	var once sync.Once
	m.directory.setWrites(func(r *http.Request) (*http.Response, error) {
		once.Do(func() { close(sent) })
		select {
		case <-hold:
			return then(r)
		case <-r.Context().Done():
			return nil, r.Context().Err()
		}
	})
	release = sync.OnceFunc(func() { close(hold) })
	m.t.Cleanup(release)
	return sent, release
}

func (m member) wantWrites(want int64) {
	m.t.Helper()
	if n := m.directory.writes.Load(); n != want {
		m.t.Errorf("%d writes, want %d", n, want)
	}
}

// wantNotSent wants the problem of a key that could not be claimed.
func (a *answer) wantNotSent() {
	a.t.Helper()
	p := a.problem(http.StatusServiceUnavailable, "write_failed")
	if p.Outcome != "not_done" || p.RetrySafe == nil || !*p.RetrySafe || a.Header.Get("Retry-After") == "" {
		a.t.Errorf("%s: Retry-After %q in %s; want one, not_done and safe to repeat", a.call, a.Header.Get("Retry-After"), a.body)
	}
}

// wantLost wants the problem of a write whose outcome nobody can tell any more.
func (a *answer) wantLost() {
	a.t.Helper()
	p := a.problem(http.StatusBadGateway, "write_failed")
	if p.Outcome != "unknown" || p.RetrySafe == nil || *p.RetrySafe {
		a.t.Errorf("%s: %s; want an unknown outcome that is not safe to repeat", a.call, a.body)
	}
}

var keyedWrites = []write{keyedPost, keyedPatch}

func TestKeyIsSharedByReplicas(t *testing.T) {
	for _, w := range keyedWrites {
		t.Run(w.method, func(t *testing.T) {
			redis := redistest.Start(t)
			a, b := newMember(t, redis.PatientURL()), newMember(t, redis.PatientURL())
			first := a.carry(w)
			b.carry(w).wantReplay(first)
			a.carry(w).wantReplay(first)
			other := w
			other.body = `{"name":"Ada"}`
			b.carry(other).problem(http.StatusUnprocessableEntity, "key_reused")
			b.wantWrites(0)
			redis.Kill()
			b.carry(w).wantReplay(first) // it is remembered here, too
		})
	}
	t.Run("with its preconditions", func(t *testing.T) {
		redis := redistest.Start(t)
		a, b := newMember(t, redis.PatientURL()), newMember(t, redis.PatientURL())
		a.carry(keyedPatch).wantStatus(http.StatusOK)
		for _, m := range []member{a, b} {
			for _, name := range []string{"If-Match", "If-None-Match"} {
				m.call("PATCH", one, keyedPatch.body, "Idempotency-Key", `"k"`, name, "*").problem(http.StatusUnprocessableEntity, "key_reused")
			}
		}
	})
	t.Run("with failures that repeating cannot mend", func(t *testing.T) {
		redis := redistest.Start(t)
		a, b := newMember(t, redis.PatientURL()), newMember(t, redis.PatientURL())
		for n, body := range []string{`{}`, `{`, `{"name":7}`} {
			w := write{"POST", "/v1/users", body, fmt.Sprintf(`"wrong %d"`, n)}
			first := a.carry(w)
			b.carry(w).wantReplay(first)
		}
	})
}

func TestKeyOfAWriteThatWasNotDoneIsFree(t *testing.T) {
	for _, w := range keyedWrites {
		t.Run(w.method, func(t *testing.T) {
			redis := redistest.Start(t)
			a, b := newMember(t, redis.PatientURL()), newMember(t, redis.PatientURL())
			a.directory.setWrites(refuses)
			a.carry(w).wantOutcome(http.StatusBadGateway, "not_done", true, "connection")
			second := b.carry(w)
			second.wantHeader("Idempotent-Replayed", "")
			b.wantWrites(1)
			a.carry(w).wantReplay(second)
			a.wantWrites(0)
		})
	}
}

func TestKeyThatAnotherReplicaWorksOn(t *testing.T) {
	for _, w := range keyedWrites {
		t.Run("is waited for, with "+w.method, func(t *testing.T) {
			redis := redistest.Start(t)
			a, b := newMember(t, redis.PatientURL()), newMember(t, redis.PatientURL(), hasty)
			patient := newMember(t, redis.PatientURL())
			sent, release := a.sending(a.directory.serve)
			first := a.beside(w)
			<-sent
			running := b.carry(w)
			running.problem(http.StatusConflict, "still_running")
			running.wantHeader("Retry-After", "1")
			waiting := patient.beside(w)
			release()
			waiting().wantReplay(first())
			b.carry(w).wantReplay(first())
			b.wantWrites(0)
			patient.wantWrites(0)
		})
	}
}

func TestKeyOfAReplicaThatDied(t *testing.T) {
	for _, w := range keyedWrites {
		t.Run("after it had sent the write, with "+w.method, func(t *testing.T) {
			redis := redistest.Start(t)
			client := redis.Client()
			a, b := newMember(t, redis.PatientURL()), newMember(t, redis.PatientURL(), hasty)
			fresh := newMember(t, redis.PatientURL())
			sent, _ := a.sending(a.directory.serve)
			a.begin(w)
			<-sent
			a.die()
			b.carry(w).problem(http.StatusConflict, "still_running")
			lapse(t, client)
			for range 2 {
				b.carry(w).wantLost()
				fresh.carry(w).wantLost()
			}
			other := w
			other.body = `{"name":"Ada"}`
			fresh.carry(other).problem(http.StatusUnprocessableEntity, "key_reused")
			for _, key := range client.Keys(t.Context(), "tributary:1:claim:*").Val() {
				if left := client.PTTL(t.Context(), key).Val(); left < 23*time.Hour {
					t.Errorf("it is remembered for %s more, want about a day", left)
				}
			}
			b.wantWrites(0)
			fresh.wantWrites(0)
		})
		t.Run("after it had sent the write to a directory that honours keys, with "+w.method, func(t *testing.T) {
			redis := redistest.Start(t)
			a, b := newMember(t, redis.PatientURL(), honouring), newMember(t, redis.PatientURL(), honouring)
			sent, _ := a.sending(a.directory.serve)
			a.begin(w)
			<-sent
			a.die()
			lapse(t, redis.Client())
			second := b.carry(w)
			second.wantHeader("Idempotent-Replayed", "")
			if got := sentKey(b.directory.Last().Header); !strings.HasPrefix(got, `"k.`) {
				t.Errorf("it is sent on with the key %s, want the same", got)
			}
			b.carry(w).wantReplay(second)
			b.wantWrites(1)
		})
	}
	t.Run("before it had sent the write", func(t *testing.T) {
		redis := redistest.Start(t)
		client := redis.Client()
		a, b := newMember(t, redis.PatientURL()), newMember(t, redis.PatientURL())
		reading := make(chan struct{})
		a.directory.Now(func(r *http.Request) (*http.Response, error) {
			close(reading) // a PATCH reads the user first
			return hangs(r)
		})
		a.begin(keyedPatch)
		<-reading
		a.die()
		lapse(t, client)
		b.carry(keyedPatch).wantStatus(http.StatusOK)
		b.wantWrites(1)
	})
}

// Redis may lose what it had: it restarts, or another one takes its place that
// had not heard of the claim yet.
func TestKeyThatRedisHasLost(t *testing.T) {
	redis := redistest.Start(t)
	client := redis.Client()
	a, b := newMember(t, redis.PatientURL()), newMember(t, redis.PatientURL(), hasty)
	sent, release := a.sending(a.directory.serve)
	first := a.beside(keyedPost)
	<-sent
	b.carry(keyedPost).problem(http.StatusConflict, "still_running")
	client.FlushAll(t.Context())
	b.carry(keyedPost).problem(http.StatusConflict, "still_running")
	client.FlushAll(t.Context())
	release()
	first().wantStatus(http.StatusCreated)
	b.carry(keyedPost).wantReplay(first())
	b.wantWrites(0)
}

func TestKeyWhileRedisIsAway(t *testing.T) {
	t.Run("stays claimed once it was seen claimed", func(t *testing.T) {
		redis := redistest.Start(t)
		proxy := redistest.NewProxy(t, redis)
		a, b := newMember(t, redis.PatientURL()), newMember(t, proxy.URL(), hasty)
		sent, release := a.sending(a.directory.serve)
		first := a.beside(keyedPost)
		<-sent
		until(t, "seen claimed", func() bool { return b.carry(keyedPost).StatusCode == http.StatusConflict })
		proxy.Cut()
		for range 2 {
			b.carry(keyedPost).problem(http.StatusConflict, "still_running")
		}
		proxy.Open()
		release()
		first()
		until(t, "replayed", func() bool { return b.carry(keyedPost).Header.Get("Idempotent-Replayed") == "true" })
		b.wantWrites(0)
	})
	for name, fault := range refusesClaims {
		for _, w := range keyedWrites {
			t.Run("is not sent when Redis "+name+", with "+w.method, func(t *testing.T) {
				redis := redistest.Start(t)
				url := redis.PatientURL()
				if name == "hangs" {
					url = redis.URL()
				}
				m, honours := newMember(t, url), newMember(t, url, honouring)
				fault(t, redis)
				for range 2 {
					m.carry(w).wantNotSent()
				}
				m.wantWrites(0)
				without := w
				without.key = ""
				if a := m.carry(without); a.StatusCode >= 300 {
					t.Errorf("%s without a key: status = %d, want it done; body %s", a.call, a.StatusCode, a.body)
				}
				m.wantWrites(1)
				if a := honours.carry(w); a.StatusCode >= 300 {
					t.Errorf("%s to a directory that honours keys: status = %d, want it done; body %s", a.call, a.StatusCode, a.body)
				}
				honours.wantWrites(1)
			})
		}
	}
}

// refusesClaims are the ways in which Redis keeps a key from being claimed.
var refusesClaims = map[string]func(*testing.T, *redistest.Server){
	"is not there":   func(_ *testing.T, s *redistest.Server) { s.Kill() },
	"hangs":          func(t *testing.T, s *redistest.Server) { s.Hang(); t.Cleanup(s.Resume) },
	"is out of room": func(t *testing.T, s *redistest.Server) { s.Do("CONFIG", "SET", "maxmemory", "1") },
	"is read-only":   func(t *testing.T, s *redistest.Server) { s.Do("REPLICAOF", "127.0.0.1", "1") },
}

func TestKeyWhoseRecordCannotBeRead(t *testing.T) {
	redis := redistest.Start(t)
	client := redis.Client()
	m := newMember(t, redis.PatientURL())
	record := func(key string) (name, text string) {
		w := keyedPost
		w.key = key
		newMember(t, redis.PatientURL()).carry(w).wantStatus(http.StatusCreated)
		name = client.Keys(t.Context(), "tributary:1:claim:*").Val()[0]
		return name, client.Get(t.Context(), name).Val()
	}
	name, good := record(`"k"`)
	request := good[:strings.Index(good, `,"answer"`)]
	for does, text := range map[string]string{
		"nothing": "", "no JSON": "{{", "null": "null", "an empty object": "{}", "a list": "[]", "a number": "7", "a text": `"x"`,
		"no request": `{"request":null,"state":"sent"}`, "a short request": `{"request":"AAAA","state":"sent"}`,
		"no state": request + `}`, "an unknown state": request + `,"state":"done"}`, "a state that is a number": request + `,"state":1}`,
		"an answer that is null": request + `,"answer":null}`, "an empty answer": request + `,"answer":{}}`,
		"an answer without a status": request + `,"answer":{"Status":0,"Header":null,"Body":null}}`,
		"a state and an answer":      strings.Replace(good, `,"answer"`, `,"state":"sent","answer"`, 1),
		"a member that is unknown":   strings.TrimSuffix(good, "}") + `,"more":1}`,
	} {
		t.Run(does, func(t *testing.T) {
			client.Set(t.Context(), name, text, 0)
			m.carry(keyedPost).wantNotSent()
			newMember(t, redis.PatientURL(), honouring).carry(keyedPost).wantStatus(http.StatusCreated)
			if got := client.Get(t.Context(), name).Val(); got != text {
				t.Errorf("the record is now %s, want it left as it is", got)
			}
		})
	}
	m.wantWrites(0)
	t.Run("a list of Redis", func(t *testing.T) {
		client.Del(t.Context(), name)
		client.LPush(t.Context(), name, "x")
		m.carry(keyedPost).wantNotSent()
		m.wantWrites(0)
	})
	client.Del(t.Context(), name)
	client.Set(t.Context(), name, good, 0)
	m.carry(keyedPost).wantHeader("Idempotent-Replayed", "true")
}

// Redis goes away after the key was claimed, and before the write is sent.
func TestKeyThatCannotBeMarkedAsSent(t *testing.T) {
	for _, honours := range []bool{false, true} {
		t.Run(fmt.Sprintf("honours keys %t", honours), func(t *testing.T) {
			redis := redistest.Start(t)
			proxy := redistest.NewProxy(t, redis)
			a, b := newMember(t, proxy.PatientURL(), keys(honours)), newMember(t, redis.PatientURL(), keys(honours))
			a.directory.Now(func(r *http.Request) (*http.Response, error) {
				proxy.Cut() // a PATCH reads the user first
				return a.directory.serve(r)
			})
			first := a.carry(keyedPatch)
			if honours {
				first.wantStatus(http.StatusOK)
				a.wantWrites(1)
				return
			}
			first.wantNotSent()
			a.wantWrites(0)
			proxy.Open()
			a.directory.Now(a.directory.serve)
			until(t, "given up", func() bool { return b.carry(keyedPatch).StatusCode == http.StatusOK })
			b.wantWrites(1)
		})
	}
}

func TestAnswerThatRedisDoesNotTake(t *testing.T) {
	redis := redistest.Start(t)
	proxy := redistest.NewProxy(t, redis)
	a, b := newMember(t, proxy.PatientURL()), newMember(t, redis.PatientURL(), hasty)
	a.directory.setWrites(func(r *http.Request) (*http.Response, error) {
		proxy.Cut()
		return a.directory.serve(r)
	})
	first := a.carry(keyedPost)
	first.wantStatus(http.StatusCreated)
	b.carry(keyedPost).problem(http.StatusConflict, "still_running")
	proxy.Open()
	until(t, "replayed", func() bool { return b.carry(keyedPost).Header.Get("Idempotent-Replayed") == "true" })
	b.carry(keyedPost).wantReplay(first)
	b.wantWrites(0)
}

// A request that has waited for another one's key must not be sent when there is
// no time left for its answer.
func TestKeyThatComesFreeTooLate(t *testing.T) {
	for _, honours := range []bool{false, true} {
		t.Run(fmt.Sprintf("honours keys %t", honours), func(t *testing.T) {
			redis := redistest.Start(t)
			slow := func(s *setup) { s.policies.Timeout, s.flight, s.RequestTimeout = time.Minute, time.Minute, time.Minute }
			tight := func(s *setup) { s.RequestTimeout = 4 * time.Second }
			a, b := newMember(t, redis.PatientURL(), keys(honours), slow), newMember(t, redis.PatientURL(), keys(honours), tight)
			then := behaviour(refuses) // it was not done
			if honours {
				then = a.directory.carriesOutBut(resets) // nobody knows
			}
			sent, release := a.sending(then)
			first := a.beside(keyedPost)
			<-sent
			second := b.beside(keyedPost)
			timer := time.AfterFunc(3900*time.Millisecond, release) // b keeps its last 800 ms for an answer
			defer timer.Stop()
			first()
			answer := second()
			b.wantWrites(0)
			switch {
			case answer.StatusCode == http.StatusConflict: // it did not even see that the key came free
			case honours:
				p := answer.problem(http.StatusBadGateway, "write_failed")
				if p.Outcome != "unknown" || p.RetrySafe == nil || !*p.RetrySafe {
					t.Errorf("%s: %s; want an unknown outcome that is safe to repeat", answer.call, answer.body)
				}
			default:
				answer.wantNotSent()
			}
		})
	}
}

// endTrap is a tracer whose spans of the directory panic when they end: after the
// write was carried out.
type endTrap struct{ noop.Tracer }

type trapSpan struct{ trace.Span }

func (trapSpan) End(...trace.SpanEndOption) { panic("a bug after the write") }

func (endTrap) Start(ctx context.Context, name string, _ ...trace.SpanStartOption) (context.Context, trace.Span) {
	span := noop.Span{}
	if name != "directory" {
		return ctx, span
	}
	return ctx, trapSpan{span}
}

func TestPanicAfterAWriteWasSent(t *testing.T) {
	check := func(t *testing.T, g, other *gateway, honours bool) {
		g.call("POST", "/v1/users", keyedPost.body, "Idempotency-Key", `"k"`).problem(http.StatusInternalServerError, "internal_error")
		again := other.carry(keyedPost)
		if honours {
			again.wantStatus(http.StatusInternalServerError) // it is sent on with the same key, into the same trap
			return
		}
		again.wantLost()
		again.wantHeader("Idempotent-Replayed", "true")
		if n := g.directory.writes.Load(); n != 1 {
			t.Errorf("%d writes, want one", n)
		}
	}
	for _, honours := range []bool{false, true} {
		it(t, fmt.Sprintf("is not followed by a second one, honours keys %t", honours), func(t *testing.T) {
			g := populated(t, keys(honours), func(s *setup) { s.tracer, s.logTo = endTrap{}, io.Discard })
			check(t, g, g, honours)
		})
		t.Run(fmt.Sprintf("is not followed by a second one of another replica, honours keys %t", honours), func(t *testing.T) {
			redis := redistest.Start(t)
			trapped := func(s *setup) { s.tracer = endTrap{} }
			a, b := newMember(t, redis.PatientURL(), keys(honours), trapped), newMember(t, redis.PatientURL(), keys(honours), trapped)
			check(t, a.gateway, b.gateway, honours)
			if !honours {
				b.wantWrites(0)
			}
		})
	}
}
