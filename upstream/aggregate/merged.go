package aggregate

import (
	"encoding/json"
	"sync/atomic"
	"time"
)

// Merged is a merge with its encodings. It is cached while the reports stay the same, so
// that a request with cached reports merges and encodes nothing. Once a form is encoded,
// the value is no longer kept beside it: a place is mostly asked for in one form, and
// another one can be made of the same reports.
type Merged[R, M any] struct {
	value   atomic.Pointer[M] // nil: it has been encoded
	at      time.Time         // of the merge
	reports []*R
	used    []bool
	encoded []atomic.Pointer[Encoded] // by form
}

// Encode returns the JSON of what present returns for the merge about q, in one of the
// forms, counted from 0. Each form is encoded once.
func (m *Merger[Q, R, M]) Encode(q Q, merged *Merged[R, M], form int, present func(*M) any) (Encoded, error) {
	if e := merged.encoded[form].Load(); e != nil {
		return *e, nil
	}
	value := merged.value.Swap(nil)
	if value == nil {
		value, _ = m.Merge(q, merged.at, merged.reports)
	}
	body, err := json.Marshal(present(value))
	if err != nil {
		return Encoded{}, err
	}
	e := &Encoded{JSON: body, Tag: Tag(body)}
	merged.encoded[form].Store(e)
	return *e, nil
}
