package users

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"tributary/upstream"
	"tributary/upstream/aggregate"
)

// WriteError is the error of a write. If Err.Uncertain is set, the write may have been
// carried out; otherwise it was not. Err.Status is the directory's status, if it
// answered: 404 no such user, 409 a conflict, 400 and 422 a rule of the directory.
type WriteError struct {
	Err *upstream.Error

	// Create is true for the creation of a user: then a 404 is about the list of users,
	// not about a user.
	Create bool

	// RetrySafe is true if sending the same write again is harmless: it is idempotent or
	// has a key that the directory honours.
	RetrySafe bool

	Outcome aggregate.Outcome // the directory's
}

func (e *WriteError) Error() string { return "write to the directory: " + e.Err.Error() }

// Unwrap returns the directory's error.
func (e *WriteError) Unwrap() error { return e.Err }

// Precondition is a condition that a write sets on its user.
type Precondition struct {
	// Holds decides from the directory's current version of the user.
	Holds func(User) bool

	// Exact binds the write to the version that Holds has seen: if the directory sends an
	// ETag for it, the write carries it as If-Match.
	Exact bool
}

// PreconditionError is the error of a write that was not carried out because its
// precondition does not hold.
type PreconditionError struct{ Outcome aggregate.Outcome } // of the directory

func (e *PreconditionError) Error() string { return "the user is not as the precondition demands" }

// Create adds a user and returns it as the directory stores it. key is the caller's
// Idempotency-Key without quotes, or empty. Every write's error is a *WriteError or a
// *PreconditionError.
func (s *Service) Create(ctx context.Context, c Change, key string) (*Record, aggregate.Outcome, error) {
	record, outcome, err := send(ctx, s, write[*Record]{
		method: http.MethodPost, route: "/users", path: "/users", body: c.Wire(), key: key,
		decode: decodeRecord,
	})
	switch effectOf(err) {
	case done: // a 404 for this id may be cached
		s.lists.RemoveAll()
		s.users.Remove(record.User.ID)
		s.removeActivity(record.User.ID)
	case unknown:
		s.lists.InvalidateAll()
	}
	return record, outcome, err
}

// Replace replaces a user completely and returns it as the directory stores it. p is
// nil without a precondition.
func (s *Service) Replace(ctx context.Context, id int64, c Change, p *Precondition) (*Record, aggregate.Outcome, error) {
	w := write[*Record]{method: http.MethodPut, body: c.Wire()}
	if p == nil {
		return s.update(ctx, id, w)
	}
	now, read, err := s.readForWrite(ctx, id, p)
	if err != nil {
		return nil, read, err
	}
	w.ifMatch = p.version(now)
	record, outcome, err := s.update(ctx, id, w)
	return record, following(read, outcome, err), err
}

// Patch changes a user and returns it as the directory stores it. It first reads the
// user, bypassing all caches: most directories replace whole objects, so the members
// that stay must be sent too. A change to the same object by another client between
// the two requests can be lost. p is nil without a precondition.
func (s *Service) Patch(ctx context.Context, id int64, c Change, key string, p *Precondition) (*Record, aggregate.Outcome, error) {
	now, read, err := s.readForWrite(ctx, id, p)
	if err != nil || c.Empty() {
		return now, read, err
	}
	record, outcome, err := s.update(ctx, id, write[*Record]{
		method: http.MethodPatch, body: c.Apply(now), key: key, ifMatch: p.version(now),
	})
	return record, following(read, outcome, err), err
}

// Delete removes a user. p is nil without a precondition.
func (s *Service) Delete(ctx context.Context, id int64, p *Precondition) (aggregate.Outcome, error) {
	w := write[struct{}]{method: http.MethodDelete, route: "/users/{id}", path: userPath(id), decode: decodeNothing}
	var read aggregate.Outcome
	if p != nil {
		now, before, err := s.readForWrite(ctx, id, p)
		if err != nil {
			return before, err
		}
		read, w.ifMatch = before, p.version(now)
	}
	_, outcome, err := send(ctx, s, w)
	failed, _ := errors.AsType[*WriteError](err)
	if failed != nil && failed.Err.Code == upstream.CodeNotFound && failed.Err.Uncertain {
		// The DELETE was retried, and the first request had removed the user.
		outcome.State, outcome.Err, err = upstream.Live, nil, nil
	}
	s.invalidate(id, err)
	switch effectOf(err) {
	case done:
		s.removeActivity(id)
	case unknown:
		s.posts.Invalidate(activityQuery{user: id})
		s.todos.Invalidate(activityQuery{user: id})
	}
	if p != nil {
		outcome = following(read, outcome, err)
	}
	return outcome, err
}

// update writes to a user that exists afterwards.
func (s *Service) update(ctx context.Context, id int64, w write[*Record]) (*Record, aggregate.Outcome, error) {
	w.route, w.path, w.decode = "/users/{id}", userPath(id), decodeRecordOf(id)
	record, outcome, err := send(ctx, s, w)
	s.invalidate(id, err)
	return record, outcome, err
}

// readForWrite reads a user, bypassing all caches, and checks the precondition. The
// request continues if the caller disconnects, as a write does. It changes nothing,
// so after a failure the write is known not to be done.
func (s *Service) readForWrite(ctx context.Context, id int64, p *Precondition) (*Record, aggregate.Outcome, error) {
	record, outcome, err := send(ctx, s, write[*Record]{
		method: http.MethodGet, route: "/users/{id}", path: userPath(id), decode: decodeRecordOf(id),
	})
	if failed, ok := errors.AsType[*WriteError](err); ok {
		failed.Err.Uncertain = false
		s.invalidate(id, err)
		return nil, outcome, err
	}
	if p != nil && !p.Holds(record.User) {
		err = &PreconditionError{outcome}
		s.invalidate(id, err)
		return nil, outcome, err
	}
	return record, outcome, nil
}

