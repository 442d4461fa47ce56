package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"tributary/api/auth"
	"tributary/upstream"
	"tributary/upstream/aggregate"
	"tributary/upstream/users"
)

// createUser is POST /v1/users.
func (s *server) createUser(w http.ResponseWriter, r *http.Request) error {
	change, key, err := s.readChange(r, users.ParseUser)
	if err != nil {
		return err
	}
	record, outcome, err := s.Users.Create(r.Context(), change, key)
	if err != nil {
		return writeProblem(err)
	}
	w.Header().Set("Location", fmt.Sprintf("/v1/users/%d", record.User.ID))
	return s.writeAnswer(w, r, http.StatusCreated, record, outcome)
}

// replaceUser is PUT /v1/users/{id}.
func (s *server) replaceUser(w http.ResponseWriter, r *http.Request) error {
	id, err := pathID(r)
	if err := errors.Join(mustAccept(w, r), err); err != nil {
		return err
	}
	change, _, err := s.readChange(r, users.ParseUser)
	if err != nil {
		return err
	}
	record, outcome, err := s.Users.Replace(r.Context(), id, change, precondition(r))
	s.written(id)
	if err != nil {
		return writeProblem(err)
	}
	return s.writeAnswer(w, r, http.StatusOK, record, outcome)
}

// patchUser is PATCH /v1/users/{id}.
func (s *server) patchUser(w http.ResponseWriter, r *http.Request) error {
	id, err := pathID(r)
	if err != nil {
		return err
	}
	change, key, err := s.readChange(r, users.ParsePatch)
	if err != nil {
		return err
	}
	record, outcome, err := s.Users.Patch(r.Context(), id, change, key, precondition(r))
	s.written(id)
	if err != nil {
		return writeProblem(err)
	}
	return s.writeAnswer(w, r, http.StatusOK, record, outcome)
}

// deleteUser is DELETE /v1/users/{id}.
func (s *server) deleteUser(w http.ResponseWriter, r *http.Request) error {
	id, err := pathID(r)
	if err != nil {
		return err
	}
	if err := s.usersAvailable(); err != nil {
		return err
	}
	outcome, err := s.Users.Delete(r.Context(), id, precondition(r))
	s.written(id)
	if err != nil {
		return writeProblem(err)
	}
	recordAnswer(r, false, []aggregate.Outcome{outcome})
	w.Header().Set("Cache-Control", "no-store")
	s.serverTiming(w.Header(), r, []aggregate.Outcome{outcome})
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func pathID(r *http.Request) (int64, error) {
	var p params
	id := p.id(r)
	return id, p.err()
}

// bodyTypes are the media types that a write accepts.
func bodyTypes(r *http.Request) []string {
	if r.Method == http.MethodPatch {
		return []string{"application/merge-patch+json", "application/json"}
	}
	return []string{"application/json"}
}

// readChange reads the body of a write and its Idempotency-Key.
func (s *server) readChange(r *http.Request, parse func([]byte) (users.Change, error)) (users.Change, string, error) {
	if err := errors.Join(s.usersAvailable(), unsupportedBody(r, bodyTypes(r)...)); err != nil {
		return users.Change{}, "", err
	}
	key, _ := idempotencyKey(r) // once has refused a malformed key; PUT ignores keys
	key = forDirectory(key, auth.FromContext(r.Context()).Fingerprint())
	body, err := readBody(r)
	if err != nil {
		return users.Change{}, "", err
	}
	change, err := parse(body)
	var (
		malformed *users.MalformedError
		invalid   *users.InvalidError
	)
	switch {
	case errors.As(err, &malformed):
		return change, key, invalidBody.with(malformed.Detail)
	case errors.As(err, &invalid):
		p := invalidFields.with("the body breaks a rule; see errors")
		for _, f := range invalid.Fields {
			p.Errors = append(p.Errors, fieldError{Pointer: &f.Pointer, Detail: f.Detail})
		}
		return change, key, p
	}
	return change, key, err
}

// forDirectory is the Idempotency-Key for the directory. It depends on the caller,
// because the directory cannot tell our callers apart.
func forDirectory(key, caller string) string {
	if key == "" || caller == "" {
		return key
	}
	return key + "." + hashed(caller)[:8]
}

// writeAnswer answers a write with the user that the directory returned.
func (s *server) writeAnswer(w http.ResponseWriter, r *http.Request, status int, record *users.Record, outcome aggregate.Outcome) error {
	data, err := json.Marshal(record.User)
	if err != nil {
		return err
	}
	sources := []aggregate.Outcome{outcome}
	w.Header().Set("Cache-Control", personal)
	s.serverTiming(w.Header(), r, sources)
	recordAnswer(r, false, sources)
	s.envelope(w, r, status, "complete", reply{data: data, sources: sources})
	return nil
}

// writeProblem answers a write that the directory did not carry out, or did not
// confirm.
func writeProblem(err error) error {
	if differs, ok := errors.AsType[*users.PreconditionError](err); ok {
		p := preconditionFailed.with("the user has an ETag that If-Match does not allow, or one that If-None-Match excludes; read the user again")
		p.sources = []aggregate.Outcome{differs.Outcome}
		return p
	}
	failed, ok := errors.AsType[*users.WriteError](err)
	if !ok {
		return err
	}
	e := failed.Err
	var p *problem
	switch {
	case e.Uncertain:
		p = writeFailed.with("the directory may have carried out the write, but did not confirm it: " + e.Detail)
		p.Outcome, p.RetrySafe = outcomeUnknown, &failed.RetrySafe
		if e.Code == upstream.CodeTimeout {
			p.Status = http.StatusGatewayTimeout
		}
	case e.Gateway:
		p = overload(nil)
		p.Outcome, p.RetrySafe = outcomeNotDone, new(true)
	case e.Code == upstream.CodeNotFound && !failed.Create:
		p = notFound.with("the directory has no such user")
	case e.Status == http.StatusConflict:
		p = conflict.with("the change contradicts what the directory has: " + e.Detail)
	case e.Status == http.StatusUnprocessableEntity || e.Status == http.StatusBadRequest:
		p = refusedByDirectory.with("the directory did not accept the user: " + e.Detail)
	default:
		p = writeFailed.with("the directory did not carry out the write: " + e.Detail)
		p.Outcome, p.RetrySafe = outcomeNotDone, new(true)
		switch {
		case temporarilyRefused(failed.Outcome):
			p.Status, p.retryAfter = http.StatusServiceUnavailable, max(time.Second, e.RetryAfter)
		case e.Code == upstream.CodeTimeout:
			p.Status = http.StatusGatewayTimeout
		}
	}
	p.sources = []aggregate.Outcome{failed.Outcome}
	return p
}
