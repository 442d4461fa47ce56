package api_test

import (
	"net/http"
	"testing"
	"time"

	"tributary/upstream"
)

// write is one kind of write.
type write struct{ method, path, body, key string }

var (
	post       = write{"POST", "/v1/users", `{"name":"Grace"}`, ""}
	keyedPost  = write{"POST", "/v1/users", `{"name":"Grace"}`, `"k"`}
	put        = write{"PUT", one, `{"name":"Grace"}`, ""}
	patch      = write{"PATCH", one, `{"name":"Grace"}`, ""}
	keyedPatch = write{"PATCH", one, `{"name":"Grace"}`, `"k"`}
	remove     = write{"DELETE", one, "", ""}
)

func (g *gateway) carry(w write) *answer {
	g.t.Helper()
	return g.call(w.method, w.path, w.body, "Idempotency-Key", w.key)
}

// wantOutcome wants a problem with this outcome of a write.
func (a *answer) wantOutcome(status int, outcome string, retrySafe bool, code string) {
	a.t.Helper()
	p := a.problem(status, "write_failed")
	if p.Outcome != outcome || p.RetrySafe == nil || *p.RetrySafe != retrySafe {
		a.t.Errorf("%s: outcome %q in %s, want %q, retry_safe %t", a.call, p.Outcome, a.body, outcome, retrySafe)
	}
	a.wantState("directory", "failed", code)
	a.wantHeader("Cache-Control", "no-store")
	if wait := a.Header.Get("Retry-After"); (wait != "") != (status == http.StatusServiceUnavailable) {
		a.t.Errorf("%s: Retry-After = %q with %d", a.call, wait, status)
	}
}

// retriedWrites are all writes, with whether they may be retried.
var retriedWrites = []struct {
	name    string
	write   write
	honours bool
	safe    bool
}{
	{"POST", post, false, false},
	{"POST to a directory with keys", post, true, false},
	{"POST with a key", keyedPost, false, false},
	{"POST with a key to a directory with keys", keyedPost, true, true},
	{"PATCH", patch, false, false},
	{"PATCH to a directory with keys", patch, true, false},
	{"PATCH with a key", keyedPatch, false, false},
	{"PATCH with a key to a directory with keys", keyedPatch, true, true},
	{"PUT", put, false, true},
	{"PUT to a directory with keys", put, true, true},
	{"DELETE", remove, false, true},
	{"DELETE to a directory with keys", remove, true, true},
}

func keys(honours bool) func(*setup) {
	return func(s *setup) { s.people.DirectoryIdempotency = honours }
}

// spoils makes writes behave like b, while reads still work.
func (d *registry) setWrites(writes behaviour) {
	d.Now(func(r *http.Request) (*http.Response, error) {
		if r.Method == http.MethodGet {
			return d.serve(r)
		}
		return writes(r)
	})
}

func TestOutcomeIsUnknown(t *testing.T) {
	for _, fault := range []struct {
		name   string
		then   behaviour
		status int
		code   string
	}{
		{"does not answer", hangs, 504, "timeout"},
		{"breaks the connection", resets, 502, "connection"},
		{"answers garbage", answers(200, "<html>"), 502, "invalid_response"},
		{"answers half", answers(200, `{"id":1,"name":"Gr`), 502, "invalid_response"},
		{"answers of somebody else", answers(200, `{"id":0,"name":"Grace"}`), 502, "invalid_response"},
		{"answers 500", breaks, 502, "server_error"},
	} {
		for _, c := range retriedWrites {
			if c.write.method == "DELETE" && fault.name == "answers of somebody else" {
				continue // it has no such user
			}
			it(t, c.name+" when the directory "+fault.name, func(t *testing.T) {
				g := populated(t, keys(c.honours))
				g.directory.setWrites(g.directory.carriesOutBut(fault.then))
				g.carry(c.write).wantOutcome(fault.status, "unknown", c.safe, fault.code)
			})
		}
	}
}

func TestOutcomeIsNotDone(t *testing.T) {
	for _, fault := range []struct {
		name   string
		does   behaviour
		status int
		code   string
	}{
		{"is not there", refuses, 502, "connection"},
		{"refuses our credentials", answers(401, "{}"), 502, "unauthorized"},
		{"does not let us", answers(403, "{}"), 502, "forbidden"},
		{"asks for quiet", answers(429, "{}", "Retry-After", "7"), 503, "rate_limited"},
	} {
		for _, c := range retriedWrites {
			it(t, c.name+" when the directory "+fault.name, func(t *testing.T) {
				g := populated(t, keys(c.honours))
				g.directory.setWrites(fault.does)
				a := g.carry(c.write)
				a.wantOutcome(fault.status, "not_done", true, fault.code)
				if fault.status == 503 {
					a.wantHeader("Retry-After", "7")
				}
				if n := g.directory.writes.Load(); n != 0 {
					t.Errorf("%d writes were carried out", n)
				}
			})
		}
	}
}

func TestOutcomeOfAReadBeforeAPatch(t *testing.T) {
	for _, c := range []struct {
		name   string
		does   behaviour
		status int
		code   string
	}{
		{"does not answer", hangs, 504, "timeout"},
		{"breaks the connection", resets, 502, "connection"},
		{"answers garbage", answers(200, "<html>"), 502, "invalid_response"},
	} {
		it(t, "is not done when the directory "+c.name, func(t *testing.T) {
			g := populated(t)
			g.directory.Now(c.does)
			g.carry(keyedPatch).wantOutcome(c.status, "not_done", true, c.code)
		})
	}
}

