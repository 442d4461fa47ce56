package aggregate

import (
	"errors"
	"slices"
	"strings"

	"tributary/upstream"
)

// Composite is the outcome of a part that is itself made of several sources. err is
// what asking for it has returned.
func Composite(name string, sources []Outcome, err error) Outcome {
	o := Outcome{Name: name, Sources: sources}
	if err != nil {
		o.Provenance, o.Sources = withoutValue(err)
	} else {
		o.Provenance, o.Attribution = used(sources)
	}
	return o
}

// used returns the provenance of a part, which is that of the sources whose data it has,
// and their attributions. The other sources are only listed under the part.
func used(sources []Outcome) (p upstream.Provenance, attribution string) {
	var (
		went    []upstream.Provenance
		credits []string
	)
	for _, o := range sources {
		if !o.Useful() || o.Unused {
			continue
		}
		went = append(went, o.Provenance)
		if o.Attribution != "" && !slices.Contains(credits, o.Attribution) {
			credits = append(credits, o.Attribution)
		}
	}
	if len(went) == 0 {
		return upstream.Provenance{State: upstream.Live}, ""
	}
	return Together(went[0], went[1:]...), strings.Join(credits, "; ")
}

// withoutValue returns the provenance of a part without a value, and the outcomes of its
// sources. The part is skipped if no source was asked, or if no source has the thing;
// otherwise it has failed.
func withoutValue(err error) (upstream.Provenance, []Outcome) {
	if errors.Is(err, ErrSwitchedOff) {
		return upstream.Provenance{State: upstream.Skipped}, nil
	}
	var none *NoAnswerError
	if !errors.As(err, &none) || len(none.Sources) == 0 {
		return upstream.Provenance{State: upstream.Failed, Err: upstream.Errorf(upstream.CodeInvalidResponse, "its answer cannot be read")}, nil
	}
	all := make([]upstream.Provenance, len(none.Sources))
	for i, o := range none.Sources {
		all[i] = o.Provenance
	}
	return Together(all[0], all[1:]...), none.Sources
}
