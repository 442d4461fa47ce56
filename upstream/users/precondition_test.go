package users_test

import (
	"errors"
	"net/http"
	"slices"
	"sync"
	"testing"

	"tributary/upstream"
	"tributary/upstream/aggregate"
	"tributary/upstream/sim"
	"tributary/upstream/users"
)

// named is the precondition that the user has this name.
func named(name string, exact bool) *users.Precondition {
	return &users.Precondition{Holds: func(u users.User) bool { return u.Name == name }, Exact: exact}
}

// writesTo are the writes that accept a precondition.
var writesTo = map[string]func(b bench, t *testing.T, p *users.Precondition) (aggregate.Outcome, error){
	"PUT": func(b bench, t *testing.T, p *users.Precondition) (aggregate.Outcome, error) {
		_, outcome, err := b.Replace(t.Context(), 1, whole(t, `{"name":"Ada"}`), p)
		return outcome, err
	},
	"PATCH": func(b bench, t *testing.T, p *users.Precondition) (aggregate.Outcome, error) {
		_, outcome, err := b.Patch(t.Context(), 1, patch(t, `{"name":"Ada"}`), "", p)
		return outcome, err
	},
	"DELETE": func(b bench, t *testing.T, p *users.Precondition) (aggregate.Outcome, error) {
		return b.Delete(t.Context(), 1, p)
	},
}

// recorder sits in front of a directory and records its requests.
type recorder struct {
	mu       sync.Mutex
	requests []string // "METHOD If-Match"
	etag     string   // of the directory's users; "": none
	refuse   bool     // answers writes with 412
	lose     bool     // drops the answer to the first write, and answers later ones with 412
}

func (r *recorder) front(w http.ResponseWriter, req *http.Request) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.requests = append(r.requests, req.Method+" "+req.Header.Get("If-Match"))
	switch {
	case req.Method == http.MethodGet && r.etag != "":
		w.Header().Set("ETag", r.etag)
		_, _ = w.Write([]byte(`{"id":1,"name":"Leanne Graham"}`))
	case req.Method == http.MethodGet:
		_, _ = w.Write([]byte(`{"id":1,"name":"Leanne Graham"}`))
	case r.lose:
		r.lose, r.refuse = false, true
		w.WriteHeader(http.StatusBadGateway)
	case r.refuse:
		w.WriteHeader(http.StatusPreconditionFailed)
	default:
		_, _ = w.Write([]byte(`{"id":1,"name":"Ada"}`))
	}
	return true
}

func (r *recorder) want(t *testing.T, requests ...string) {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	if !slices.Equal(r.requests, requests) {
		t.Errorf("requests = %q, want %q", r.requests, requests)
	}
}

func TestPrecondition(t *testing.T) {
	for method, write := range writesTo {
		for name, tt := range map[string]struct {
			etag    string
			p       *users.Precondition
			written string // "": no write
		}{
			"that holds":                            {"", named("Leanne Graham", true), method + " "},
			"that holds for a version":              {`"v1"`, named("Leanne Graham", true), method + ` "v1"`},
			"that holds for a version with a W":     {`W/"v1"`, named("Leanne Graham", true), method + ` W/"v1"`},
			"that holds for whichever version":      {`"v1"`, named("Leanne Graham", false), method + " "},
			"that does not hold":                    {`"v1"`, named("Somebody", true), ""},
			"that does not hold, of a bare version": {"", named("Somebody", false), ""},
		} {
			t.Run(method+" with one "+name, func(t *testing.T) {
				r := &recorder{etag: tt.etag}
				b := newBench(t, func(s *setup) { s.front = r.front })
				outcome, err := write(b, t, tt.p)
				if outcome.Name != "directory" || outcome.Attempts != 1 {
					t.Errorf("outcome = %+v, want the directory's, after one attempt", outcome)
				}
				if tt.written != "" {
					if err != nil {
						t.Fatal(err)
					}
					r.want(t, "GET ", tt.written)
					return
				}
				if differs, ok := errors.AsType[*users.PreconditionError](err); !ok || differs.Outcome.State != upstream.Live {
					t.Fatalf("error = %v, want a PreconditionError", err)
				}
				r.want(t, "GET ")
			})
		}
		t.Run(method+" is not sent when the user cannot be read", func(t *testing.T) {
			b := newBench(t)
			b.fault(t, sim.Directory, sim.Fault{Mode: sim.ModeReset})
			_, err := write(b, t, named("Leanne Graham", true))
			wantFailed(t, err, upstream.CodeConnection, false, true)
			b.wantCalls(t, 1, 0)
		})
		t.Run(method+" of a user who does not exist is that first", func(t *testing.T) {
			b := newBench(t, answering(http.StatusNotFound, "{}"))
			_, err := write(b, t, named("Somebody", true))
			wantFailed(t, err, upstream.CodeNotFound, false, true)
		})
		t.Run(method+" lets the directory's own 412 stand", func(t *testing.T) {
			r := &recorder{etag: `"v1"`, refuse: true}
			b := newBench(t, func(s *setup) { s.front, s.retries = r.front, 2 })
			_, err := write(b, t, named("Leanne Graham", true))
			if _, ok := errors.AsType[*users.PreconditionError](err); !ok {
				t.Fatalf("error = %v, want a PreconditionError", err)
			}
			r.want(t, "GET ", method+` "v1"`)
		})
		t.Run(method+" reports a 412 without a precondition as an error", func(t *testing.T) {
			r := &recorder{etag: `"v1"`, refuse: true}
			b := newBench(t, func(s *setup) { s.front = r.front })
			_, err := write(b, t, nil)
			if failed, ok := errors.AsType[*users.WriteError](err); !ok || failed.Err.Status != http.StatusPreconditionFailed {
				t.Errorf("error = %v, want a WriteError with the status", err)
			}
		})
	}
	t.Run("has an unknown outcome if a retry finds the version that the first request made", func(t *testing.T) {
		r := &recorder{etag: `"v1"`, lose: true}
		b := newBench(t, func(s *setup) { s.front, s.retries = r.front, 2 })
		_, _, err := b.Replace(t.Context(), 1, whole(t, `{"name":"Ada"}`), named("Leanne Graham", true))
		if failed, ok := errors.AsType[*users.WriteError](err); !ok || !failed.Err.Uncertain {
			t.Errorf("error = %v, want that the outcome is unknown", err)
		}
		r.want(t, "GET ", `PUT "v1"`, `PUT "v1"`)
	})
	t.Run("that does not hold makes the next reader ask the directory", func(t *testing.T) {
		b := newBench(t)
		b.user(t, 1, users.Include{})
		_, _, err := b.Replace(t.Context(), 1, whole(t, `{"name":"Ada"}`), named("Somebody", true))
		if _, ok := errors.AsType[*users.PreconditionError](err); !ok {
			t.Fatalf("error = %v, want a PreconditionError", err)
		}
		_, sources := b.user(t, 1, users.Include{})
		wantSources(t, sources, "directory live")
	})
}