func TestOpenCircuit(t *testing.T) {
	it(t, "refuses writes until it closes", func(t *testing.T) {
		g := populated(t)
		g.directory.Now(refuses)
		for range 20 {
			g.carry(put)
		}
		calls := g.directory.Sent()
		for _, w := range []write{post, keyedPost, put, patch, keyedPatch, remove} {
			a := g.carry(w)
			a.wantOutcome(http.StatusServiceUnavailable, "not_done", true, "circuit_open")
			a.wantHeader("Retry-After", "5")
		}
		if n := g.directory.Sent(); n != calls {
			t.Errorf("%d calls through an open circuit", n-calls)
		}
		g.directory.Now(g.directory.serve)
		time.Sleep(5 * time.Second)
		g.carry(keyedPost).wantStatus(http.StatusCreated)
	})
}

// A pause that the directory has asked for refuses writes as it refuses reads, and also the
// read for a precondition.
func TestWritesWhileTheDirectoryWantsAPause(t *testing.T) {
	for _, c := range []struct {
		name   string
		write  write
		header []string
	}{
		{"a creation", post, nil},
		{"a creation with a key", keyedPost, nil},
		{"a replacement", put, nil},
		{"a replacement with a precondition", put, []string{"If-Match", "*"}},
		{"a change", patch, nil},
		{"a removal", remove, nil},
	} {
		it(t, "refuses "+c.name, func(t *testing.T) {
			g := populated(t)
			g.directory.Now(answers(503, "{}", "Retry-After", "7"))
			g.get("/v1/users/3").problem(http.StatusBadGateway, "all_sources_failed")
			g.directory.Now(g.directory.serve)
			time.Sleep(2 * time.Second)
			calls := g.directory.Sent()
			a := g.call(c.write.method, c.write.path, c.write.body, append(c.header, "Idempotency-Key", c.write.key)...)
			a.wantOutcome(http.StatusServiceUnavailable, "not_done", true, "server_error")
			a.wantHeader("Retry-After", "5")
			if n := g.directory.Sent(); n != calls {
				t.Errorf("%d calls during the pause", n-calls)
			}
		})
	}
}

func TestWritesBeyondTheQuota(t *testing.T) {
	it(t, "are not done", func(t *testing.T) {
		g := populated(t, func(s *setup) { s.policies.Quotas = []upstream.Quota{{Calls: 1, Window: time.Minute}} })
		g.carry(put).wantStatus(http.StatusOK)
		g.carry(put).wantOutcome(http.StatusServiceUnavailable, "not_done", true, "rate_limited")
	})
}

func TestWritesAreRetried(t *testing.T) {
	for _, c := range retriedWrites {
		it(t, c.name, func(t *testing.T) {
			g := populated(t, keys(c.honours), func(s *setup) { s.policies.Retries = 2 })
			writes := 0
			g.directory.setWrites(func(r *http.Request) (*http.Response, error) {
				if writes++; writes == 1 {
					return g.directory.carriesOutBut(resets)(r)
				}
				return g.directory.serve(r)
			})
			a := g.carry(c.write)
			if want := map[bool]int{true: 2, false: 1}[c.safe]; writes != want {
				t.Errorf("%s: sent %d times, want %d", a.call, writes, want)
			}
			if !c.safe {
				a.wantOutcome(http.StatusBadGateway, "unknown", false, "connection")
				return
			}
			if a.StatusCode >= 300 { // a retried DELETE that gets a 404 has succeeded
				t.Errorf("%s: status = %d, want it done; body %s", a.call, a.StatusCode, a.body)
			}
			if n := len(g.directory.users); c.write.method == "POST" && n != 4 {
				t.Errorf("there are %d users, want exactly one more", n)
			}
		})
	}
}

func TestRefusedByTheDirectory(t *testing.T) {
	for _, c := range []struct {
		status int
		want   int
		code   string
	}{
		{409, 409, "conflict"},
		{400, 422, "refused_by_directory"},
		{422, 422, "refused_by_directory"},
	} {
		for _, w := range []write{post, put, patch, remove} {
			g := populated(t)
			g.directory.setWrites(answers(c.status, `{"error":"Grace is taken"}`))
			a := g.carry(w)
			p := a.problem(c.want, c.code)
			if p.Outcome != "" || p.RetrySafe != nil {
				t.Errorf("%s: outcome %q, want none: the directory has said it", a.call, p.Outcome)
			}
			a.wantState("directory", "failed", "bad_request")
		}
	}
}

func TestDirectoryWithoutCreate(t *testing.T) {
	g := populated(t)
	g.directory.setWrites(answers404)
	for range 2 { // it may succeed later, so nothing is stored under the key
		a := g.carry(keyedPost)
		a.wantOutcome(http.StatusBadGateway, "not_done", true, "not_found")
		a.wantHeader("Idempotent-Replayed", "")
	}
}

func TestCallerWhoLeavesDuringAWrite(t *testing.T) {
	it(t, "does not stop it", func(t *testing.T) {
		g := populated(t)
		g.directory.setWrites(after(time.Second, g.directory.serve))
		g.client.Timeout = 100 * time.Millisecond
		if response, err := g.client.Do(mustRequest(t, keyedPost)); err == nil {
			response.Body.Close()
			t.Fatal("an answer before there can be one")
		}
		g.client.Timeout = 0
		a := g.carry(keyedPost)
		a.wantHeader("Idempotent-Replayed", "true")
		a.wantHeader("Location", "/v1/users/4")
		if n := g.directory.writes.Load(); n != 1 {
			t.Errorf("%d writes, want the one of the caller who left", n)
		}
	})
}
