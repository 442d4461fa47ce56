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

// write is one request to the directory.
type write[A any] struct {
	method, route, path string
	body                []byte // nil: none
	key                 string // Idempotency-Key; empty: none
	ifMatch             string // If-Match; empty: none
	decode              func(upstream.Response) (A, error)
}

// send sends w. If it is not carried out, or may not be, the error is a *WriteError or a
// *PreconditionError.
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

// request makes the request of one attempt.
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
