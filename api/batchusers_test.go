package api_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"tributary/upstream/users"
)

func TestBatchOfUsers(t *testing.T) {
	it(t, "has each user or a 404 in its place, and asks for each once", func(t *testing.T) {
		g := populated(t)
		a := g.get("/v1/users?id=2&id=99&id=1&id=2")
		entries, status := batchOf[users.User](a)
		if len(entries) != 4 || status != "complete" {
			t.Fatalf("%d entries, %s; want 4, complete: %s", len(entries), status, a.body)
		}
		for i, id := range []int64{2, 0, 1, 2} {
			if entries[i].Data.ID != id {
				t.Errorf("entry %d = %s, want user %d", i, mustJSON(t, entries[i]), id)
			}
		}
		if p := entries[1].Problem; p == nil || p.Status != http.StatusNotFound || p.Instance != "/v1/users" {
			t.Errorf("entry 1 = %s, want a 404", mustJSON(t, entries[1]))
		}
		if n := g.directory.Sent(); n != 3 {
			t.Errorf("%d requests sent, want 3", n)
		}
		a.wantHeader("Cache-Control", "private, no-cache")
		a.wantHeader("Link", "")
		g.get("/v1/users?id=2&id=99&id=1&id=2", "If-None-Match", a.Header.Get("ETag")).wantStatus(http.StatusNotModified)
		g.get("/v1/users/1").wantStatus(http.StatusOK)
		if n := g.directory.Sent(); n != 3 {
			t.Errorf("%d requests sent after all, want 3", n)
		}
	})
	it(t, "asks 50 side by side", func(t *testing.T) {
		g := populated(t)
		g.directory.Now(after(time.Second, g.directory.serve))
		var ids []string
		for n := range 50 {
			ids = append(ids, fmt.Sprint(n+1))
		}
		start := time.Now()
		entries, _ := batchOf[users.User](g.get(batchPath("/v1/users", "id", ids...)))
		if took := time.Since(start); took != time.Second || entries[0].Data.ID != 1 {
			t.Errorf("took %s, first %s; want 1 s, user 1", took, mustJSON(t, entries[0]))
		}
	})
	it(t, "is degraded by a user that the directory cannot tell", func(t *testing.T) {
		g := populated(t)
		g.directory.Now(breaks)
		entries, status := batchOf[users.User](g.get("/v1/users?id=1"))
		if p := entries[0].Problem; status != "degraded" || p == nil || p.Code != "all_sources_failed" {
			t.Errorf("%s, %s; want degraded, all_sources_failed", status, mustJSON(t, entries))
		}
	})
}

func TestBatchSurvivesABug(t *testing.T) {
	g := populated(t, func(s *setup) { s.people, s.Users = nil, new(users.Service) }) // a zero value panics
	g.get("/v1/users?id=1&id=2").problem(http.StatusInternalServerError, "internal_error")
	g.get(here).wantStatus(http.StatusOK)
}
