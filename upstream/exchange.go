package upstream

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"tributary/cache"
)

// exchange is what the source's fetches send for q.
func (s *Source[Q, A]) exchange(f *flight, q Q, key string) exchange {
	x := exchange{
		name:  s.spec.Name,
		route: s.spec.Route,
		key:   key,
		request: func(ctx context.Context) (*http.Request, error) {
			r, err := s.spec.Request(ctx, q)
			if err == nil {
				s.validators(f, r)
			}
			return r, err
		},
		read: func(r Response) (*outcome, *Error) {
			e, fault := s.entry(f, r)
			return &outcome{entry: e}, fault
		},
		refusal:    s.spec.Refusal,
		spent:      s.spec.Spent,
		private:    s.spec.Private,
		latency:    s.latency,
		asker:      s.asker(),
		forbidden:  s.spec.Forbidden,
		limitPause: s.spec.LimitPause,
	}
	if s.spec.Again != nil {
		x.again = func(r Response) bool { return s.spec.Again(q, r) }
	}
	return x
}

// validators makes the request conditional where a confirmation of what is
// stored would do (RFC 9110 §13.1).
func (s *Source[Q, A]) validators(f *flight, r *http.Request) {
	if f.unconditional.Load() || !s.confirmable(f) {
		return
	}
	old := f.old.Load()
	if old.ETag != "" {
		r.Header.Set("If-None-Match", old.ETag)
	}
	if old.LastModified != "" {
		r.Header.Set("If-Modified-Since", old.LastModified)
	}
}

func (s *Source[Q, A]) confirmable(f *flight) bool {
	old := f.old.Load()
	if old == nil || old.Err != nil || old.ETag == "" && old.LastModified == "" {
		return false
	}
	return s.spec.Renewable == nil || s.spec.Renewable(old.Value.(A), time.Now())
}

// confirms reports whether the validators of a 304 are those of the stored
// entry, or absent: with others it is about another answer (RFC 9111 §4.3.4).
func confirms(old *cache.Entry, h http.Header) bool {
	if etag := h.Get("ETag"); etag != "" {
		return strings.TrimPrefix(etag, "W/") == strings.TrimPrefix(old.ETag, "W/")
	}
	modified := h.Get("Last-Modified")
	return modified == "" || old.LastModified == "" || modified == old.LastModified
}

// entry is what the cache stores of an answer: a new value, or the old one
// confirmed by a 304.
func (s *Source[Q, A]) entry(f *flight, r Response) (*cache.Entry, *Error) {
	e := &cache.Entry{}
	life := lifetime(r.Header, r.At)
	if r.Status == http.StatusNotModified {
		*e = *f.old.Load()
		e.QuietUntil, e.Why, e.Refusals = time.Time{}, nil, 0
		if life == (cache.ProviderLifetime{}) { // those of the stored answer go on (RFC 9111 §3.2)
			life = e.Lifetime
		}
	} else {
		value, err := s.spec.Decode(r)
		if err != nil {
			return nil, decodeError(err, r)
		}
		e.Value, e.Size, e.Version = value, len(r.Body), s.up.store.NextVersion()
	}
	if v := r.Header.Get("ETag"); v != "" {
		e.ETag = v
	}
	if v := r.Header.Get("Last-Modified"); v != "" {
		e.LastModified = v
	}
	e.StoredAt = r.At
	s.setWindows(e, life)
	return e, nil
}

// setWindows gives an entry the windows that its provider's lifetime and our own
// allow.
func (s *Source[Q, A]) setWindows(e *cache.Entry, life cache.ProviderLifetime) {
	e.Lifetime, e.Spans, e.ProviderUntil, e.MustRevalidate = life, cache.Spans{}, time.Time{}, false
	if life.NoStore {
		return // gone at once
	}
	life.Wins = s.spec.ObeyExpires
	switch {
	case life.NoCache:
		life.For, life.Given = 0, true
	case life.Given:
		life.For = max(life.For, s.spec.MinFresh)
	}
	e.Spans = s.up.lifetimes.Spans(e.StoredAt, life)
	if life.Given {
		e.ProviderUntil = e.StoredAt.Add(life.For)
	}
	if life.NoCache || life.MustRevalidate {
		e.RevalidateUntil = e.FreshUntil
		e.MustRevalidate = !s.up.keepUnvalidated
	}
}

// decodeError lets a provider's own verdict through; any other error means that
// the answer is not valid. Whole JSON would be as invalid the next time; what is
// no JSON may come from one bad node of many.
func decodeError(err error, r Response) *Error {
	var e *Error
	if errors.As(err, &e) {
		c := *e
		c.Status = r.Status
		return &c
	}
	const most = 200 // bytes of a detail
	detail := err.Error()
	if len(detail) > most {
		detail = detail[:most]
	}
	// Invalid UTF-8 in one attribute makes the exporter drop a whole batch.
	e = &Error{Code: CodeInvalidResponse, Status: r.Status, Detail: strings.ToValidUTF8(detail, "")}
	e.final = jsontext.Value(r.Body).IsValid(lenient)
	return e
}
