package api_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"tributary/telemetry/story"
)

// latest is the story of the latest request.
func latest(t *testing.T, r *story.Recorder) (v story.View) {
	t.Helper()
	for s := range r.Latest {
		return s.View()
	}
	t.Fatal("no story was told")
	return v
}

func sourceIn(t *testing.T, sources []story.SourceView, name string) story.SourceView {
	t.Helper()
	i := slices.IndexFunc(sources, func(s story.SourceView) bool { return s.Name == name })
	if i < 0 {
		t.Fatalf("the story has no %s: %+v", name, sources)
	}
	return sources[i]
}

func TestStories(t *testing.T) {
	told := func(t *testing.T) (*gateway, *story.Recorder) {
		r := story.NewRecorder()
		return newGateway(t, func(s *setup) { s.stories = r }), r
	}
	it(t, "of a complete answer, live and then from memory", func(t *testing.T) {
		g, r := told(t)
		g.get(city).wantStatus(200)
		v := latest(t, r)
		if v.Route != "/v1/weather" || v.Method != "GET" || v.Status != 200 || v.Outcome != "complete" || v.TraceID == "" {
			t.Errorf("story = %+v", v)
		}
		if s := sourceIn(t, v.Sources, "openmeteo"); s.State != "live" || s.Attempts != 1 || s.AgeS == nil {
			t.Errorf("openmeteo = %+v, want live after one attempt", s)
		}
		time.Sleep(21 * time.Second)
		g.get(city)
		v = latest(t, r)
		if len(v.Steps) != 4 || v.Steps[0].Text != "served from memory, 21 s old" {
			t.Errorf("steps = %+v, want four sources that were served from memory", v.Steps)
		}
	})
	it(t, "of an answer with an old part", func(t *testing.T) {
		g, r := told(t)
		g.get(city)
		time.Sleep(time.Hour)
		g.metno.Now(breaks)
		g.get(city)
		v := latest(t, r)
		s := sourceIn(t, v.Sources, "metno")
		if v.Outcome != "degraded" || s.State != "stale" || *s.AgeS != 3600 || s.Error == nil || s.Error.Code != "server_error" {
			t.Errorf("story = %s, metno %+v, want an old part with its reason", v.Outcome, s)
		}
		if m := r.Minute(); m.Degraded != 1 || m.Older != 1 || m.Oldest != time.Hour {
			t.Errorf("the last minute = %+v", m)
		}
	})
	it(t, "of problems", func(t *testing.T) {
		g, r := told(t)
		g.get("/v1/weather").wantStatus(400)
		if v := latest(t, r); v.Outcome != "problem" || v.Problem != "invalid_parameters" || v.Status != 400 {
			t.Errorf("story = %+v", v)
		}
		g.geocoding.Now(breaks)
		g.get(city).wantStatus(502)
		if v := latest(t, r); v.Problem != "all_sources_failed" || sourceIn(t, v.Sources, "geocoding").State != "failed" {
			t.Errorf("story = %+v", v)
		}
		if m := r.Minute(); m.ClientErrors != 1 || m.Problems != 1 {
			t.Errorf("the last minute = %+v, want a client's mistake and a problem", m)
		}
	})
	it(t, "of a batch, with each source once", func(t *testing.T) {
		g, r := told(t)
		g.get("/v1/air-quality?place=1,1&place=2,2&place=3,3").wantStatus(200)
		v := latest(t, r)
		if names := len(v.Sources); names != 2 || sourceIn(t, v.Sources, "openmeteo_air").State != "live" {
			t.Errorf("sources = %+v, want two", v.Sources)
		}
	})
	it(t, "of a request that waited for another's fetch", func(t *testing.T) {
		g, r := told(t)
		g.geocoding.Now(after(time.Second, findsPlaces(delhi)))
		go g.get(city)
		synctest.Wait()
		g.get(city)
		synctest.Wait()
		ids := make(map[string]bool)
		joined := ""
		for s := range r.Latest {
			v := s.View()
			ids[v.TraceID] = true
			for _, step := range v.Steps {
				if step.Source == "geocoding" && step.What == story.Joined {
					joined = step.Text
				}
			}
		}
		if i := strings.LastIndex(joined, " "); len(ids) != 2 || i < 0 || !ids[joined[i+1:]] {
			t.Errorf("%d traces, and the step %q, which should name one of them", len(ids), joined)
		}
	})
	it(t, "of nothing but answers", func(t *testing.T) {
		g, r := told(t)
		for _, path := range []string{"/livez", "/readyz", "/docs", "/openapi.yaml", "/v1/status", "/"} {
			g.get(path)
		}
		for s := range r.Latest {
			t.Errorf("there is a story of %s", s.View().Route)
		}
	})
}

// TestStoriesDoNotQuote asks in many ways for a city with a telling name, and searches all
// that the console could show for it.
func TestStoriesDoNotQuote(t *testing.T) {
	r := story.NewRecorder()
	g := newGateway(t, func(s *setup) { s.stories = r })
	quoting := `{"reason":"Xanadu is not known","message":"Xanadu?","error":"Xanadu"}`
	for i, b := range []behaviour{answers(400, quoting), answers(404, quoting), answers(500, quoting), answers(403, quoting), answers(200, quoting), answers(200, `{"results":"Xanadu"}`), answers(401, quoting)} {
		g.geocoding.Now(b)
		name := fmt.Sprint("Xanadu", i)
		g.get("/v1/weather?city=" + name)
		g.get("/v1/places?q=" + name)
		g.get("/v1/weather?lat=1&city=" + name)
	}
	count := 0
	var all strings.Builder
	for s := range r.Latest {
		count++
		all.Write(mustJSON(t, s.View()))
	}
	events, _ := r.Events(0)
	all.Write(mustJSON(t, events))
	all.Write(mustJSON(t, r.Upstream("geocoding").Failures()))
	if count < 20 || len(events) == 0 || !strings.Contains(all.String(), "geocoding") {
		t.Fatalf("%d stories and %d events: too little was looked at", count, len(events))
	}
	if at := strings.Index(all.String(), "Xanadu"); at >= 0 {
		t.Errorf("the city is quoted: %s", all.String()[max(0, at-200):at+20])
	}
}
