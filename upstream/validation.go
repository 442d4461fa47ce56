package upstream

import (
	"cmp"
	"errors"
	"net/http"
	"strings"
	"time"

	"tributary/cache"
)

// addValidators makes the request conditional where a confirmation of what is
// stored would do (RFC 9110 §13.1).
func (s *Source[Q, A]) addValidators(f *fetch, r *http.Request) {
	if f.unconditional.Load() || !s.confirmable(f) {
		return
	}
	old := f.old.Load().Terms()
	if old.ETag != "" {
		r.Header.Set("If-None-Match", old.ETag)
	}
	if old.LastModified != "" {
		r.Header.Set("If-Modified-Since", old.LastModified)
	}
}

func (s *Source[Q, A]) confirmable(f *fetch) bool {
	old := f.old.Load()
	if old == nil || old.Err != nil {
		return false
	}
	if t := old.Terms(); t.ETag == "" && t.LastModified == "" {
		return false
	}
	return s.spec.Renewable == nil || s.spec.Renewable(old.Value.(A), time.Now())
}

// confirms reports whether the validators of a 304 are those of the stored
// entry, or absent: with others it is about another answer (RFC 9111 §4.3.4).
func confirms(old cache.Terms, h http.Header) bool {
	if etag := h.Get("ETag"); etag != "" {
		return strings.TrimPrefix(etag, "W/") == strings.TrimPrefix(old.ETag, "W/")
	}
	modified := h.Get("Last-Modified")
	return modified == "" || old.LastModified == "" || modified == old.LastModified
}

// again reports whether a request is to be sent once more in another form: without
// validators that a 304 did not fit, or without a detail that the provider
// refused.
func (s *Source[Q, A]) again(f *fetch, q Q, r Response) bool {
	switch {
	case r.Status == http.StatusNotModified:
		old := f.old.Load()
		return old != nil && !confirms(old.Terms(), r.Header) && f.unconditional.CompareAndSwap(false, true)
	case r.Status >= 400 && s.spec.Again != nil:
		return s.spec.Again(q, r)
	}
	return false
}

// read is the entry that the cache stores of an answer: a new value, or the old
// one confirmed by a 304.
func (s *Source[Q, A]) read(f *fetch, q Q, r Response) (*cache.Entry, error) {
	e := &cache.Entry{}
	life := lifetime(r.Header, r.At)
	if r.Status == http.StatusNotModified {
		*e = *f.old.Load()
		if !confirms(e.Terms(), r.Header) {
			return nil, errors.New("a 304 with another validator than we asked with")
		}
		e.SetCooldown(cache.Cooldown{})
		if life == (cache.ProviderLifetime{}) {
			life = e.Terms().Lifetime // that of the stored answer goes on (RFC 9111 §3.2)
		}
	} else {
		value, err := s.spec.Decode(r)
		if err == nil && s.spec.Check != nil {
			err = s.spec.Check(q, value)
		}
		if err != nil {
			return nil, err
		}
		e.Value, e.Size, e.Version = value, len(r.Body), s.up.store.NextVersion()
	}
	terms := e.Terms()
	terms.ETag = cmp.Or(r.Header.Get("ETag"), terms.ETag)
	terms.LastModified = cmp.Or(r.Header.Get("Last-Modified"), terms.LastModified)
	e.SetTerms(terms)
	e.StoredAt = r.At
	s.setWindows(e, life)
	endWithCaller(e, f.expires)
	return e, nil
}

// setWindows gives an entry the windows that its provider's lifetime and our own
// allow.
func (s *Source[Q, A]) setWindows(e *cache.Entry, life cache.ProviderLifetime) {
	terms := e.Terms()
	terms.Lifetime, terms.Until, terms.MustRevalidate = life, time.Time{}, false
	if life.NoStore {
		e.SetTerms(terms)
		e.SetWindows(cache.Windows{}) // gone at once
		return
	}
	life.Wins = s.spec.ObeyExpires
	switch {
	case life.NoCache:
		life.For, life.Given = 0, true
	case life.Given:
		life.For = max(life.For, s.spec.MinFresh)
	}
	windows := s.up.lifetimes.Windows(e.StoredAt, life)
	if life.Given {
		terms.Until = e.StoredAt.Add(life.For)
	}
	if life.NoCache || life.MustRevalidate {
		windows.RevalidateUntil = windows.FreshUntil
		terms.MustRevalidate = !s.up.keepUnvalidated
	}
	e.SetTerms(terms)
	e.SetWindows(windows)
}
