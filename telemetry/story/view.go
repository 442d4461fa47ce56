package story

import (
	"cmp"
	"slices"
	"time"
)

// View is a story as JSON.
type View struct {
	TraceID string       `json:"trace_id"`
	At      string       `json:"at"`
	Method  string       `json:"method"`
	Route   string       `json:"route,omitempty"`
	Status  int          `json:"status"`
	Outcome string       `json:"outcome"`
	Problem string       `json:"problem,omitempty"`
	TookMS  float64      `json:"took_ms"`
	Sources []SourceView `json:"sources,omitempty"`
	Steps   []StepView   `json:"steps,omitempty"`
	Lost    int          `json:"lost,omitempty"`
}

// SourceView is a source as JSON.
type SourceView struct {
	Name      string       `json:"name"`
	State     string       `json:"state"`
	AgeS      *int64       `json:"age_s,omitempty"`
	Attempts  int          `json:"attempts"`
	TookMS    float64      `json:"took_ms"`
	Error     *ErrorView   `json:"error,omitempty"`
	Collapsed bool         `json:"collapsed,omitempty"`
	Unused    bool         `json:"unused,omitempty"`
	Sources   []SourceView `json:"sources,omitempty"`
}

// ErrorView is an error as JSON.
type ErrorView struct {
	Code   string `json:"code"`
	Detail string `json:"detail,omitempty"`
}

// StepView is a step as JSON.
type StepView struct {
	AtMS   float64 `json:"at_ms"`
	Source string  `json:"source"`
	What   What    `json:"what"`
	Text   string  `json:"text"`
}

// Time is a time as the console writes it.
func Time(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

// Milliseconds rounds to one decimal.
func Milliseconds(d time.Duration) float64 {
	return float64(d.Round(100*time.Microsecond).Microseconds()) / 1e3
}

// Short is the story without sources and steps.
func (s *Story) Short() View {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.short()
}

func (s *Story) short() View {
	v := View{
		TraceID: s.id.String(), At: Time(s.at), Method: s.method, Route: s.route, Status: s.status,
		Problem: s.problem, TookMS: Milliseconds(s.took), Outcome: "complete",
	}
	switch {
	case s.problem != "":
		v.Outcome = "problem"
	case s.degraded:
		v.Outcome = "degraded"
	}
	return v
}

// View is the whole story.
func (s *Story) View() View {
	s.mu.Lock()
	defer s.mu.Unlock()
	v := s.short()
	v.Sources, v.Lost = viewsOf(s.sources), s.lost
	v.Steps = fromMemory(nil, s.sources)
	for i := range s.steps {
		step := &s.steps[i]
		v.Steps = append(v.Steps, StepView{Milliseconds(step.at), step.Source, step.What, step.text()})
	}
	slices.SortStableFunc(v.Steps, func(a, b StepView) int { return cmp.Compare(a.AtMS, b.AtMS) })
	return v
}

func viewsOf(sources []Source) (views []SourceView) {
	for _, s := range sources {
		v := SourceView{
			Name: s.Name, State: s.State, Attempts: s.Attempts, TookMS: Milliseconds(s.Took),
			Collapsed: s.Collapsed, Unused: s.Unused, Sources: viewsOf(s.Sources),
		}
		if s.Useful {
			v.AgeS = new(int64(s.Age / time.Second))
		}
		if s.Code != "" {
			v.Error = &ErrorView{s.Code, s.Detail}
		}
		views = append(views, v)
	}
	return views
}

// fromMemory adds the steps of sources that the cache answered. They are not recorded,
// because that would cost time in each answer from memory.
func fromMemory(steps []StepView, sources []Source) []StepView {
	for _, s := range sources {
		if len(s.Sources) > 0 {
			steps = fromMemory(steps, s.Sources)
			continue
		}
		if s.Asked {
			continue
		}
		text := ""
		switch s.State {
		case "cached":
			text = "served from memory, " + Duration(s.Age) + " old"
		case "revalidating":
			text = "served from memory, " + Duration(s.Age) + " old, while it is refreshed in the background"
		case "stale":
			text = "served from memory, " + Duration(s.Age) + " old, because of " + Cause(s.Code) + " a moment ago"
		case "failed":
			text = "not asked, because of " + Cause(s.Code) + " a moment ago"
		default:
			continue
		}
		steps = append(steps, StepView{0, s.Name, FromMemory, text})
	}
	return steps
}
