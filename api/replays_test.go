package api_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"

	"tributary/api/auth"
)

// mustRequest is a write with the writer's key.
func mustRequest(t testing.TB, w write) *http.Request {
	t.Helper()
	r, err := http.NewRequest(w.method, "http://gateway.test"+w.path, strings.NewReader(w.body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header = http.Header{"Content-Type": {"application/json"}, "X-Api-Key": {"writer-key"}}
	if w.key != "" {
		r.Header.Set("Idempotency-Key", w.key)
	}
	return r
}

// wantReplay wants the answer that was given before.
func (a *answer) wantReplay(first *answer) {
	a.t.Helper()
	a.wantStatus(first.StatusCode)
	a.wantHeader("Idempotent-Replayed", "true")
	for _, name := range []string{"Location", "Content-Type", "Cache-Control", "Retry-After", "Server-Timing"} {
		a.wantHeader(name, first.Header.Get(name))
	}
	if string(a.body) != string(first.body) {
		a.t.Errorf("%s: body %s, want that of the first, %s", a.call, a.body, first.body)
	}
}

func TestReplay(t *testing.T) {
	for _, w := range []write{keyedPost, keyedPatch} {
		it(t, "gives the first answer again to "+w.method, func(t *testing.T) {
			g := populated(t)
			first := g.carry(w)
			first.wantHeader("Idempotent-Replayed", "")
			for _, key := range []string{`"k"`, `k`, ` "k" `} { // bare is let pass
				time.Sleep(time.Hour)
				w.key = key
				g.carry(w).wantReplay(first)
			}
			if n := g.directory.writes.Load(); n != 1 {
				t.Errorf("%d writes, want 1", n)
			}
			w.key = `"other"`
			g.carry(w).wantHeader("Idempotent-Replayed", "")
		})
	}
	it(t, "is for a day", func(t *testing.T) {
		g := populated(t)
		first := g.carry(keyedPost)
		time.Sleep(24*time.Hour - time.Second)
		g.carry(keyedPost).wantReplay(first)
		time.Sleep(time.Second)
		again := g.carry(keyedPost)
		again.wantHeader("Idempotent-Replayed", "")
		again.wantHeader("Location", "/v1/users/5")
		time.Sleep(24*time.Hour - time.Second)
		g.carry(keyedPost).wantReplay(again)
	})
	it(t, "has its own id, and lets pages of other origins read it", func(t *testing.T) {
		g := populated(t, func(s *setup) { s.Origins = []string{"https://app.example"} })
		for n := range 2 {
			a := g.call("POST", "/v1/users", `{"name":"A"}`, "Idempotency-Key", `"k"`, "Origin", "https://app.example", "X-Request-Id", fmt.Sprint(n))
			a.wantHeader("X-Request-Id", fmt.Sprint(n))
			a.wantHeader("Access-Control-Allow-Origin", "https://app.example")
			if got := strings.Join(a.values("Vary"), ", "); got != "Origin, Accept" {
				t.Errorf("%s: Vary = %q", a.call, got)
			}
			if exposed := a.Header.Get("Access-Control-Expose-Headers"); !strings.Contains(exposed, "Idempotent-Replayed") || !strings.Contains(exposed, "Location") {
				t.Errorf("Access-Control-Expose-Headers = %q", exposed)
			}
		}
	})
	it(t, "has all that Vary names, also for a problem where anonymous callers may not read", func(t *testing.T) {
		g := populated(t, func(s *setup) { s.Origins, s.PublicReads = []string{"https://app.example"}, false })
		for n := range 2 {
			a := g.call("PATCH", "/v1/users/999", `{"phone":"1"}`, "Idempotency-Key", `"k"`, "Origin", "https://app.example")
			a.problem(http.StatusNotFound, "not_found")
			a.wantHeader("Idempotent-Replayed", []string{"", "true"}[n])
			if got := strings.Join(a.values("Vary"), ", "); got != "Origin, Accept" {
				t.Errorf("%s: Vary = %q", a.call, got)
			}
		}
	})
	it(t, "is not what PUT and DELETE are about", func(t *testing.T) {
		g := populated(t)
		w := put
		w.key = `"k"`
		g.carry(w)
		g.carry(w).wantHeader("Idempotent-Replayed", "")
		if n := g.directory.writes.Load(); n != 2 {
			t.Errorf("%d writes, want 2", n)
		}
	})
}

func TestKeyOfAnotherRequest(t *testing.T) {
	g := populated(t)
	first := g.carry(keyedPost)
	for name, w := range map[string]write{
		"another body":              {"POST", "/v1/users", `{"name":"Ada"}`, `"k"`},
		"the same in other bytes":   {"POST", "/v1/users", `{"name": "Grace"}`, `"k"`},
		"another method and path":   {"PATCH", one, keyedPost.body, `"k"`},
		"a body that breaks a rule": {"POST", "/v1/users", `{}`, `"k"`},
		"no body":                   {"POST", "/v1/users", ``, `"k"`},
	} {
		t.Run(name, func(t *testing.T) {
			a := g.carry(w)
			a.problem(http.StatusUnprocessableEntity, "key_reused")
			a.wantHeader("Idempotent-Replayed", "")
		})
	}
	g.carry(keyedPost).wantReplay(first)
	second := keyedPatch
	second.key = `"p"`
	g.carry(second).wantStatus(http.StatusOK)
	second.path = "/v1/users/2"
	g.carry(second).problem(http.StatusUnprocessableEntity, "key_reused")
}

func TestKeyOfAnotherCaller(t *testing.T) {
	g := populated(t, honouring)
	g.carry(keyedPost).wantHeader("Location", "/v1/users/4")
	for _, call := range []struct{ key, location, replayed string }{
		{"colleague-key", "/v1/users/5", ""}, {"colleague-key", "/v1/users/5", "true"}, {"writer-key", "/v1/users/4", "true"},
	} {
		a := g.call("POST", "/v1/users", keyedPost.body, "Idempotency-Key", `"k"`, "X-API-Key", call.key)
		a.wantHeader("Location", call.location)
		a.wantHeader("Idempotent-Replayed", call.replayed)
	}
	g.call("POST", "/v1/users", keyedPost.body, "Idempotency-Key", `"k"`, "X-API-Key", "reader-key").problem(http.StatusForbidden, "forbidden")
	bearer := g.call("POST", "/v1/users", keyedPost.body, "Idempotency-Key", `"k"`, "X-API-Key", "", "Authorization", "Bearer writer-key")
	bearer.wantHeader("Location", "/v1/users/4") // the same caller by another header
	bearer.wantHeader("Idempotent-Replayed", "true")
}

func TestKeyGoesToTheDirectory(t *testing.T) {
	g := populated(t)
	sent := func(w write) string {
		g.carry(w)
		return sentKey(g.directory.Last().Header)
	}
	for _, w := range []write{keyedPost, {"PATCH", one, `{"name":"Grace"}`, `"p"`}} {
		key := strings.TrimSuffix(w.key, `"`)
		if got := sent(w); !strings.HasPrefix(got, key) || !strings.HasSuffix(got, `"`) || strings.Contains(got, "writer") {
			t.Errorf("%s with %s: the directory is sent %s, want one of ours that begins so", w.method, w.key, got)
		}
	}
	if got := sent(put); got != "" {
		t.Errorf("with PUT the directory is sent the key %s, want none", got)
	}
}

func TestManyWithOneKey(t *testing.T) {
	const many = 200
	it(t, "make one write, and get equal answers", func(t *testing.T) {
		g := populated(t)
		g.directory.setWrites(after(time.Second, g.directory.serve))
		var (
			all     [many]*answer
			callers sync.WaitGroup
		)
		for n := range all {
			callers.Go(func() { all[n] = g.carry(keyedPost) })
		}
		callers.Wait()
		replayed := 0
		for _, a := range all {
			a.wantStatus(http.StatusCreated)
			a.wantHeader("Location", "/v1/users/4")
			if string(a.body) != string(all[0].body) {
				t.Errorf("body %s, want %s", a.body, all[0].body)
			}
			if a.Header.Get("Idempotent-Replayed") == "true" {
				replayed++
			}
		}
		if n := g.directory.writes.Load(); n != 1 || replayed != many-1 {
			t.Errorf("%d writes, %d answers replayed, want 1 and %d", n, replayed, many-1)
		}
	})
}

// beside carries out a write in the background.
func (g *gateway) beside(w write) func() *answer {
	g.t.Helper()
	done := make(chan *answer, 1)
	go func() { done <- g.carry(w) }()
	return sync.OnceValue(func() *answer { return <-done })
}

func TestWaitingForTheFirst(t *testing.T) {
	it(t, "ends with another body's 422 at once", func(t *testing.T) {
		g := populated(t)
		g.directory.setWrites(after(time.Second, g.directory.serve))
		first := g.beside(keyedPost)
		time.Sleep(time.Millisecond)
		start := time.Now()
		g.call("POST", "/v1/users", `{"name":"Ada"}`, "Idempotency-Key", `"k"`).problem(http.StatusUnprocessableEntity, "key_reused")
		if time.Since(start) > 0 {
			t.Error("waited for what cannot be its answer")
		}
		first().wantStatus(http.StatusCreated)
	})
	for _, w := range []write{keyedPost, keyedPatch} {
		it(t, "ends with the first one's failure, with "+w.method, func(t *testing.T) {
			for status, fault := range map[int]behaviour{502: refuses, 503: answers(429, "{}")} {
				g := populated(t)
				g.directory.setWrites(after(time.Second, fault))
				first := g.beside(w)
				time.Sleep(time.Millisecond)
				a := g.carry(w)
				a.wantReplay(first())
				a.wantOutcome(status, "not_done", true, map[int]string{502: "connection", 503: "rate_limited"}[status])
			}
		})
		it(t, "ends when the first one panics, with "+w.method, func(t *testing.T) {
			g := populated(t, func(s *setup) { s.tracer = trap{} })
			first := g.beside(w)
			time.Sleep(time.Millisecond)
			a := g.carry(w)
			a.problem(http.StatusInternalServerError, "internal_error")
			first().problem(http.StatusInternalServerError, "internal_error")
			g.carry(w).wantHeader("Idempotent-Replayed", "") // it is tried again: nothing was kept
		})
	}
}

// trap is a tracer that a write takes a second to fall into.
type trap struct{ noop.Tracer }

func (trap) Start(context.Context, string, ...trace.SpanStartOption) (context.Context, trace.Span) {
	time.Sleep(time.Second)
	panic("a bug in the wiring")
}

func TestWhatIsKept(t *testing.T) {
	for _, c := range []struct {
		name    string
		honours bool
		fault   func(*registry) behaviour
		kept    bool
	}{
		{"a write that was not done is tried again", false, func(*registry) behaviour { return refuses }, false},
		{"a write that was refused for now is tried again", false, func(*registry) behaviour { return answers(429, "{}", "Retry-After", "1") }, false},
		{"an unknown outcome stays unknown", false, func(d *registry) behaviour { return d.carriesOutBut(resets) }, true},
		{"a time-out stays unknown", false, func(d *registry) behaviour { return d.carriesOutBut(hangs) }, true},
		{"an unknown outcome is cleared up where the directory knows the key", true, func(d *registry) behaviour { return d.carriesOutBut(resets) }, false},
		{"a time-out is cleared up where the directory knows the key", true, func(d *registry) behaviour { return d.carriesOutBut(hangs) }, false},
		{"a conflict stays one", false, func(*registry) behaviour { return answers(409, "{}") }, true},
		{"a user whom the directory refused stays refused", false, func(*registry) behaviour { return answers(422, "{}") }, true},
	} {
		for _, w := range []write{keyedPost, keyedPatch} {
			it(t, c.name+", with "+w.method, func(t *testing.T) {
				g := populated(t, keys(c.honours))
				g.directory.setWrites(c.fault(g.directory))
				first := g.carry(w)
				g.directory.Now(g.directory.serve)
				time.Sleep(time.Minute)
				calls := g.directory.Sent()
				again := g.carry(w)
				if c.kept {
					again.wantReplay(first)
					if n := g.directory.Sent(); n != calls {
						t.Errorf("%d calls for an answer that is kept", n-calls)
					}
					return
				}
				again.wantHeader("Idempotent-Replayed", "")
				if again.StatusCode >= 300 {
					t.Fatalf("%s again: status = %d; body %s", again.call, again.StatusCode, again.body)
				}
				if n := len(g.directory.users); w.method == "POST" && n != 4 {
					t.Errorf("there are %d users, want exactly one more", n)
				}
				g.carry(w).wantReplay(again) // now it is
			})
		}
	}
	it(t, "a mistake is kept too, but not of a header", func(t *testing.T) {
		g := populated(t)
		for n, w := range []write{
			{"POST", "/v1/users", `{}`, ""}, {"POST", "/v1/users", `{`, ""}, {"PATCH", one, `{`, ""}, {"PATCH", "/v1/users/99", `{"name":"A"}`, ""},
		} {
			w.key = fmt.Sprintf(`"wrong %d"`, n)
			wrong := g.carry(w)
			g.carry(w).wantReplay(wrong)
		}
		for _, header := range [][2]string{{"Content-Type", "text/plain"}, {"Accept", "text/html"}} {
			g.call("POST", "/v1/users", `{"name":"A"}`, "Idempotency-Key", `"b"`, header[0], header[1])
		}
		g.call("POST", "/v1/users", `{"name":"A"}`, "Idempotency-Key", `"b"`).wantStatus(http.StatusCreated)
		unfit := g.call("POST", "/v1/users", `{"name":"A"}`, "Idempotency-Key", `"b"`, "Content-Type", "text/plain")
		unfit.problem(http.StatusUnsupportedMediaType, "unsupported_media_type")
		unfit.wantHeader("Idempotent-Replayed", "")
	})
}

func TestKeysThatAreNone(t *testing.T) {
	g := populated(t)
	for name, values := range map[string][]string{
		"an empty one": {`""`}, "blanks": {"  "}, "one that is not closed": {`"k`}, "256 characters": {`"` + strings.Repeat("k", 256) + `"`}, "a tab": {"\"a\tb\""},
		"what is not ASCII": {`"é"`}, "a quote inside": {`"a"b"`}, "a backslash": {`"a\b"`}, "two of them": {`"a"`, `"b"`}, "a quote alone": {`"`},
	} {
		t.Run(name, func(t *testing.T) {
			for _, w := range []write{post, patch} {
				r := mustRequest(t, w)
				r.Header["Idempotency-Key"] = values
				p := g.do(r).problem(http.StatusBadRequest, "invalid_parameters")
				if len(p.Errors) != 1 || p.Errors[0].Parameter != "Idempotency-Key" {
					t.Errorf("errors = %v", p.Errors)
				}
			}
		})
	}
	if n := g.directory.Sent(); n != 0 {
		t.Errorf("%d calls under keys that are none", n)
	}
	t.Run("which a PUT does not care about", func(t *testing.T) {
		g.call("PUT", one, `{"name":"A"}`, "Idempotency-Key", `"k`).wantStatus(http.StatusOK)
	})
	for _, key := range []string{`"` + strings.Repeat("k", 255) + `"`, `" "`, `"!#[]~"`, "bare"} {
		g.call("POST", "/v1/users", `{"name":"A"}`, "Idempotency-Key", key).wantStatus(http.StatusCreated)
	}
}

func TestAnonymousWritersShareKeys(t *testing.T) {
	a, err := auth.New(auth.Config{Anonymous: []string{auth.UsersWrite}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.Close)
	g := populated(t, func(s *setup) { s.Auth = a })
	first := g.call("POST", "/v1/users", keyedPost.body, "Idempotency-Key", `"k"`, "X-API-Key", "")
	g.call("POST", "/v1/users", keyedPost.body, "Idempotency-Key", `"k"`, "X-API-Key", "").wantReplay(first)
	if got := sentKey(g.directory.Last().Header); got != `"k"` {
		t.Errorf("the directory is sent %s, want the key as it came", got)
	}
	for _, w := range []write{put, patch, remove} {
		if a := g.by(w, nil); a.StatusCode >= 300 {
			t.Errorf("%s: status = %d, want it done; body %s", a.call, a.StatusCode, a.body)
		}
	}
}
