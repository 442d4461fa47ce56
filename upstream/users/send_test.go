package users_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"tributary/upstream"
	"tributary/upstream/aggregate"
	"tributary/upstream/sim"
	"tributary/upstream/users"
)

func whole(t *testing.T, body string) users.Change {
	t.Helper()
	c, err := users.ParseUser([]byte(body))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func patch(t *testing.T, body string) users.Change {
	t.Helper()
	c, err := users.ParsePatch([]byte(body))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// wantFailed wants the error of a write.
func wantFailed(t *testing.T, err error, code upstream.Code, uncertain, retrySafe bool) *users.WriteError {
	t.Helper()
	failed, ok := errors.AsType[*users.WriteError](err)
	if !ok {
		t.Fatalf("error = %v, want a WriteError", err)
	}
	if failed.Err.Code != code || failed.Err.Uncertain != uncertain || failed.RetrySafe != retrySafe {
		t.Errorf("error = %v, uncertain %t, retry safe %t; want %s, %t, %t", failed, failed.Err.Uncertain, failed.RetrySafe, code, uncertain, retrySafe)
	}
	if failed.Outcome.Name != "directory" || failed.Outcome.State != upstream.Failed || !errors.Is(err, failed.Err) {
		t.Errorf("outcome = %+v, want the directory's failure", failed.Outcome)
	}
	return failed
}

// total is the number of users in the directory.
func (b bench) total(t *testing.T) int64 {
	t.Helper()
	page, _, err := b.List(t.Context(), users.ListQuery{Page: 1, PerPage: 1}, upstream.Directives{})
	if err != nil {
		t.Fatal(err)
	}
	return *page.Total
}

func keyed(s *setup) { s.DirectoryIdempotency = true }

func TestCreate(t *testing.T) {
	t.Run("is visible to the next reader", func(t *testing.T) {
		b := newBench(t)
		if n := b.total(t); n != 10 {
			t.Fatalf("total = %d", n)
		}
		if _, _, err := b.User(t.Context(), 11, users.Include{Activity: true}, upstream.Directives{}); err == nil {
			t.Fatal("user 11 is there already")
		}
		made, outcome, err := b.Create(t.Context(), whole(t, `{"name":"Ada","address":{"postal_code":"1","latitude":1.5,"longitude":2}}`), "")
		if err != nil || made.User.ID != 11 || outcome.State != upstream.Live || outcome.FwdStatus != http.StatusCreated || outcome.Attempts != 1 {
			t.Fatalf("Create = %s, %+v, %v; want user 11", encoded(t, made), outcome, err)
		}
		p, _ := b.user(t, 11, users.Include{})
		if got := encoded(t, p); got != `{"id":11,"name":"Ada","address":{"postal_code":"1","latitude":1.5,"longitude":2}}` {
			t.Errorf("user = %s", got)
		}
		if n := b.total(t); n != 11 {
			t.Errorf("total = %d, want 11", n)
		}
	})
	t.Run("sends the key as a structured field, in a header name that is not canonical", func(t *testing.T) {
		var got atomic.Value
		b := newBench(t, func(s *setup) {
			s.front = func(_ http.ResponseWriter, r *http.Request) bool {
				got.Store(r.Header.Get("Idempotency-Key") + " " + r.Header.Get("Content-Type"))
				return false
			}
		})
		if _, _, err := b.Create(t.Context(), whole(t, `{"name":"Ada"}`), `a "b\`); err != nil {
			t.Fatal(err)
		}
		if want := `"a \"b\\" application/json; charset=utf-8`; got.Load() != want {
			t.Errorf("headers = %s, want %s", got.Load(), want)
		}
	})
	t.Run("sends no request with a key that a header cannot have", func(t *testing.T) {
		b := newBench(t)
		_, _, err := b.Create(t.Context(), whole(t, `{"name":"Ada"}`), "a\nb")
		wantFailed(t, err, upstream.CodeBadRequest, false, false)
		b.wantCalls(t, 0, 0)
	})
	t.Run("is uncertain without an answer, and removes cached lists", func(t *testing.T) {
		b := newBench(t)
		b.total(t)
		b.fault(t, sim.Directory, sim.Fault{Mode: sim.ModeReset})
		_, _, err := b.Create(t.Context(), whole(t, `{"name":"Ada"}`), "k")
		wantFailed(t, err, upstream.CodeConnection, true, false)
		b.fault(t, sim.Directory, sim.Fault{})
		if n := b.total(t); n != 11 {
			t.Errorf("total = %d, want 11: it was carried out", n)
		}
	})
	t.Run("is carried out once, however often it is sent with the same key", func(t *testing.T) {
		b := newBench(t, keyed)
		b.fault(t, sim.Directory, sim.Fault{Mode: sim.ModeReset})
		_, _, err := b.Create(t.Context(), whole(t, `{"name":"Ada"}`), "k")
		wantFailed(t, err, upstream.CodeConnection, true, true)
		b.fault(t, sim.Directory, sim.Fault{})
		for range 2 {
			made, _, err := b.Create(t.Context(), whole(t, `{"name":"Ada"}`), "k")
			if err != nil || made.User.ID != 11 {
				t.Fatalf("Create = %s, %v; want user 11", encoded(t, made), err)
			}
		}
		if n := b.total(t); n != 11 {
			t.Errorf("total = %d, want 11", n)
		}
	})
	t.Run("is retried only with a key that the directory honours", func(t *testing.T) {
		for name, tt := range map[string]struct {
			key     string
			honours bool
			posts   int64
		}{"no key": {"", true, 1}, "not honoured": {"k", false, 1}, "honoured": {"k", true, 2}} {
			var posts atomic.Int64
			b := newBench(t, func(s *setup) {
				s.DirectoryIdempotency, s.retries = tt.honours, 2
				s.front = func(w http.ResponseWriter, r *http.Request) bool {
					if r.Method == http.MethodPost && posts.Add(1) == 1 {
						w.WriteHeader(http.StatusBadGateway)
						return true
					}
					return false
				}
			})
			_, outcome, err := b.Create(t.Context(), whole(t, `{"name":"Ada"}`), tt.key)
			if posts.Load() != tt.posts || (err == nil) != (tt.posts == 2) || outcome.Attempts != int(tt.posts) {
				t.Errorf("%s: posts = %d, %+v, %v; want %d", name, posts.Load(), outcome, err, tt.posts)
			}
		}
	})
	t.Run("is refused with the key of another request", func(t *testing.T) {
		b := newBench(t, keyed)
		if _, _, err := b.Create(t.Context(), whole(t, `{"name":"Ada"}`), "k"); err != nil {
			t.Fatal(err)
		}
		_, _, err := b.Create(t.Context(), whole(t, `{"name":"Bob"}`), "k")
		if failed := wantFailed(t, err, upstream.CodeBadRequest, false, true); failed.Err.Status != http.StatusUnprocessableEntity {
			t.Errorf("status = %d, want 422", failed.Err.Status)
		}
	})
	t.Run("is uncertain if the answer is invalid", func(t *testing.T) {
		for _, body := range []string{`{"name":"Ada"}`, `{}`, ``, `<html>Ada</html>`} {
			b := newBench(t, answering(http.StatusCreated, body))
			_, _, err := b.Create(t.Context(), whole(t, `{"name":"Ada"}`), "")
			if failed := wantFailed(t, err, upstream.CodeInvalidResponse, true, false); strings.Contains(failed.Error(), "Ada") {
				t.Errorf("error quotes the answer: %v", failed)
			}
		}
	})
	t.Run("is known not to be done if the connection is refused", func(t *testing.T) {
		b := newBench(t)
		b.fault(t, sim.Directory, sim.Fault{Mode: sim.ModeDown})
		_, _, err := b.Create(t.Context(), whole(t, `{"name":"Ada"}`), "")
		wantFailed(t, err, upstream.CodeConnection, false, false)
	})
}

// answering is a directory that always gives one answer.
func answering(status int, body string) func(*setup) {
	return func(s *setup) {
		s.front = func(w http.ResponseWriter, _ *http.Request) bool {
			w.WriteHeader(status)
			_, _ = io.WriteString(w, body)
			return true
		}
	}
}

func TestReplace(t *testing.T) {
	b := newBench(t)
	b.user(t, 1, users.Include{})
	now, _, err := b.Replace(t.Context(), 1, whole(t, `{"name":"Ada","email":"ada@example.org"}`), nil)
	if want := `{"id":1,"name":"Ada","email":"ada@example.org"}`; err != nil || encoded(t, now.User) != want {
		t.Fatalf("Replace = %s, %v; want %s", encoded(t, now), err, want)
	}
	if p, sources := b.user(t, 1, users.Include{}); p.Name != "Ada" || p.Company != nil || sources[0].State != upstream.Live {
		t.Errorf("user = %s, %s; want the new one, live", encoded(t, p), sources[0].State)
	}
	_, _, err = b.Replace(t.Context(), 404, whole(t, `{"name":"Ada"}`), nil)
	wantFailed(t, err, upstream.CodeNotFound, false, true)

	t.Run("is safe to repeat if it is uncertain", func(t *testing.T) {
		b := newBench(t)
		b.user(t, 1, users.Include{})
		b.fault(t, sim.Directory, sim.Fault{Mode: sim.ModeGarbage})
		_, _, err := b.Replace(t.Context(), 1, whole(t, `{"name":"Ada"}`), nil)
		wantFailed(t, err, upstream.CodeInvalidResponse, true, true)
		b.fault(t, sim.Directory, sim.Fault{})
		if p, _ := b.user(t, 1, users.Include{}); p.Name != "Ada" {
			t.Errorf("name = %q, want what may have been written", p.Name)
		}
	})
	t.Run("rejects an answer about another user", func(t *testing.T) {
		b := newBench(t, answering(http.StatusOK, `{"id":2,"name":"Ada"}`))
		_, _, err := b.Replace(t.Context(), 1, whole(t, `{"name":"Ada"}`), nil)
		wantFailed(t, err, upstream.CodeInvalidResponse, true, true)
	})
	t.Run("returns a conflict", func(t *testing.T) {
		b := newBench(t, answering(http.StatusConflict, `{}`))
		_, _, err := b.Replace(t.Context(), 1, whole(t, `{"name":"Ada"}`), nil)
		if failed := wantFailed(t, err, upstream.CodeBadRequest, false, true); failed.Err.Status != http.StatusConflict {
			t.Errorf("status = %d, want 409", failed.Err.Status)
		}
	})
}

func TestPatch(t *testing.T) {
	// stored returns the directory's own object of user 1.
	stored := func(t *testing.T, b bench) string {
		t.Helper()
		now, _, err := b.Patch(t.Context(), 1, patch(t, `{}`), "", nil)
		if err != nil {
			t.Fatal(err)
		}
		return encoded(t, now)
	}
	t.Run("changes only the given fields", func(t *testing.T) {
		b := newBench(t)
		b.user(t, 1, users.Include{})
		now, outcome, err := b.Patch(t.Context(), 1, patch(t, `{"email":null,"address":{"city":"Newtown","suite":null},"company":{"name":"New"}}`), "", nil)
		if err != nil {
			t.Fatal(err)
		}
		want := `{"id":1,"name":"Leanne Graham","username":"Bret","phone":"1-770-736-8031 x56442","website":"hildegard.org",` +
			`"address":{"street":"Kulas Light","city":"Newtown","postal_code":"92998-3874","latitude":-37.3159,"longitude":81.1496},"company":{"name":"New"}}`
		if got := encoded(t, now.User); got != want || outcome.Attempts != 1 {
			t.Errorf("Patch = %s after %d attempts, want %s after 1: neither of its requests was repeated", got, outcome.Attempts, want)
		}
		if p, _ := b.user(t, 1, users.Include{}); encoded(t, p) != want {
			t.Errorf("user = %s, want %s", encoded(t, p), want)
		}
		if got := stored(t, b); !strings.Contains(got, `"catchPhrase":"Multi-layered client-server neural-net"`) {
			t.Errorf("directory has %s, want what we do not know of kept", got)
		}
	})
	t.Run("has the same result in a directory that replaces whole members", func(t *testing.T) {
		var sent atomic.Value
		b := newBench(t, func(s *setup) {
			s.front = func(_ http.ResponseWriter, r *http.Request) bool {
				if r.Method == http.MethodPatch {
					body, _ := io.ReadAll(r.Body)
					sent.Store(string(body))
					r.Body = io.NopCloser(strings.NewReader(string(body)))
				}
				return false
			}
		})
		if _, _, err := b.Patch(t.Context(), 1, patch(t, `{"address":{"city":"Newtown"}}`), "", nil); err != nil {
			t.Fatal(err)
		}
		if want := `{"address":{"city":"Newtown","geo":{"lat":"-37.3159","lng":"81.1496"},"street":"Kulas Light","suite":"Apt. 556","zipcode":"92998-3874"}}`; sent.Load() != want {
			t.Errorf("sent %s, want %s", sent.Load(), want)
		}
	})
	t.Run("sends no write if nothing changes", func(t *testing.T) {
		b := newBench(t)
		if got := stored(t, b); !strings.HasPrefix(got, `{"id":1,"name":"Leanne Graham"`) {
			t.Errorf("Patch = %s", got)
		}
		b.wantCalls(t, 1, 0)
	})
	t.Run("is not done if the user cannot be read", func(t *testing.T) {
		b := newBench(t)
		b.fault(t, sim.Directory, sim.Fault{Mode: sim.ModeReset})
		_, _, err := b.Patch(t.Context(), 1, patch(t, `{"name":"Ada"}`), "", nil)
		wantFailed(t, err, upstream.CodeConnection, false, true)
		b.wantCalls(t, 1, 0)
	})
	t.Run("fails if the user does not exist", func(t *testing.T) {
		b := newBench(t)
		made, _, err := b.Create(t.Context(), whole(t, `{"name":"Ada"}`), "")
		if err != nil {
			t.Fatal(err)
		}
		b.user(t, made.User.ID, users.Include{})
		// Another client removes the user.
		r, err := http.NewRequestWithContext(t.Context(), http.MethodDelete, fmt.Sprintf("%s/users/%d", b.sim.URL(sim.Directory), made.User.ID), nil)
		if err != nil {
			t.Fatal(err)
		}
		client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
		resp, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		_, _, err = b.Patch(t.Context(), made.User.ID, patch(t, `{"name":"Bob"}`), "", nil)
		wantFailed(t, err, upstream.CodeNotFound, false, true)
		if _, _, err := b.User(t.Context(), made.User.ID, users.Include{}, upstream.Directives{}); err == nil {
			t.Error("the user is still served from the cache")
		}
	})
	t.Run("can be sent again with its key after it was carried out", func(t *testing.T) {
		b := newBench(t, keyed)
		change := patch(t, `{"address":{"city":"Newtown","latitude":null,"longitude":null}}`)
		for range 2 { // a replay requires the same body
			if _, _, err := b.Patch(t.Context(), 1, change, "k", nil); err != nil {
				t.Fatal(err)
			}
		}
	})
	t.Run("returns the outcome of both requests", func(t *testing.T) {
		b := newBench(t, func(s *setup) {
			s.front = func(w http.ResponseWriter, r *http.Request) bool {
				if r.Method != http.MethodPatch {
					return false
				}
				w.WriteHeader(http.StatusInternalServerError)
				return true
			}
		})
		_, _, err := b.Patch(t.Context(), 1, patch(t, `{"name":"Ada"}`), "k", nil)
		if failed := wantFailed(t, err, upstream.CodeServerError, true, false); failed.Outcome.Attempts != 1 {
			t.Errorf("attempts = %d, want 1: neither was repeated", failed.Outcome.Attempts)
		}
	})
}

func TestDelete(t *testing.T) {
	t.Run("removes the user and all activity for the next reader", func(t *testing.T) {
		b := newBench(t)
		b.user(t, 1, users.Include{Activity: true})
		outcome, err := b.Delete(t.Context(), 1, nil)
		if err != nil || outcome.State != upstream.Live {
			t.Fatalf("Delete = %+v, %v", outcome, err)
		}
		_, _, err = b.User(t.Context(), 1, users.Include{}, upstream.Directives{})
		if none, ok := errors.AsType[*aggregate.NoAnswerError](err); !ok || !none.NotFound() {
			t.Errorf("User = %v, want that it is not found", err)
		}
		if n := b.total(t); n != 9 {
			t.Errorf("total = %d, want 9", n)
		}
		_, err = b.Delete(t.Context(), 1, nil)
		wantFailed(t, err, upstream.CodeNotFound, false, true)
	})
	t.Run("is done if only its retry gets a 404", func(t *testing.T) {
		var deletes atomic.Int64
		b := newBench(t, func(s *setup) {
			s.retries = 1
			s.front = func(w http.ResponseWriter, r *http.Request) bool {
				if r.Method != http.MethodDelete {
					return false
				}
				status := http.StatusBadGateway // the answer to the write is lost
				if deletes.Add(1) == 2 {
					status = http.StatusNotFound
				}
				w.WriteHeader(status)
				return true
			}
		})
		outcome, err := b.Delete(t.Context(), 1, nil)
		if err != nil || outcome.State != upstream.Live || outcome.Err != nil || outcome.Attempts != 2 {
			t.Errorf("Delete = %+v, %v; want it done", outcome, err)
		}
	})
	t.Run("rejects an HTML page", func(t *testing.T) {
		b := newBench(t)
		b.fault(t, sim.Directory, sim.Fault{Mode: sim.ModeGarbage})
		_, err := b.Delete(t.Context(), 1, nil)
		wantFailed(t, err, upstream.CodeInvalidResponse, true, true)
	})
	t.Run("accepts an answer without a body", func(t *testing.T) {
		b := newBench(t, answering(http.StatusNoContent, ""))
		if _, err := b.Delete(t.Context(), 1, nil); err != nil {
			t.Errorf("Delete = %v", err)
		}
	})
	t.Run("is completed if its caller leaves", func(t *testing.T) {
		b := newBench(t)
		ctx, leave := context.WithCancel(t.Context())
		leave()
		if _, err := b.Delete(ctx, 1, nil); err != nil {
			t.Errorf("Delete = %v", err)
		}
	})
}
