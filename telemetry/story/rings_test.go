package story_test

import (
	"testing"

	"tributary/telemetry/story"
)

func TestLatestStoriesAreKept(t *testing.T) {
	const kept, told = 1024, 1500
	r := story.NewRecorder()
	for n := range told {
		tell(r, n, "/v1/weather")
	}
	count := 0
	for range r.Latest {
		count++
	}
	if count != kept {
		t.Errorf("%d stories are kept, want %d", count, kept)
	}
	if r.Story(id(told-kept-1)) != nil || r.Story(id(told-kept)) == nil || r.Story(id(told-1)) == nil {
		t.Error("the stories that are kept are not the latest")
	}
}

// Whoever asks for many paths that do not exist, or much of what works, must not push out
// what an operator wants to explain.
func TestStoriesOfFailuresSurviveAFlood(t *testing.T) {
	r := story.NewRecorder()
	refuse := func(n, status int, problem string) {
		_, s := r.Begin(t.Context(), id(n), "GET")
		s.Refused(problem, nil)
		s.End("", status, 0)
	}
	const complete, degraded, failed = 1, 2, 3
	tell(r, complete, "/v1/weather")
	tell(r, degraded, "/v1/weather", story.Source{Name: "metno", State: "failed"})
	refuse(failed, 502, "all_sources_failed")
	for n := range 5000 {
		refuse(10+n, 404, "not_found")
	}
	for name, n := range map[string]int{"complete answer": complete, "degraded answer": degraded, "failure": failed} {
		if r.Story(id(n)) == nil {
			t.Errorf("5000 requests to unknown paths pushed out the story of a %s", name)
		}
	}
	for n := range 5000 {
		tell(r, 10_000+n, "/v1/weather")
	}
	for name, n := range map[string]int{"degraded answer": degraded, "failure": failed} {
		if r.Story(id(n)) == nil {
			t.Errorf("5000 complete answers pushed out the story of a %s", name)
		}
	}
}

func TestStoriesOfAllKindsAreInOrder(t *testing.T) {
	r := story.NewRecorder()
	for n := range 12 {
		switch n % 3 {
		case 0:
			tell(r, n, "/v1/weather")
		case 1:
			tell(r, n, "/v1/weather", story.Source{Name: "metno", State: "failed"})
		case 2:
			_, s := r.Begin(t.Context(), id(n), "GET")
			s.Refused("not_found", nil)
			s.End("", 404, 0)
		}
	}
	next := 11
	for s := range r.Latest {
		if got := s.View().TraceID; got != id(next).String() {
			t.Fatalf("story %s, want %s: the newest first", got, id(next))
		}
		next--
	}
	if next != -1 {
		t.Errorf("%d stories are missing", next+1)
	}
}
