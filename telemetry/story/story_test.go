package story_test

import (
	"context"
	"encoding/binary"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.opentelemetry.io/otel/trace"

	"tributary/telemetry/story"
)

func id(n int) (t trace.TraceID) {
	binary.BigEndian.PutUint64(t[8:], uint64(n)+1)
	return t
}

// tell records a story with sources.
func tell(r *story.Recorder, n int, route string, sources ...story.Source) {
	_, s := r.Begin(context.Background(), id(n), "GET")
	degraded := slices.ContainsFunc(sources, func(s story.Source) bool { return s.State == "stale" || s.State == "failed" })
	s.Answered(degraded, sources)
	s.End(route, 200, time.Millisecond)
}

func TestStepsAreBounded(t *testing.T) {
	r := story.NewRecorder()
	ctx, s := r.Begin(t.Context(), id(0), "GET")
	for range 70 {
		story.FromContext(ctx).Add(story.Step{What: story.HedgeWon, Source: "openmeteo"})
	}
	s.Refused("all_sources_failed", nil)
	s.End("/v1/weather", 502, time.Second)
	if v := r.Story(id(0)).View(); len(v.Steps) != 64 || v.Lost != 6 {
		t.Errorf("%d steps and %d lost, want 64 and 6", len(v.Steps), v.Lost)
	}
}

func TestNilRecordsNothing(t *testing.T) {
	var r *story.Recorder
	ctx := t.Context()
	again, s := r.Begin(ctx, id(0), "GET")
	if again != ctx || s != nil || story.FromContext(ctx) != nil {
		t.Error("a story was begun without a recorder")
	}
	allocated := testing.AllocsPerRun(100, func() {
		_, s := r.Begin(ctx, id(0), "GET")
		s.Add(story.Step{What: story.HedgeWon})
		s.Answered(false, nil)
		s.End("/v1/weather", 200, 0)
		r.Happened(story.Draining, "", "draining")
		u := r.Upstream("openmeteo")
		u.Ended("openmeteo", 0, false)
		u.Failed("timeout", "")
		u.Happened(story.BreakerOpened, "")
		u.Retried()
	})
	if allocated != 0 {
		t.Errorf("%v allocations without a recorder, want none", allocated)
	}
}

func TestStoryWithoutOutcomeIsDropped(t *testing.T) {
	r := story.NewRecorder()
	_, s := r.Begin(t.Context(), id(0), "GET")
	s.End("/docs", 200, 0)
	if r.Story(id(0)) != nil || r.Minute() != (story.Totals{}) {
		t.Error("a page was kept or counted")
	}
}

func TestAnswersAreCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := story.NewRecorder()
		stale := story.Source{Name: "metno", State: "stale", Age: 20 * time.Minute}
		live := story.Source{Name: "openmeteo", State: "live"}
		refuse := func(problem string, status int) {
			_, s := r.Begin(t.Context(), id(0), "GET")
			s.Refused(problem, nil)
			s.End("/v1/weather", status, 0)
		}
		tell(r, 0, "/v1/weather", live)
		tell(r, 1, "/v1/users/{id}", story.Source{Name: "weather", State: "stale", Sources: []story.Source{live, stale}})
		refuse("all_sources_failed", 502)
		refuse("not_cached", 504)
		refuse("invalid_parameters", 400)
		want := story.Totals{Complete: 1, Degraded: 1, Problems: 1, ClientErrors: 2, Older: 1, Oldest: 20 * time.Minute}
		if got := r.Minute(); got != want || got.Answers() != 3 {
			t.Errorf("the last minute has %+v, want %+v", got, want)
		}
		flows := r.Flows()
		if len(flows) != 3 || flows[0].Source != "metno" || flows[0].Route != "/v1/users/{id}" || flows[0].States["stale"] != 1 {
			t.Errorf("flows = %+v", flows)
		}
		time.Sleep(10 * time.Second)
		if flows := r.Flows(); flows[0].States["stale"] != 0 {
			t.Errorf("after ten seconds the flows are %+v, want none that is recent", flows)
		}
		time.Sleep(50 * time.Second)
		if got := r.Minute(); got != (story.Totals{}) {
			t.Errorf("after a minute the last minute has %+v", got)
		}
		if got := r.All(); got != want {
			t.Errorf("since the start = %+v, want %+v", got, want)
		}
		history := r.History(time.Now())
		if got := history[len(history)-13]; got != want {
			t.Errorf("12 intervals ago = %+v, want %+v", got, want)
		}
	})
}

func TestCallsAreCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := story.NewRecorder()
		u := r.Upstream("directory")
		u.Ended("directory", 10*time.Millisecond, false)
		u.Ended("activity", 0, true)
		u.Failed("timeout", "no answer in time")
		u.Failed("timeout", "no answer in time")
		u.Retried()
		want := story.Calls{Calls: 2, Failures: 1, Retries: 1, Took: 10 * time.Millisecond}
		if got := r.Upstream("directory").In(time.Minute); got != want {
			t.Errorf("calls = %+v, want %+v", got, want)
		}
		if got := u.Asks(); !slices.Equal(got, []story.Ask{{Source: "activity", Failed: 1}, {Source: "directory", Live: 1}}) {
			t.Errorf("asks = %+v", got)
		}
		if got := u.Failures(); len(got) != 1 || got[0].Count != 2 {
			t.Errorf("failures = %+v, want one kind that happened twice", got)
		}
		time.Sleep(16 * time.Minute)
		if got := u.Failures(); len(got) != 0 {
			t.Errorf("after 16 minutes the failures are %+v", got)
		}
	})
}

