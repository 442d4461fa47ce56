package declared

import (
	"errors"

	"tributary/upstream"
	"tributary/upstream/aggregate"
)

// wrongParameters joins a *ParameterError for each part that failed, of the required
// ones if required is true. It is nil unless all of them failed because of what the
// caller gave, before anything was asked.
func (r *run) wrongParameters(e *Endpoint, outcomes []aggregate.Outcome, required bool) error {
	var all []error
	for i := range r.parts {
		p := r.parts[i].part
		o := &outcomes[p.listed]
		switch {
		case required && !p.required || o.State != upstream.Failed:
			continue
		case o.Err != nil && o.Err.Code == upstream.CodeCanceled:
			continue // given up, as another part failed
		case o.Err == nil || o.Err.Code != upstream.CodeBadRequest || o.Attempts > 0:
			return nil
		}
		parameter, ok := p.madeOf(e.Parameters)
		if !ok {
			return nil
		}
		all = append(all, &ParameterError{parameter, o.Err.Detail})
	}
	return errors.Join(all...)
}

// madeOf is a parameter of the endpoint that the part's question is made of: that of
// the keys of a batch, else the first. ok is false if the question is made of no
// parameter, or of another part as well.
func (p *part) madeOf(parameters []*Parameter) (name string, ok bool) {
	for _, a := range p.ask {
		for i, root := range a.value.roots() {
			if root >= len(parameters) {
				return "", false
			}
			if i == 0 && (name == "" || a.list) {
				name = parameters[root].Name
			}
		}
	}
	return name, name != ""
}
