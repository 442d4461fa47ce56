package api

import (
	"cmp"
	"net/http"
	"slices"

	"tributary/telemetry/story"
	"tributary/upstream"
	"tributary/upstream/aggregate"
)

// recordAnswer records in the story of a request what its answer is made of.
func recordAnswer(r *http.Request, degraded bool, sources []aggregate.Outcome) {
	if s := story.FromContext(r.Context()); s != nil {
		s.Answered(degraded, storySources(sources))
	}
}

// recordProblem records in the story of a request that it got a problem.
func recordProblem(r *http.Request, p *problem) {
	if s := story.FromContext(r.Context()); s != nil {
		s.Refused(p.Code, storySources(p.sources))
	}
}

// recordBatch is recordAnswer for a batch. Sources of the same name become one source of
// the story.
func recordBatch(r *http.Request, degraded bool, sources []aggregate.Outcome) {
	if s := story.FromContext(r.Context()); s != nil {
		s.Answered(degraded, storySources(together(sources)))
	}
}

// together merges the outcomes of the same name into one.
func together(sources []aggregate.Outcome) (merged []aggregate.Outcome) {
	for _, o := range sources {
		i := slices.IndexFunc(merged, func(m aggregate.Outcome) bool { return m.Name == o.Name })
		if i < 0 {
			o.Sources = together(o.Sources)
			merged = append(merged, o)
			continue
		}
		m := &merged[i]
		m.Provenance = upstream.Together(m.Provenance, o.Provenance)
		m.Unused = m.Unused && o.Unused
		m.Sources = together(append(slices.Clone(m.Sources), o.Sources...))
	}
	return merged
}

// storySources are outcomes as a story has them: without the providers' own words.
func storySources(sources []aggregate.Outcome) []story.Source {
	if len(sources) == 0 {
		return nil
	}
	list := make([]story.Source, len(sources))
	for i := range sources {
		o := &sources[i]
		list[i] = story.Source{
			Name: cmp.Or(o.Source, o.Origin, o.Name), State: string(o.State), Useful: o.Useful(), Age: o.Age, Attempts: o.Attempts, Took: o.Latency,
			Collapsed: o.Collapsed, Unused: o.Unused, Asked: o.Forward != upstream.NotForwarded, Sources: storySources(o.Sources),
		}
		if o.Err != nil {
			list[i].Code, list[i].Detail = string(o.Err.Code), o.Err.Brief()
		}
	}
	return list
}
