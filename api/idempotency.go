package api

import (
	"bytes"
	"container/list"
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"tributary/api/auth"
)

// Idempotency keys (draft-ietf-httpapi-idempotency-key-header-07): the first
// answer under a key is kept, and given again to whoever sends the same
// request with the same key. A key is its sender's own: nobody else's answer
// can be had by guessing it.

const (
	keepAnswersFor = 24 * time.Hour
	// maxKept bounds the answers kept. A promise is not evicted; beyond the
	// bound no new one is made.
	maxKept   = 100_000
	maxKeyLen = 255
)

// kept is an answer as it was written.
type kept struct {
	Status int
	Header http.Header
	Body   []byte
}

// record is what is known of a key: which request it came with, and after
// done, its answer.
type record struct {
	request [sha256.Size]byte
	done    chan struct{}
	answer  kept
	expires time.Time
}

// replays remembers answers by key, in this process. It is safe for concurrent
// use.
type replays struct {
	mu      sync.Mutex
	records map[string]*record
	oldest  list.List // of keys whose answers are kept, in the order in which they expire
}

var (
	errOtherRequest = errors.New("the key came with another request before")
	errTooManyKept  = errors.New("no room for more answers")
)

// begin finds the record of key, or makes one that is the caller's to finish.
func (p *replays) begin(key string, request [sha256.Size]byte) (r *record, mine bool, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.expire(time.Now())
	if r := p.records[key]; r != nil {
		if r.request != request {
			return nil, false, errOtherRequest
		}
		return r, false, nil
	}
	if len(p.records) >= maxKept {
		return nil, false, errTooManyKept
	}
	if p.records == nil {
		p.records = make(map[string]*record)
	}
	r = &record{request: request, done: make(chan struct{})}
	p.records[key] = r
	return r, true, nil
}

// finish gives the answer to those who wait, and keeps it for those who come
// later if it settles the matter.
func (p *replays) finish(key string, r *record, answer kept, settled bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	r.answer = answer
	if settled {
		r.expires = time.Now().Add(keepAnswersFor)
		p.oldest.PushBack(key)
	} else {
		delete(p.records, key)
	}
	close(r.done)
}

// expire drops what has been kept long enough. p.mu is held.
func (p *replays) expire(now time.Time) {
	for e := p.oldest.Front(); e != nil; e = p.oldest.Front() {
		key := e.Value.(string)
		if now.Before(p.records[key].expires) {
			return
		}
		delete(p.records, key)
		p.oldest.Remove(e)
	}
}

// idempotencyKey reads the Idempotency-Key: a structured-field string, quoted;
// a bare token is let through as a courtesy. It is empty when there is none.
func idempotencyKey(r *http.Request) (string, error) {
	values := r.Header.Values("Idempotency-Key")
	if len(values) == 0 {
		return "", nil
	}
	key := strings.TrimSpace(values[0])
	if unquoted, ok := strings.CutPrefix(key, `"`); ok {
		if key, ok = strings.CutSuffix(unquoted, `"`); !ok {
			key = ""
		}
	}
	odd := func(c rune) bool { return c < ' ' || c > '~' || c == '"' || c == '\\' }
	if len(values) > 1 || key == "" || len(key) > maxKeyLen || strings.ContainsFunc(key, odd) {
		p := invalidParameters.with("the Idempotency-Key is not one string of 1 to 255 visible ASCII characters, in double quotes")
		p.Errors = []fieldError{{Parameter: "Idempotency-Key", Detail: "is not one quoted string of 1 to 255 visible ASCII characters"}}
		return "", p
	}
	return key, nil
}

