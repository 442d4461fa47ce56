package api

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"

	"tributary/api/auth"
	"tributary/upstream/users"
)

// Idempotency keys (draft-ietf-httpapi-idempotency-key-header-07): the first answer to a
// key is stored, and is the answer to the same request with the same key. Each caller has
// keys of its own, so that no one gets another caller's answer by guessing a key.

const maxKeyLen = 255

// idempotencyKey returns the Idempotency-Key, "" if there is none. It is a string of
// structured fields; a token without quotes is accepted too.
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

// once carries out a write with an Idempotency-Key once, however often it is sent.
func (s *server) once(fn func(http.ResponseWriter, *http.Request) error) func(http.ResponseWriter, *http.Request) error {
	return func(w http.ResponseWriter, r *http.Request) error {
		key, err := idempotencyKey(r)
		// Check headers first, so that a 406, 415 or 501 is never stored or replayed.
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
		rec, mine, err := s.replays.begin(key, client(r), fingerprint(r, body))
		switch {
		case err != nil:
			return refusedKey(err)
		case mine:
			r.Body = io.NopCloser(bytes.NewReader(body))
			return s.first(w, r, fn, rec)
		}
		select {
		case <-rec.done:
		case <-r.Context().Done():
			return running()
		}
		if rec.err != nil {
			return rec.err
		}
		s.replay(w, r, rec.answer)
		return nil
	}
}

func (s *server) replay(w http.ResponseWriter, r *http.Request, answer kept) {
	s.metrics.replays.Add(r.Context(), 1)
	answer.replay(w)
}

// first answers the first request with a key in this process; another replica
// may have had one before.
func (s *server) first(w http.ResponseWriter, r *http.Request, fn func(http.ResponseWriter, *http.Request) error, rec *record) error {
	c, found, err := s.fleet.begin(r.Context(), rec)
	switch {
	case err != nil:
		s.replays.finish(rec, kept{}, err, rec.seen.expires())
		return err
	case found != nil:
		s.replays.finish(rec, *found.Answer, nil, found.Until)
		s.replay(w, r, *found.Answer)
		return nil
	}
	s.carryOut(w, r, fn, rec, c)
	return nil
}

// carryOut answers the first request with a key, and stores the answer.
func (s *server) carryOut(w http.ResponseWriter, r *http.Request, fn func(http.ResponseWriter, *http.Request) error, rec *record, c *claim) {
	b := newBuffer()
	panicked := true
	defer func() {
		if panicked { // the recoverer answers the caller
			s.problem(b, r, errInternal)
			s.settle(r, rec, c, b.kept(), errInternal)
		}
	}()
	err := fn(b, r.WithContext(users.BeforeSending(r.Context(), c.beforeSending)))
	if _, refusal := c.progress(); refusal != nil {
		err = refusal
	}
	if err != nil {
		s.problem(b, r, err)
	}
	panicked = false
	s.settle(r, rec, c, b.kept(), err)
	b.kept().write(w)
}

// settle stores the answer of a key's request, or frees the key. It tells the other
// replicas first, because requests that wait in this process may then ask them.
func (s *server) settle(r *http.Request, rec *record, c *claim, answer kept, err error) {
	ctx, until := r.Context(), time.Now().Add(keepAnswersFor)
	sent, refusal := c.progress()
	switch {
	case refusal != nil:
		c.giveUp(ctx)
		s.replays.finish(rec, answer, nil, time.Time{})
	case err == nil || asProblem(err).settles():
		c.finish(ctx, answer, until)
		s.replays.finish(rec, answer, nil, until)
	case !sent || asProblem(err).Outcome == outcomeNotDone:
		c.giveUp(ctx)
		s.replays.finish(rec, answer, nil, time.Time{})
	case s.fleet.repeatable:
		c.leaveSent(ctx) // the next request is sent to the directory with the same key
		s.replays.finish(rec, answer, nil, time.Time{})
	default: // it was sent, and then the gateway failed
		b := newBuffer()
		s.problem(b, r, outcomeLost(false))
		c.finish(ctx, b.kept(), until)
		s.replays.finish(rec, b.kept(), nil, until)
	}
}

// fingerprint differs for different requests with the same key.
func fingerprint(r *http.Request, body []byte) [sha256.Size]byte {
	sum := sha256.Sum256(body)
	text := r.Method + " " + r.URL.Path + "\n"
	for _, name := range []string{"If-Match", "If-None-Match"} {
		if values := r.Header.Values(name); len(values) > 0 {
			text += name + ": " + strings.Join(values, ", ") + "\n"
		}
	}
	return sha256.Sum256(append([]byte(text), sum[:]...))
}