// version is the ETag that the write is bound to, or "".
func (p *Precondition) version(now *Record) string {
	if p == nil || !p.Exact {
		return ""
	}
	return now.etag
}

// following is the outcome of a read and the write after it. The error of a failed
// write gets it too.
func following(read, write aggregate.Outcome, err error) aggregate.Outcome {
	both := aggregate.Outcome{Name: write.Name, Provenance: aggregate.Together(read.Provenance, write.Provenance)}
	both.Latency = read.Latency + write.Latency
	both.FwdStatus = write.FwdStatus
	var (
		failed  *WriteError
		differs *PreconditionError
	)
	switch {
	case errors.As(err, &failed):
		failed.Outcome = both
	case errors.As(err, &differs):
		differs.Outcome = both
	}
	return both
}

// effect is the known effect of a write.
type effect int

const (
	none    effect = iota // nothing was changed
	done                  // carried out
	unknown               // either of these
	gone                  // nothing was changed: the user does not exist
	differs               // nothing was changed: the precondition does not hold
)

func effectOf(err error) effect {
	var (
		failed   *WriteError
		mismatch *PreconditionError
	)
	switch {
	case err == nil:
		return done
	case errors.As(err, &mismatch):
		return differs
	case !errors.As(err, &failed):
		return none
	case failed.Err.Uncertain:
		return unknown
	case failed.Err.Code == upstream.CodeNotFound:
		return gone
	}
	return none
}

// invalidate removes stored answers about a user according to the effect of a write.
// If the effect is unknown, they stay for stale-if-error.
func (s *Service) invalidate(id int64, err error) {
	switch effectOf(err) {
	case done, gone:
		s.users.Remove(id)
		s.lists.RemoveAll()
	case unknown:
		s.users.Invalidate(id)
		s.lists.InvalidateAll()
	case differs: // else clients would get the old tag from the cache, and fail again
		s.users.Invalidate(id)
	}
}

func (s *Service) removeActivity(id int64) {
	s.posts.Remove(activityQuery{user: id})
	s.todos.Remove(activityQuery{user: id})
}

// write is one request to the directory.
type write[A any] struct {
	method, route, path string
	body                []byte // nil: none
	key                 string // Idempotency-Key; empty: none
	ifMatch             string // If-Match; empty: none
	decode              func(upstream.Response) (A, error)
}

func send[A any](ctx context.Context, s *Service, w write[A]) (A, aggregate.Outcome, error) {
	repeatable := w.method == http.MethodGet || w.method == http.MethodPut || w.method == http.MethodDelete ||
		w.key != "" && s.DirectoryIdempotency
	answer := upstream.Send(ctx, s.Directory, upstream.Write[A]{
		Name: "directory", Route: w.route, Request: w.request, Decode: w.decode, Repeatable: repeatable,
	})
	outcome := aggregate.Outcome{Name: "directory", Provenance: answer.Provenance}
	if answer.Err == nil {
		return answer.Value, outcome, nil
	}
	var nothing A
	if w.ifMatch != "" && answer.Err.Status == http.StatusPreconditionFailed && !answer.Err.Uncertain {
		return nothing, outcome, &PreconditionError{outcome}
	}
	return nothing, outcome, &WriteError{Err: answer.Err, Create: w.method == http.MethodPost, RetrySafe: repeatable, Outcome: outcome}
}

func (w write[A]) request(ctx context.Context) (*http.Request, error) {
	if w.method != http.MethodGet {
		if err := beforeSending(ctx); err != nil {
			return nil, err
		}
	}
	r, err := http.NewRequestWithContext(ctx, w.method, w.path, bytes.NewReader(w.body))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Accept", "application/json")
	if w.body != nil {
		r.Header.Set("Content-Type", "application/json; charset=utf-8")
	}
	if w.ifMatch != "" {
		r.Header.Set("If-Match", w.ifMatch)
	}
	if w.key != "" {
		quoted, err := sfString(w.key)
		if err != nil {
			return nil, err
		}
		// Not in canonical form, on purpose: net/http's transport retries a request with
		// Idempotency-Key by itself when a reused connection breaks. Only we know whether the
		// directory honours the key.
		r.Header["idempotency-key"] = []string{quoted}
	}
	return r, nil
}

// sfString formats a string of a structured field (RFC 9651 §3.3.3), the type of
// Idempotency-Key.
func sfString(s string) (string, error) {
	for _, c := range []byte(s) {
		if c < ' ' || c > '~' {
			return "", errors.New("not printable ASCII")
		}
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`, nil
}

// decodeRecordOf decodes a user and rejects another user's answer.
func decodeRecordOf(id int64) func(upstream.Response) (*Record, error) {
	return func(r upstream.Response) (*Record, error) {
		record, err := decodeRecord(r)
		if err == nil {
			record.etag, err = r.Header.Get("ETag"), checkID(id, record)
		}
		return record, err
	}
}

// decodeNothing accepts an empty body or any JSON. HTML would come from a proxy in
// front of the directory.
func decodeNothing(r upstream.Response) (struct{}, error) {
	if len(bytes.TrimSpace(r.Body)) > 0 && !json.Valid(r.Body) {
		return struct{}{}, errors.New("body: not JSON")
	}
	return struct{}{}, nil
}