// What stays stored depends on the effect of the write.
func TestWritesInvalidate(t *testing.T) {
	list := users.ListQuery{Page: 1, PerPage: 3}
	for name, tt := range map[string]struct {
		answer func(http.ResponseWriter) // the directory's answer to the write
		user   string                    // state afterwards when the directory is down
		list   string
	}{
		"an unknown outcome keeps the old values for when asking fails": {func(w http.ResponseWriter) { w.WriteHeader(http.StatusBadGateway) }, "stale", "stale"},
		"success removes them":        {func(w http.ResponseWriter) { _, _ = w.Write([]byte(`{"id":1,"name":"Ada"}`)) }, "failed", "failed"},
		"a missing user removes them": {func(w http.ResponseWriter) { w.WriteHeader(http.StatusNotFound) }, "failed", "failed"},
		"a refusal changes nothing":   {func(w http.ResponseWriter) { w.WriteHeader(http.StatusConflict) }, "cached", "cached"},
	} {
		for method, write := range writesTo {
			t.Run(method+": "+name, func(t *testing.T) {
				b := newBench(t, func(s *setup) {
					s.front = func(w http.ResponseWriter, r *http.Request) bool {
						if r.Method == http.MethodGet {
							return false
						}
						tt.answer(w)
						return true
					}
				})
				b.user(t, 1, users.Include{})
				if _, _, err := b.List(t.Context(), list, upstream.Directives{}); err != nil {
					t.Fatal(err)
				}
				_, _ = write(b, t, nil)
				b.fault(t, sim.Directory, sim.Fault{ErrorRate: 1})
				_, sources, err := b.User(t.Context(), 1, users.Include{}, upstream.Directives{})
				if none, ok := errors.AsType[*aggregate.NoAnswerError](err); ok {
					sources = none.Sources
				}
				_, outcome, _ := b.List(t.Context(), list, upstream.Directives{})
				if user, list := string(sources[0].State), string(outcome.State); user != tt.user || list != tt.list {
					t.Errorf("the user is %s and the list %s, want %s and %s", user, list, tt.user, tt.list)
				}
			})
		}
	}
	t.Run("POST: an unknown outcome makes the cached lists stale", func(t *testing.T) {
		b := newBench(t)
		b.total(t)
		b.fault(t, sim.Directory, sim.Fault{Mode: sim.ModeReset})
		_, _, err := b.Create(t.Context(), whole(t, `{"name":"Ada"}`), "")
		wantFailed(t, err, upstream.CodeConnection, true, false)
		b.fault(t, sim.Directory, sim.Fault{ErrorRate: 1})
		if n := b.total(t); n != 10 {
			t.Errorf("total = %d, want the old one while nothing can be asked", n)
		}
	})
	t.Run("POST: a 404 for the list of users invalidates nothing", func(t *testing.T) {
		b := newBench(t, func(s *setup) {
			s.front = func(w http.ResponseWriter, r *http.Request) bool {
				if r.Method != http.MethodPost {
					return false
				}
				w.WriteHeader(http.StatusNotFound)
				return true
			}
		})
		b.total(t)
		_, _, err := b.Create(t.Context(), whole(t, `{"name":"Ada"}`), "")
		if failed := wantFailed(t, err, upstream.CodeNotFound, false, false); !failed.Create {
			t.Error("the error does not say that it is of a creation")
		}
		if _, outcome, _ := b.List(t.Context(), users.ListQuery{Page: 1, PerPage: 1}, upstream.Directives{}); outcome.State != upstream.Cached {
			t.Errorf("the list is %s, want it cached", outcome.State)
		}
	})
}
