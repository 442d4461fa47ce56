package aggregate

import (
	"context"
	"sync"
)

// Own collects what each source of a merge says itself. Operators compare it with the
// merge; no answer of the API has it. It is safe for concurrent use.
type Own struct {
	mu      sync.Mutex
	reports []OwnReport
}

// OwnReport is what one source says. Its value becomes JSON.
type OwnReport struct {
	Source string `json:"source"`
	Values any    `json:"values"`
}

type ownKey struct{}

// WithOwn returns a context for a request whose sources' own reports are collected in own.
func WithOwn(ctx context.Context, own *Own) context.Context {
	return context.WithValue(ctx, ownKey{}, own)
}

// Reports are those that were collected so far.
func (o *Own) Reports() []OwnReport {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.reports
}

// collect adds the reports of a merge, if somebody collects them.
func (m *Merger[Q, R, M]) collect(ctx context.Context, merged *Merged[R, M]) {
	own, _ := ctx.Value(ownKey{}).(*Own)
	if own == nil || m.Own == nil || merged == nil {
		return
	}
	own.mu.Lock()
	defer own.mu.Unlock()
	for i, r := range merged.reports {
		if r != nil {
			own.reports = append(own.reports, OwnReport{m.Providers[i].Source.Name(), m.Own(r)})
		}
	}
}
