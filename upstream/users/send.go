package users

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"tributary/upstream"
)

// WriteError is the error of a write. Where Err.Uncertain is set, it may have
// been carried out; where not, it was not. Err.Status is the directory's, if it
// gave one: 404 there is no such user, 409 it contradicts another, 400 and 422
// the directory did not like the user.
type WriteError struct {
	Err *upstream.Error

	// RetrySafe says that the same write may be sent again: it is one that does
	// no more the second time, or has a key that the directory honours.
	RetrySafe bool

	Outcome upstream.Outcome // of the directory
}

func (e *WriteError) Error() string { return "write to the directory: " + e.Err.Error() }

// Unwrap is the directory's error.
func (e *WriteError) Unwrap() error { return e.Err }

// Create adds a user and returns it as the directory has it. key is the
// caller's Idempotency-Key without its quotes, or empty. The error of all
// writes is a *WriteError.
func (s *Service) Create(ctx context.Context, c Change, key string) (*Record, upstream.Outcome, error) {
	record, outcome, err := send(ctx, s, write[*Record]{
		method: http.MethodPost, route: "/users", path: "/users", body: c.Wire(), key: key,
		decode: decodeRecord,
	})
	if touched(err) {
		s.lists.RemoveAll()
	}
	if err == nil { // somebody may have asked for it before it was
		s.forget(record.User.ID)
		s.forgetActivity(record.User.ID)
	}
	return record, outcome, err
}

// Replace puts a user in the place of another, all of which is lost, and
// returns it as the directory has it.
func (s *Service) Replace(ctx context.Context, id int64, c Change) (*Record, upstream.Outcome, error) {
	return s.change(ctx, id, write[*Record]{method: http.MethodPut, body: c.Wire()})
}

// Patch changes a user and returns it as the directory has it. It reads the
// user first, past every cache: most directories exchange whole members, so
// what is to stay in them has to be sent along. A change by somebody else
// between the two can be lost, within the same member.
func (s *Service) Patch(ctx context.Context, id int64, c Change, key string) (*Record, upstream.Outcome, error) {
	now, read, err := s.read(ctx, id)
	if err != nil || c.Empty() {
		return now, read, err
	}
	record, outcome, err := s.change(ctx, id, write[*Record]{method: http.MethodPatch, body: c.Apply(now), key: key})
	outcome.Attempts += read.Attempts
	outcome.Latency += read.Latency
	if failed, ok := errors.AsType[*WriteError](err); ok {
		failed.Outcome = outcome
	}
	return record, outcome, err
}

// Delete removes a user.
func (s *Service) Delete(ctx context.Context, id int64) (upstream.Outcome, error) {
	_, outcome, err := send(ctx, s, write[struct{}]{
		method: http.MethodDelete, route: "/users/{id}", path: userPath(id), decode: decodeNothing,
	})
	failed, _ := errors.AsType[*WriteError](err)
	if failed != nil && failed.Err.Code == upstream.CodeNotFound && failed.Err.Uncertain {
		// It was repeated, and the first time had done it.
		outcome.State, outcome.Err, err = upstream.Live, nil, nil
	}
	if touched(err) {
		s.forget(id)
		s.forgetActivity(id)
	}
	return outcome, err
}

// change is a write to a user who stays.
func (s *Service) change(ctx context.Context, id int64, w write[*Record]) (*Record, upstream.Outcome, error) {
	w.route, w.path, w.decode = "/users/{id}", userPath(id), decodeRecordOf(id)
	record, outcome, err := send(ctx, s, w)
	if touched(err) {
		s.forget(id)
	}
	return record, outcome, err
}

// read reads a user for a write: like one, it is carried through. It changes
// nothing, so its failure is certain.
func (s *Service) read(ctx context.Context, id int64) (*Record, upstream.Outcome, error) {
	record, outcome, err := send(ctx, s, write[*Record]{
		method: http.MethodGet, route: "/users/{id}", path: userPath(id), decode: decodeRecordOf(id),
	})
	if failed, ok := errors.AsType[*WriteError](err); ok {
		failed.Err.Uncertain = false
		if touched(err) {
			s.forget(id)
		}
	}
	return record, outcome, err
}

// touched reports whether a write has reached the directory, or may have; that
// there is no such user is news too.
func touched(err error) bool {
	failed, ok := errors.AsType[*WriteError](err)
	return !ok || failed.Err.Uncertain || failed.Err.Code == upstream.CodeNotFound
}

func (s *Service) forget(id int64) {
	s.users.Remove(id)
	s.lists.RemoveAll()
}

func (s *Service) forgetActivity(id int64) {
	s.posts.Remove(id)
	s.todos.Remove(id)
}

// write is one request to the directory.
type write[A any] struct {
	method, route, path string
	body                []byte // nil: none
	key                 string // Idempotency-Key; empty: none
	decode              func(upstream.Response) (A, error)
}

func send[A any](ctx context.Context, s *Service, w write[A]) (A, upstream.Outcome, error) {
	repeatable := w.method == http.MethodGet || w.method == http.MethodPut || w.method == http.MethodDelete ||
		w.key != "" && s.DirectoryIdempotency
	answer := upstream.Send(ctx, s.Directory, upstream.Write[A]{
		Name: "directory", Route: w.route, Request: w.request, Decode: w.decode, Repeatable: repeatable,
	})
	outcome := upstream.Outcome{Name: "directory", Provenance: answer.Provenance}
	if answer.Err == nil {
		return answer.Value, outcome, nil
	}
	var none A
	return none, outcome, &WriteError{Err: answer.Err, RetrySafe: repeatable, Outcome: outcome}
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
	if w.key != "" {
		quoted, err := sfString(w.key)
		if err != nil {
			return nil, err
		}
		// Not in canonical form, on purpose: by that net/http's transport knows
		// a request that it may send again by itself, when a connection that it
		// had kept breaks before an answer. Whether that does no harm is not its
		// to say.
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

// decodeRecordOf believes an answer only if it is about the user it was asked
// about.
func decodeRecordOf(id int64) func(upstream.Response) (*Record, error) {
	return func(r upstream.Response) (*Record, error) {
		record, err := decodeRecord(r)
		if err == nil && record.User.ID != id {
			return nil, errors.New("id: not the one that was asked for")
		}
		return record, err
	}
}

// decodeNothing wants nothing of an answer but that the directory wrote it: a
// page of HTML comes from somebody in between.
func decodeNothing(r upstream.Response) (struct{}, error) {
	if len(bytes.TrimSpace(r.Body)) > 0 && !json.Valid(r.Body) {
		return struct{}{}, errors.New("body: not JSON")
	}
	return struct{}{}, nil
}