func TestNamesAreBounded(t *testing.T) {
	r := story.NewRecorder()
	for n := range 2000 {
		tell(r, n, id(n).String(), story.Source{Name: id(n).String(), State: "live"})
		r.Upstream(id(n).String()).Ended("a", 0, false)
	}
	if routes, flows := len(r.Routes()), len(r.Flows()); routes != 1024 || flows != 1024 {
		t.Errorf("%d routes and %d flows are counted, want 1024 of each", routes, flows)
	}
	if r.Upstream("one more") != nil {
		t.Error("the number of upstreams has no bound")
	}
}

func TestEventsAreBounded(t *testing.T) {
	r := story.NewRecorder()
	for range 600 {
		r.Upstream("metno").Happened(story.BreakerOpened, "the circuit breaker opened")
	}
	list, count := r.Events(0)
	if len(list) != 512 || count != 600 || list[0].Text != "metno: the circuit breaker opened" {
		t.Errorf("%d events of %d, the first of them %q", len(list), count, list[0].Text)
	}
	r.Happened(story.Draining, "", "draining")
	if list, _ := r.Events(count); len(list) != 1 || list[0].Kind != story.Draining {
		t.Errorf("new events = %+v, want the draining", list)
	}
}

func TestConcurrentUse(t *testing.T) {
	r := story.NewRecorder()
	var all sync.WaitGroup
	ctx, s := r.Begin(t.Context(), id(0), "GET")
	for n := range 8 {
		all.Go(func() {
			for range 100 {
				story.FromContext(ctx).Add(story.Step{What: story.HedgeWon})
				tell(r, n, "/v1/weather", story.Source{Name: "metno", State: "live"})
				r.Upstream("metno").Ended("metno", 0, false)
				_, _ = r.Events(0)
				_ = s.View()
				r.Happened(story.Draining, "", "")
			}
		})
	}
	all.Wait()
	if got := r.Upstream("metno").In(time.Minute).Calls; got != 800 {
		t.Errorf("%d calls were counted, want 800", got)
	}
}

func TestTexts(t *testing.T) {
	for want, step := range map[string]story.Step{
		"asked openmeteo, GET /v1/forecast":                                   {What: story.Request, Upstream: "openmeteo", Text: "GET /v1/forecast"},
		"asked openmeteo again, GET /v1/forecast":                             {What: story.Request, Upstream: "openmeteo", Text: "GET /v1/forecast", N: 1},
		"asks again after 100 ms, because of a time-out":                      {What: story.Retry, Took: 100 * time.Millisecond, Code: "timeout"},
		"answered 200 after 1.5 s":                                            {What: story.Answer, Status: 200, Took: 1500 * time.Millisecond},
		"answered 304 after 12 ms: what is stored is still valid":             {What: story.Answer, Status: 304, Took: 12 * time.Millisecond},
		"failed after 2 s: no answer in time":                                 {What: story.Failed, Text: "no answer in time", Took: 2 * time.Second},
		"not asked: circuit open after too many failures, for 3.2 s more":     {What: story.NotAsked, Text: "circuit open after too many failures", Took: 3200 * time.Millisecond},
		"not asked: our quota for this upstream is used up, for 21 s more":    {What: story.NotAsked, Text: "not asked: our quota for this upstream is used up", Took: 21 * time.Second},
		"serves the stored answer, 21 min old, because of a time-out":         {What: story.Fallback, Code: "timeout", Took: 21 * time.Minute},
		"serves the stored answer, 3 h old, because of an error (new_code)":   {What: story.Fallback, Code: "new_code", Took: 3 * time.Hour},
		"serves the stored answer, 3 days old, because of refused access":     {What: story.Fallback, Code: "forbidden", Took: 72 * time.Hour},
		"the circuit breaker is half-open now":                                {What: story.BreakerChanged, Text: "half_open"},
		"waits for a fetch that another request began, trace 4bf92f3577b34da": {What: story.Joined, Text: "4bf92f3577b34da"},
	} {
		t.Run(want, func(t *testing.T) {
			r := story.NewRecorder()
			_, s := r.Begin(t.Context(), id(0), "GET")
			s.Add(step)
			if got := s.View().Steps[0].Text; got != want {
				t.Errorf("text = %q, want %q", got, want)
			}
		})
	}
}

func TestMemoryIsTold(t *testing.T) {
	r := story.NewRecorder()
	tell(r, 0, "/v1/weather",
		story.Source{Name: "geocoding", State: "cached", Useful: true, Age: 2 * time.Hour},
		story.Source{Name: "openmeteo", State: "live", Asked: true},
		story.Source{Name: "metno", State: "stale", Useful: true, Age: 21 * time.Minute, Code: "timeout"})
	var texts []string
	for _, step := range r.Story(id(0)).View().Steps {
		texts = append(texts, step.Source+" "+step.Text)
	}
	want := "geocoding served from memory, 2 h old; metno served from memory, 21 min old, because of a time-out a moment ago"
	if got := strings.Join(texts, "; "); got != want {
		t.Errorf("steps = %s, want %s", got, want)
	}
}
