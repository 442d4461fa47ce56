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

// WriteError is the error of a write. If Err.Uncertain is set, it may have been
// carried out, else it was not. Err.Status is the directory's, if it gave one:
// 404 there is no such user, 409 it contradicts what the directory has, 400 and
// 422 it breaks a rule of the directory.
type WriteError struct {
	Err *upstream.Error

	// Create says that it was to add a user: a 404 is then about the list of
	// users, and not about one of them.
	Create bool

	// RetrySafe says that sending the same write again does no harm: it has the
	// same effect the second time, or a key that the directory honours.
	RetrySafe bool

	Outcome aggregate.Outcome // of the directory
}

func (e *WriteError) Error() string { return "write to the directory: " + e.Err.Error() }

// Unwrap is the directory's error.
func (e *WriteError) Unwrap() error { return e.Err }

// Precondition is what a write demands of the user that it is about.
type Precondition struct {
	// Holds decides by the user as the directory has it now.
	Holds func(User) bool

	// Exact says that the write may only change the version that Holds has seen:
	// if the directory gives it an ETag, the write carries it as If-Match.
	Exact bool
}

// PreconditionError is the error of a write that was not carried out because its
// precondition does not hold.
type PreconditionError struct{ Outcome aggregate.Outcome } // of the directory

func (e *PreconditionError) Error() string { return "the user is not as the precondition demands" }

// Create adds a user and returns it as the directory has it. key is the
// caller's Idempotency-Key without its quotes, or empty. The error of all
// writes is a *WriteError or a *PreconditionError.
func (s *Service) Create(ctx context.Context, c Change, key string) (*Record, aggregate.Outcome, error) {
	record, outcome, err := send(ctx, s, write[*Record]{
		method: http.MethodPost, route: "/users", path: "/users", body: c.Wire(), key: key,
		decode: decodeRecord,
	})
	switch effectOf(err) {
	case done: // somebody may have asked for the user before it existed
		s.lists.RemoveAll()
		s.users.Remove(record.User.ID)
		s.removeActivity(record.User.ID)
	case unknown:
		s.lists.InvalidateAll()
	}
	return record, outcome, err
}

// Replace puts a user in the place of another, all of which is lost, and
// returns it as the directory has it. Without a precondition p is nil.
func (s *Service) Replace(ctx context.Context, id int64, c Change, p *Precondition) (*Record, aggregate.Outcome, error) {
	w := write[*Record]{method: http.MethodPut, body: c.Wire()}
	if p == nil {
		return s.change(ctx, id, w)
	}
	now, read, err := s.meets(ctx, id, p)
	if err != nil {
		return nil, read, err
	}
	w.ifMatch = p.version(now)
	record, outcome, err := s.change(ctx, id, w)
	return record, following(read, outcome, err), err
}

// Patch changes a user and returns it as the directory has it. It reads the
// user first, past every cache: most directories exchange whole members, so
// what is to stay in them has to be sent along. A change by somebody else
// between the two can be lost, within the same member. Without a precondition p
// is nil.
func (s *Service) Patch(ctx context.Context, id int64, c Change, key string, p *Precondition) (*Record, aggregate.Outcome, error) {
	now, read, err := s.meets(ctx, id, p)
	if err != nil || c.Empty() {
		return now, read, err
	}
	record, outcome, err := s.change(ctx, id, write[*Record]{
		method: http.MethodPatch, body: c.Apply(now), key: key, ifMatch: p.version(now),
	})
	return record, following(read, outcome, err), err
}

