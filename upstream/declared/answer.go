package declared

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"tributary/upstream"
	"tributary/upstream/aggregate"
	"tributary/upstream/declared/jsontree"
)

// Query is one request to an endpoint.
type Query struct {
	Parameters []json.RawMessage // in the order of Endpoint.Parameters; nil: not given
	Directives upstream.Directives
	Caller     *Caller // nil: the caller has no token of its own
}

// Answer asks for all parts of an endpoint and makes its data of them. The outcomes
// are those of the parts, in the order of the file. The error is an
// *aggregate.NoAnswerError when a required part has no value, or when no part has one
// and none is skipped, and a *CallerRefusedError when that is because the caller's token
// was refused; it wraps a *ParameterError for each value that cannot be asked for;
// and it wraps aggregate.ErrSwitchedOff if a required part's upstream is disabled.
func (t *Table) Answer(ctx context.Context, e *Endpoint, q Query) (aggregate.Encoded, []aggregate.Outcome, error) {
	r, err := t.newRun(e, &q)
	if err != nil {
		return aggregate.Encoded{}, nil, err
	}
	r.gather(ctx)
	outcomes := r.outcomes()
	if err := r.problem(e, outcomes); err != nil {
		return aggregate.Encoded{}, nil, err
	}
	data, faults, err := t.data(e, r)
	if err != nil {
		return aggregate.Encoded{}, nil, err
	}
	r.tell(outcomes, faults)
	return data, outcomes, nil
}

// parameters sets the values of the parameters.
func (v values) parameters(given []json.RawMessage) error {
	for i, raw := range given {
		if raw == nil {
			continue
		}
		if single, ok := jsontree.Single(raw); ok {
			v[i].node = single
			continue
		}
		tree, err := jsontree.Parse(raw)
		if err != nil {
			return err
		}
		v[i].node = tree.Root()
	}
	return nil
}

// outcomes are what became of the parts, in the order of the file.
func (r *run) outcomes() []aggregate.Outcome {
	all := make([]aggregate.Outcome, len(r.parts))
	for i := range r.parts {
		all[r.parts[i].part.listed] = r.parts[i].outcome()
	}
	return all
}

// problem is why there is no answer, nil if there is one.
func (r *run) problem(e *Endpoint, outcomes []aggregate.Outcome) error {
	failed, useful, skipped := false, false, false
	for i := range r.parts {
		p := &r.parts[i]
		useful = useful || p.has
		skipped = skipped || outcomes[p.part.listed].State == upstream.Skipped
		if p.part.required && !p.has {
			if p.switchedOff {
				return fmt.Errorf("the upstream of part %s is %w", p.part.name, aggregate.ErrSwitchedOff)
			}
			failed = true
		}
	}
	if failed || !useful && !skipped {
		if err := r.wrongParameters(e, outcomes, failed); err != nil {
			return err
		}
	}
	switch {
	case failed:
		return noAnswer(r.required(outcomes), r.refused(outcomes, true))
	case !useful && !skipped:
		refused := r.refused(outcomes, false)
		if len(refused) < len(outcomes) {
			refused = nil // another part may have a value later
		}
		return noAnswer(outcomes, refused)
	}
	return nil
}

// noAnswer is the error for sources without a value. refused are those parts that
// failed because the caller's token was refused, if the caller is to be told so.
func noAnswer(sources, refused []aggregate.Outcome) error {
	if len(refused) > 0 {
		return &CallerRefusedError{refused[0].Err.Code, refused[0].Name, sources}
	}
	return &aggregate.NoAnswerError{Subject: "what was asked for", Sources: sources}
}

// refused are the outcomes of the parts, or of the required ones alone, that failed
// because the caller's token was refused.
func (r *run) refused(outcomes []aggregate.Outcome, required bool) (all []aggregate.Outcome) {
	for i := range r.parts {
		p := &r.parts[i]
		if o := outcomes[p.part.listed]; p.callerRefused(o) && (p.part.required || !required) {
			all = append(all, o)
		}
	}
	return all
}

// required are the outcomes of the required parts: the others were given up.
func (r *run) required(outcomes []aggregate.Outcome) (all []aggregate.Outcome) {
	for i := range r.parts {
		if p := r.parts[i].part; p.required {
			all = append(all, outcomes[p.listed])
		}
	}
	return all
}

// tell adds what could not be computed to the outcome of the part that it reads.
func (r *run) tell(outcomes []aggregate.Outcome, faults []fault) {
	for _, f := range faults {
		at := slices.IndexFunc(r.parts, func(p running) bool { return p.part.root == f.root })
		if at < 0 {
			continue // it reads parameters only
		}
		if o := &outcomes[r.parts[at].part.listed]; o.Err == nil {
			o.Err = upstream.Errorf(upstream.CodeInvalidResponse, "a value could not be computed: %s", f.text)
		}
	}
}