// once carries out a write that comes with an Idempotency-Key once, however
// often it comes.
func (s *server) once(fn func(http.ResponseWriter, *http.Request) error) func(http.ResponseWriter, *http.Request) error {
	return func(w http.ResponseWriter, r *http.Request) error {
		key, err := idempotencyKey(r)
		// No answer to what a header says, or to nobody, is kept or waited for.
		if err := errors.Join(mustAccept(w, r), err, s.usersAvailable(), unsupportedBody(r, bodyTypes(r)...)); err != nil {
			return err
		}
		if key == "" {
			return fn(w, r)
		}
		body, err := readBody(r)
		if err != nil {
			return err
		}
		key = auth.FromContext(r.Context()).Fingerprint() + "\n" + key
		rec, mine, err := s.replays.begin(key, fingerprint(r, body))
		switch {
		case errors.Is(err, errOtherRequest):
			return keyReused.with("this Idempotency-Key came with another request before; a new request wants a new key")
		case err != nil:
			p := overloaded.with(err.Error())
			p.retryAfter = time.Minute
			return p
		case mine:
			r.Body = io.NopCloser(bytes.NewReader(body))
			return s.first(w, r, fn, key, rec)
		}
		select {
		case <-rec.done:
		case <-r.Context().Done():
			return running()
		}
		if rec.answer.Status == 0 { // the first one here waited in vain for another replica
			return running()
		}
		s.metrics.replays.Add(r.Context(), 1)
		rec.answer.replay(w)
		return nil
	}
}

func running() *problem {
	p := stillRunning.with("the first request with this Idempotency-Key is still running")
	p.retryAfter = time.Second
	return p
}

// first answers the first request with a key in this process; in another
// replica there may have been one before.
func (s *server) first(w http.ResponseWriter, r *http.Request, fn func(http.ResponseWriter, *http.Request) error, key string, rec *record) error {
	answer, found, err := s.fleet.begin(r.Context(), key, rec.request)
	switch {
	case err != nil:
		s.replays.finish(key, rec, kept{}, false)
		return err
	case found:
		s.replays.finish(key, rec, answer, true)
		s.metrics.replays.Add(r.Context(), 1)
		answer.replay(w)
		return nil
	}
	s.carryOut(w, r, fn, key, rec)
	return nil
}

// carryOut answers the first request with a key, and keeps the answer.
func (s *server) carryOut(w http.ResponseWriter, r *http.Request, fn func(http.ResponseWriter, *http.Request) error, key string, rec *record) {
	b := &buffer{header: make(http.Header), status: http.StatusOK}
	settled := false
	defer func() {
		if p := recover(); p != nil { // those who wait are told too
			s.problem(b, r, errInternal)
			s.finish(r.Context(), key, rec, b.kept(), false)
			panic(p)
		}
		s.finish(r.Context(), key, rec, b.kept(), settled)
		b.kept().write(w)
	}()
	err := fn(b, r)
	if err != nil {
		s.problem(b, r, err)
	}
	settled = err == nil || asProblem(err).settles()
}

// finish tells the other replicas first: who waits here may go on to ask them.
func (s *server) finish(ctx context.Context, key string, rec *record, answer kept, settled bool) {
	s.fleet.finish(ctx, key, rec.request, answer, settled)
	s.replays.finish(key, rec, answer, settled)
}

// fingerprint tells requests apart that come with the same key.
func fingerprint(r *http.Request, body []byte) [sha256.Size]byte {
	sum := sha256.Sum256(body)
	return sha256.Sum256(append([]byte(r.Method+" "+r.URL.Path+"\n"), sum[:]...))
}

// buffer is a response that is not sent yet.
type buffer struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (b *buffer) Header() http.Header         { return b.header }
func (b *buffer) WriteHeader(status int)      { b.status = status }
func (b *buffer) Write(p []byte) (int, error) { return b.body.Write(p) }

func (b *buffer) kept() kept { return kept{Status: b.status, Header: b.header, Body: b.body.Bytes()} }

// replay gives an answer again.
func (k kept) replay(w http.ResponseWriter) {
	w.Header().Set("Idempotent-Replayed", "true")
	k.write(w)
}

func (k kept) write(w http.ResponseWriter) {
	h := w.Header()
	for name, values := range k.Header {
		h[name] = values
	}
	w.WriteHeader(k.Status)
	_, _ = w.Write(k.Body) // who hung up does not read it
}