// Delete removes a user. Without a precondition p is nil.
func (s *Service) Delete(ctx context.Context, id int64, p *Precondition) (aggregate.Outcome, error) {
	w := write[struct{}]{method: http.MethodDelete, route: "/users/{id}", path: userPath(id), decode: decodeNothing}
	var read aggregate.Outcome
	if p != nil {
		now, before, err := s.meets(ctx, id, p)
		if err != nil {
			return before, err
		}
		read, w.ifMatch = before, p.version(now)
	}
	_, outcome, err := send(ctx, s, w)
	failed, _ := errors.AsType[*WriteError](err)
	if failed != nil && failed.Err.Code == upstream.CodeNotFound && failed.Err.Uncertain {
		// The request was repeated, and the first one had removed the user.
		outcome.State, outcome.Err, err = upstream.Live, nil, nil
	}
	s.written(id, err)
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

// change is a write to a user who stays.
func (s *Service) change(ctx context.Context, id int64, w write[*Record]) (*Record, aggregate.Outcome, error) {
	w.route, w.path, w.decode = "/users/{id}", userPath(id), decodeRecordOf(id)
	record, outcome, err := send(ctx, s, w)
	s.written(id, err)
	return record, outcome, err
}

// meets reads a user for a write, and whether the precondition, if any, holds.
// Like a write, the request goes past every cache and is carried through; but
// it changes nothing, so its failure is certain.
func (s *Service) meets(ctx context.Context, id int64, p *Precondition) (*Record, aggregate.Outcome, error) {
	record, outcome, err := send(ctx, s, write[*Record]{
		method: http.MethodGet, route: "/users/{id}", path: userPath(id), decode: decodeRecordOf(id),
	})
	if failed, ok := errors.AsType[*WriteError](err); ok {
		failed.Err.Uncertain = false
		s.written(id, err)
		return nil, outcome, err
	}
	if p != nil && !p.Holds(record.User) {
		err = &PreconditionError{outcome}
		s.written(id, err)
		return nil, outcome, err
	}
	return record, outcome, nil
}

// version is the ETag that a write is bound to, "" for none.
func (p *Precondition) version(now *Record) string {
	if p == nil || !p.Exact {
		return ""
	}
	return now.etag
}

// following is the outcome of a read and of the write after it. A failed write
// tells of both.
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

// effect is what a write has done, as far as that is known.
type effect int

const (
	none    effect = iota // nothing
	done                  // what it was meant to
	unknown               // that, or nothing
	gone                  // nothing: the user does not exist
	differs               // nothing: the user is not what the caller has read
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

// written removes or invalidates what is stored about a user, by what a write
// to them has done. After an unknown outcome the old values are kept for when
// asking fails.
func (s *Service) written(id int64, err error) {
	switch effectOf(err) {
	case done, gone:
		s.users.Remove(id)
		s.lists.RemoveAll()
	case unknown:
		s.users.Invalidate(id)
		s.lists.InvalidateAll()
	case differs: // else readers would get the old tag from memory, and fail with it again
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
		// Not in canonical form, on purpose: net/http's transport takes a request
		// with Idempotency-Key for one that it may repeat by itself when a kept
		// connection breaks. Only we know whether the directory honours the key.
		r.Header["idempotency-key"] = []string{quoted}
	}
	return r, nil
}

// sfString is a string in a structured field (RFC 9651 §3.3.3), which is what
// an Idempotency-Key is.
func sfString(s string) (string, error) {
	for _, c := range []byte(s) {
		if c < ' ' || c > '~' {
			return "", errors.New("not printable ASCII")
		}
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`, nil
}

// decodeRecordOf decodes an answer about a user, and refuses one about another.
func decodeRecordOf(id int64) func(upstream.Response) (*Record, error) {
	return func(r upstream.Response) (*Record, error) {
		record, err := decodeRecord(r)
		if err == nil {
			record.etag, err = r.Header.Get("ETag"), checkID(id, record)
		}
		return record, err
	}
}

// decodeNothing accepts an empty answer or any JSON. A page of HTML comes from
// something between us and the directory.
func decodeNothing(r upstream.Response) (struct{}, error) {
	if len(bytes.TrimSpace(r.Body)) > 0 && !json.Valid(r.Body) {
		return struct{}{}, errors.New("body: not JSON")
	}
	return struct{}{}, nil
}
