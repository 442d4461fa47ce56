package expression

import (
	"encoding/json"
	"errors"

	"github.com/expr-lang/expr/vm/runtime"
)

func isList(v any) (any, error) {
	if list, ok := v.([]any); ok {
		return list, nil
	}
	return nil, errType
}

// absentIsNil is what ?? and a comparison with nil make of an attempt.
func absentIsNil(v any, err error) (any, error) {
	if errors.Is(err, errAbsent) {
		return nil, nil
	}
	return v, err
}

// in reports whether a list has an item, or an object a member.
func in(m *machine, item, of any) (any, error) {
	switch of := of.(type) {
	case map[string]any:
		name, ok := memberName(item)
		return ok && of[name] != nil, nil
	case Lookup:
		v, err := lookup(of, item)
		return v != nil, err
	case []any:
		for _, other := range of {
			same, err := equal(m, other, item)
			if err != nil {
				return nil, err
			}
			if same == true {
				return true, nil
			}
		}
		return false, m.charge(1)
	}
	return nil, errType
}

// equal compares any two values.
func equal(m *machine, a, b any) (any, error) {
	if err := m.weigh(a); err != nil {
		return nil, err
	}
	return runtime.Equal(a, b), nil
}

// extreme is the number that comes first, of the arguments and of those in lists.
func extreme(m *machine, before func(a, b any) bool, args []any) (any, error) {
	var best any
	for _, v := range args {
		switch of := v.(type) {
		case []any:
			if err := m.charge(len(of)); err != nil {
				return nil, err
			}
			var err error
			if v, err = extreme(m, before, of); err != nil {
				return nil, err
			}
			if v == nil {
				continue
			}
		case int, float64:
		case nil:
			return nil, errAbsent
		default:
			return nil, errType
		}
		if best == nil || before(v, best) {
			best = v
		}
	}
	return best, nil
}

// uniq is a list without what came before in it. Numbers are the same if they are
// written the same: all items of a list have one type.
func uniq(m *machine, args []any) (any, error) {
	list, ok := args[0].([]any)
	if !ok {
		return nil, errType
	}
	if err := m.charge(uniqWork * len(list)); err != nil {
		return nil, err
	}
	if err := m.weigh(list); err != nil {
		return nil, err
	}
	known := make(map[any]struct{}, len(list))
	out := make([]any, 0, len(list))
	for _, item := range list {
		key, err := comparable(item)
		if err != nil {
			return nil, err
		}
		if _, ok := known[key]; !ok {
			known[key] = struct{}{}
			out = append(out, item)
		}
	}
	return out, nil
}

// written is a list or an object as JSON, as the key of a map.
type written string

func comparable(v any) (any, error) {
	switch v.(type) {
	case []any, map[string]any:
		b, err := json.Marshal(v) // members in the order of their names
		return written(b), err
	}
	return v, nil
}
