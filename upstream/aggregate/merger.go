package aggregate

import (
	"context"
	"encoding/json"
	"slices"
	"sync/atomic"
	"time"

	"tributary/cache"
	"tributary/upstream"
)

// mergedFor is how long a merge is kept for reports that do not change.
const mergedFor = time.Hour

// Provider is one source of reports, and the attribution that its licence requires.
type Provider[Q, R any] struct {
	Source      *upstream.Source[Q, *R]
	Attribution string
}

// Merger asks several providers the same question and merges their reports R
// into one M. It is safe for concurrent use.
type Merger[Q, R, M any] struct {
	MergerConfig[Q, R, M]
	memory *cache.Memory
}

// MergerConfig is what a merger is made of.
type MergerConfig[Q, R, M any] struct {
	Providers []Provider[Q, R] // in the order that decides ties
	Patience  time.Duration    // for the others, once one has answered

	// At is the entry of a report that is about now. Nil: the report itself.
	At func(r *R, now time.Time) *R

	// Merge merges reports, nil where a provider has none; used says for each
	// whether any field of the result is made of it. There is at least one.
	Merge func(now time.Time, reports []*R) (merged *M, used []bool)
}

// NewMerger makes a merger. Merges are kept in store, beside the answers that
// they are made of.
func NewMerger[Q, R, M any](store *cache.Store, cfg MergerConfig[Q, R, M]) *Merger[Q, R, M] {
	return &Merger[Q, R, M]{MergerConfig: cfg, memory: store.NewMemory()}
}

// Merged is a merge with its encodings. It is kept for as long as the reports
// stay the same: a request that the cache can answer merges and encodes nothing.
type Merged[R, M any] struct {
	Value   *M
	reports []*R
	used    []bool
	encoded [2]atomic.Pointer[Encoded]
}

// Ask asks all providers side by side. key says what is merged for whom: equal
// keys, equal encodings. The merge is nil if no provider has a report.
func (m *Merger[Q, R, M]) Ask(ctx context.Context, q Q, key string, d upstream.Directives) (*Merged[R, M], []Outcome) {
	slots := make([]Slot[Q, *R], len(m.Providers))
	parts := make([]Part, len(slots))
	for i, p := range m.Providers {
		slots[i] = NewSlot(p.Source, q, d)
		parts[i] = &slots[i]
	}
	Gather(ctx, m.Patience, parts...)

	now := time.Now()
	reports := make([]*R, len(slots))
	for i := range slots {
		if r := slots[i].Answer.Value; slots[i].Useful() {
			if m.At != nil {
				r = m.At(r, now)
			}
			reports[i] = r
		}
	}
	merged := m.merge(key, reports, now)
	outcomes := make([]Outcome, len(slots))
	for i, p := range m.Providers {
		outcomes[i] = slots[i].Outcome()
		outcomes[i].Attribution = p.Attribution
		outcomes[i].Unused = reports[i] != nil && !merged.used[i]
	}
	return merged, outcomes
}

// merge is nil when no report is.
func (m *Merger[Q, R, M]) merge(key string, reports []*R, now time.Time) *Merged[R, M] {
	if e := m.memory.Get(key); e != nil {
		if kept := e.Value.(*Merged[R, M]); slices.Equal(kept.reports, reports) {
			return kept
		}
	}
	if !slices.ContainsFunc(reports, func(r *R) bool { return r != nil }) {
		return nil
	}
	merged := &Merged[R, M]{reports: reports}
	merged.Value, merged.used = m.Merge(now, reports)
	m.memory.Set(key, &cache.Entry{Value: merged, StoredAt: now, Windows: cache.FreshOnly(now, mergedFor)})
	return merged
}

// Encode is the JSON of the merge in one of two forms, 0 or 1, made by present
// and kept.
func (m *Merged[R, M]) Encode(form int, present func(*M) any) (Encoded, error) {
	if e := m.encoded[form].Load(); e != nil {
		return *e, nil
	}
	body, err := json.Marshal(present(m.Value))
	if err != nil {
		return Encoded{}, err
	}
	e := &Encoded{JSON: body, Tag: Tag(body)}
	m.encoded[form].Store(e)
	return *e, nil
}
