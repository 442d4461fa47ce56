package users

import (
	"errors"

	"tributary/upstream"
	"tributary/upstream/aggregate"
)

// WriteError is the error of a write. If Err.Uncertain is set, the write may have been
// carried out; otherwise it was not. Err.Status is the directory's status, if it
// answered: 404 no such user, 409 a conflict, 400 and 422 a rule of the directory.
type WriteError struct {
	Err *upstream.Error

	// Create is true for the creation of a user. Then a 404 means that the directory has no
	// list of users, not that it lacks a user.
	Create bool

	// RetrySafe is true if sending the same write again is harmless: it is idempotent or
	// has a key that the directory honours.
	RetrySafe bool

	Outcome aggregate.Outcome // the directory's
}

func (e *WriteError) Error() string { return "write to the directory: " + e.Err.Error() }

// Unwrap returns the directory's error.
func (e *WriteError) Unwrap() error { return e.Err }

// PreconditionError is the error of a write that was not carried out because its
// precondition does not hold.
type PreconditionError struct{ Outcome aggregate.Outcome } // of the directory

func (e *PreconditionError) Error() string { return "the user is not as the precondition demands" }

// effect is the known effect of a write.
type effect int

const (
	none    effect = iota // nothing was changed
	done                  // carried out
	unknown               // carried out or not
	gone                  // nothing was changed: the user does not exist
	differs               // nothing was changed: the precondition does not hold
)

// effectOf returns the effect of a write that ended with err.
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
	case differs: // else clients would read the old ETag from the cache, and fail again
		s.users.Invalidate(id)
	}
}

// removeActivity removes the stored posts and to-dos of a user.
func (s *Service) removeActivity(id int64) {
	s.posts.Remove(activityQuery{user: id})
	s.todos.Remove(activityQuery{user: id})
}
