package aggregate

import (
	"cmp"
	"context"
	"slices"
	"sync/atomic"
	"time"

	"tributary/cache"
	"tributary/upstream"
)

// mergedFor is how long a merge is cached while its reports stay the same.
const mergedFor = time.Hour

// Provider is one source of reports, and the attribution that its licence requires.
type Provider[Q, R any] struct {
	Source      Source[Q, *R]
	Batch       *upstream.Batch[Q, *R] // of Source, for many questions in one call; nil: it has none
	Attribution string
}

// Merger asks several providers the same question and merges their reports R
// into one M. It is safe for concurrent use.
type Merger[Q, R, M any] struct {
	MergerConfig[Q, R, M]
	memory *cache.Memory
}

// MergerConfig configures a Merger.
type MergerConfig[Q, R, M any] struct {
	Providers []Provider[Q, R] // in the order that decides ties
	Patience  time.Duration    // for the others, once one has answered

	// At returns the entry of a report that is valid now. nil: the report itself.
	At func(r *R, now time.Time) *R

	// Merge merges reports about q, at least one of which is not nil. A nil report stands
	// for a provider without one. used says for each whether a field of the result uses it.
	Merge func(q Q, now time.Time, reports []*R) (merged *M, used []bool)

	// Own is a report as operators see it beside the merge; see [WithOwn]. nil: they do not.
	Own func(r *R) any

	// Forms is the number of forms in which a merge is encoded; 0 means two.
	Forms int
}

// NewMerger returns a merger that caches its merges in store.
func NewMerger[Q, R, M any](store *cache.Store, cfg MergerConfig[Q, R, M]) *Merger[Q, R, M] {
	return &Merger[Q, R, M]{MergerConfig: cfg, memory: store.NewMemory()}
}

// Ask asks all providers at the same time and returns the merge, nil if no provider has
// a report. Equal keys must have equal questions and encodings, because the merge is
// cached by key.
func (m *Merger[Q, R, M]) Ask(ctx context.Context, q Q, key string, d upstream.Directives) (*Merged[R, M], []Outcome) {
	now := time.Now()
	var room [usualProviders]known[*R]
	looked, all := room[:0], true
	for _, p := range m.Providers {
		var k known[*R]
		k.key = p.Source.Key(q)
		k.answer, k.done, k.held = p.Source.Lookup(ctx, now, q, k.key, d)
		looked, all = append(looked, k), all && k.done
	}
	var (
		merged   *Merged[R, M]
		outcomes []Outcome
	)
	if all {
		merged, outcomes = m.conclude(q, looked, key, now)
	} else {
		merged, outcomes = m.ask(ctx, q, looked, key, d)
	}
	m.collect(ctx, merged)
	return merged, outcomes
}

// usualProviders is the number of providers up to which the answers that are in the cache
// need no allocation.
const usualProviders = 4

// known is what the cache has for a question to a source.
type known[A any] struct {
	key        string
	answer     upstream.Answer[A]
	done, held bool // as a Part has them
}

// ask asks those providers whose answers are not known.
func (m *Merger[Q, R, M]) ask(ctx context.Context, q Q, looked []known[*R], key string, d upstream.Directives) (*Merged[R, M], []Outcome) {
	slots := make([]Slot[Q, *R], len(looked))
	for i, k := range looked {
		slots[i] = Slot[Q, *R]{Answer: k.answer, source: m.Providers[i].Source, q: q, key: k.key, directives: d, looked: true, done: k.done, held: k.held}
	}
	m.gather(ctx, slots)
	return m.conclude(q, answersOf(slots), key, time.Now())
}

// gather answers the slots of one question, one for each provider.
func (m *Merger[Q, R, M]) gather(ctx context.Context, slots []Slot[Q, *R]) {
	parts := make([]Part, len(slots))
	for i := range slots {
		parts[i] = &slots[i]
	}
	Gather(ctx, m.Patience, parts...)
}

func answersOf[Q, A any](slots []Slot[Q, A]) []known[A] {
	all := make([]known[A], len(slots))
	for i := range slots {
		all[i].answer = slots[i].Answer
	}
	return all
}

// conclude merges the answers of one question.
func (m *Merger[Q, R, M]) conclude(q Q, answers []known[*R], key string, now time.Time) (*Merged[R, M], []Outcome) {
	var room [usualProviders]*R
	reports := room[:0]
	for i := range answers {
		var report *R
		if a := &answers[i].answer; a.Useful() {
			if report = a.Value; m.At != nil {
				report = m.At(report, now)
			}
		}
		reports = append(reports, report)
	}
	merged := m.merge(q, key, reports, now)
	outcomes := make([]Outcome, len(answers))
	for i, p := range m.Providers {
		outcomes[i] = Outcome{
			Name: p.Source.Name(), Attribution: p.Attribution, Provenance: answers[i].answer.Provenance,
			Unused: reports[i] != nil && !merged.used[i],
		}
	}
	return merged, outcomes
}

// merge returns the cached merge of these reports or makes it; nil without a report.
func (m *Merger[Q, R, M]) merge(q Q, key string, reports []*R, now time.Time) *Merged[R, M] {
	if e := m.memory.Get(key); e != nil {
		if kept := e.Value.(*Merged[R, M]); slices.Equal(kept.reports, reports) {
			return kept
		}
	}
	if !slices.ContainsFunc(reports, func(r *R) bool { return r != nil }) {
		return nil
	}
	own := slices.Clone(reports) // those of the caller are on its stack
	merged := &Merged[R, M]{reports: own, at: now, encoded: make([]atomic.Pointer[Encoded], cmp.Or(m.Forms, 2))}
	value, used := m.Merge(q, now, own)
	merged.used = used
	merged.value.Store(value)
	m.memory.Set(key, cache.NewEntry(merged, now, cache.FreshOnly(now, mergedFor)))
	return merged
}
