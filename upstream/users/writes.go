package users

import (
	"context"
	"errors"
	"net/http"

	"tributary/upstream"
	"tributary/upstream/aggregate"
)

// Precondition is a condition that a write sets on its user.
type Precondition struct {
	// Holds decides from the directory's current version of the user.
	Holds func(User) bool

	// Exact binds the write to the version that Holds has seen: if the directory sends an
	// ETag for it, the write carries it as If-Match.
	Exact bool
}

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
