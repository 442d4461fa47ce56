package aggregate

import (
	"context"
	"sync"
	"time"

	"tributary/upstream"
)

// Node is a part of a Graph.
type Node struct {
	Part

	// After are the indexes of the nodes whose answers this one needs in order to
	// know its question. They stand before it in the graph. The part's Now is not
	// called, and it is not asked, before all of them have an answer, which may be
	// one without a value.
	After []int

	// Required says that without a value of this part there is no answer at all.
	Required bool
}

// Graph is Gather for parts that need each other's answers. Each part is asked as
// soon as those that it comes after have their answers.
//
// Once there is something to give, a part is waited for no longer than patience
// since it could be asked; ctx bounds everything. There is something to give when
// every required part has a value, or an old one for when asking fails. Without
// required parts it is as in Gather: when any part has. When a required part has
// no value, the others are given up: those not yet asked are never asked.
func Graph(ctx context.Context, patience time.Duration, nodes ...Node) {
	g := graph{nodes: nodes, patience: patience, start: time.Now(), runs: make([]run, len(nodes))}
	for _, n := range nodes {
		if n.Required {
			g.required, g.missing = true, g.missing+1
		}
	}
	if asked := g.now(ctx); len(asked) > 0 {
		g.ask(ctx, asked)
	}
}

// graph is a Graph while its parts are asked.
type graph struct {
	nodes    []Node
	runs     []run
	patience time.Duration
	start    time.Time
	required bool // a part is

	armed  context.Context // done when there is something to give
	arm    context.CancelFunc
	giveUp context.CancelFunc

	mu      sync.Mutex // guards what follows
	missing int        // required parts without a value
	held    int        // of the missing ones, those with an old value
	some    bool       // a part has a value, or an old one
	failed  bool       // a required part has no value
}

// run is what becomes of a node.
type run struct {
	ready   bool          // it could be asked from the start
	settled chan struct{} // closed when it has its answer; nil: it had one from the start
	held    bool          // counted in graph.held
}

// now answers what can be answered without waiting, in the order of the nodes, and
// returns the others. When a required part has no value there are none.
func (g *graph) now(ctx context.Context) (asked []int) {
	for i, n := range g.nodes {
		if g.isReady(n) {
			done, held := n.Now(ctx, g.start)
			if done {
				if g.settle(i); g.failed {
					return nil
				}
				continue
			}
			g.hold(i, held)
			g.runs[i].ready = true
		}
		g.runs[i].settled = make(chan struct{})
		asked = append(asked, i)
	}
	return asked
}

func (g *graph) isReady(n Node) bool {
	for _, i := range n.After {
		if g.runs[i].settled != nil {
			return false
		}
	}
	return true
}

// ask asks nodes side by side, and returns when all have their answers.
func (g *graph) ask(ctx context.Context, asked []int) {
	ctx, g.giveUp = context.WithCancel(ctx)
	defer g.giveUp()
	g.mu.Lock()
	g.armed, g.arm = context.WithCancel(context.Background())
	g.armIfDue()
	g.mu.Unlock()
	defer g.arm()
	early, stop := g.within(ctx, g.start)
	defer stop()

	var (
		wg     sync.WaitGroup
		panics Panics
	)
	one := func(i int) {
		defer panics.Catch()
		g.askOne(ctx, early, i)
	}
	for _, i := range asked[1:] {
		wg.Go(func() { one(i) })
	}
	one(asked[0]) // here: a lone part needs no goroutine
	wg.Wait()
	panics.Repanic()
}

// askOne asks one node: within early if it could be asked from the start, else when
// those that it comes after have their answers. Their waits end by themselves.
func (g *graph) askOne(ctx, early context.Context, i int) {
	n, r := g.nodes[i], &g.runs[i]
	defer close(r.settled)
	defer g.settle(i) // even after a panic: others wait for it
	if r.ready {
		n.Ask(early)
		return
	}
	for _, before := range n.After {
		if settled := g.runs[before].settled; settled != nil {
			<-settled
		}
	}
	if g.hasFailed() {
		return
	}
	now := time.Now()
	done, held := n.Now(ctx, now)
	if done {
		return
	}
	g.hold(i, held)
	ctx, stop := g.within(ctx, now)
	defer stop()
	n.Ask(ctx)
}

// within is ctx, ended when patience is over since a time, but not before there is
// something to give.
func (g *graph) within(ctx context.Context, since time.Time) (_ context.Context, stop func()) {
	ctx, end := context.WithCancelCause(ctx)
	ctx = upstream.WithOthers(ctx, g.armed.Done())
	disarm := context.AfterFunc(g.armed, func() {
		timer := time.AfterFunc(g.patience-time.Since(since), func() { end(upstream.ErrPatience) })
		context.AfterFunc(ctx, func() { timer.Stop() })
	})
	return ctx, func() {
		disarm()
		end(nil)
	}
}

// hold remembers that a node has an old value for when asking fails.
func (g *graph) hold(i int, held bool) {
	if !held {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.some = true; g.nodes[i].Required {
		g.runs[i].held = true
		g.held++
	}
	g.armIfDue()
}

// settle takes note of a node's answer.
func (g *graph) settle(i int) {
	n, useful := g.nodes[i], g.nodes[i].Useful()
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case !useful && n.Required:
		if g.failed = true; g.giveUp != nil {
			g.giveUp()
		}
	case useful && n.Required:
		g.missing--
		if g.runs[i].held {
			g.held--
		}
	}
	g.some = g.some || useful
	g.armIfDue()
}

// armIfDue starts the clock of patience if there is something to give. g.mu is held.
func (g *graph) armIfDue() {
	if g.arm != nil && (g.required && g.missing == g.held || !g.required && g.some) {
		g.arm()
	}
}

func (g *graph) hasFailed() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.failed
}
