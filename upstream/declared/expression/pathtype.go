package expression

import (
	"fmt"

	"tributary/upstream/declared/shape"
)

// Type is the type of what a path leads to, as the schemas have it; never nil
// without a mistake.
func (e *Env) Type(p Path) (*shape.Type, *Mistake) {
	t := e.item
	switch {
	case p.Root != "":
		if t = e.roots[p.Root]; t == nil {
			return nil, &Mistake{Rule: "unknown name " + p.Root}
		}
	case t == nil:
		return nil, &Mistake{Rule: "there is no item here"}
	}
	for _, step := range p.Steps {
		var mistake *Mistake
		if t, mistake = e.step(t, step); mistake != nil {
			return nil, mistake
		}
		if t == nil {
			t = &shape.Type{} // nothing is known of it
		}
	}
	return t, nil
}

func (e *Env) step(t *shape.Type, s Step) (*shape.Type, *Mistake) {
	refuse := func(format string, args ...any) (*shape.Type, *Mistake) {
		return nil, &Mistake{s.Offset, fmt.Sprintf(format, args...)}
	}
	if s.Kind == ByLookup {
		key, mistake := e.Type(*s.Lookup)
		if mistake != nil {
			return nil, mistake
		}
		if key.Kind != shape.Text && key.Kind != shape.Integer && key.Kind != shape.Any {
			return refuse("a key is text or an integer, not %s", key.Kind)
		}
	}
	switch {
	case t.Kind == shape.Any:
		return t, nil
	case s.Kind == ByIndex && t.Kind == shape.List:
		return t.Items, nil
	case s.Kind == ByIndex:
		return refuse("%s has no items", t.Kind)
	case t.Kind != shape.Object:
		return refuse("%s has no members", t.Kind)
	case s.Kind == ByLookup:
		return t.Rest, nil
	}
	member := t.Field(s.Key)
	if member == nil {
		return refuse("unknown field %s", s.Key)
	}
	return member, nil
}
