package upstream_test

import (
	"context"
	"testing"
	"time"

	"tributary/upstream"
	"tributary/upstream/aggregate"
)

// member is one part of a graph under test.
type member struct {
	*fake
	behaves behaviour
	source  source
	later   aggregate.Later[string, string]
	node    aggregate.Node
}

// part is a member that behaves, is asked for "a", and comes after others: then it
// has a question only if all of them have a value.
func part(t *testing.T, b behaviour, after ...*member) *member {
	t.Helper()
	m := &member{fake: newFake(b), behaves: b}
	_, m.source = serve(t, m.fake, noRetries)
	m.later = aggregate.Later[string, string]{Name: "things", Source: m.source, Question: func() (string, bool) {
		for _, before := range after {
			if !before.later.Useful() {
				return "", false
			}
		}
		return "a", true
	}}
	m.node.Part = &m.later
	return m
}

// old gives a member a value that is too old to be served without asking.
func (m *member) old() *member {
	m.Now(well)
	ask(m.source, "a")
	time.Sleep(time.Hour)
	m.Now(m.behaves)
	return m
}

func required(m *member) *member {
	m.node.Required = true
	return m
}

func after1(index int, m *member) *member { return afterAll([]int{index}, m) }

func afterAll(indexes []int, m *member) *member {
	m.node.After = indexes
	return m
}

func in(d time.Duration) behaviour { return after(d*time.Millisecond, well) }

func graph(ctx context.Context, members ...*member) time.Duration {
	nodes := make([]aggregate.Node, len(members))
	for i, m := range members {
		nodes[i] = m.node
	}
	return took(func() { aggregate.Graph(ctx, patience, nodes...) })
}

func (m *member) want(t *testing.T, state upstream.State, code upstream.Code) {
	t.Helper()
	want(t, m.later.Answer, state, code)
}

func TestLead(t *testing.T) {
	lead := func(ctx context.Context, leader, beside, follower *member) time.Duration {
		return took(func() {
			aggregate.Lead(ctx, patience, leader.node.Part, []aggregate.Part{beside.node.Part}, []aggregate.Part{follower.node.Part})
		})
	}
	for name, tt := range map[string]struct {
		leader, beside, follower behaviour
		within                   time.Duration // of the request; 0: no limit
		takes                    time.Duration
		states                   [3]upstream.State
		codes                    [3]upstream.Code
	}{
		"waits for a part that could be asked only after a slow leader": {
			in(700), in(100), in(300), 0, time.Second,
			[3]upstream.State{upstream.Live, upstream.Live, upstream.Live}, [3]upstream.Code{}},
		"waits for such a part no longer than patience from then on": {
			in(700), in(100), hangs, 0, 1500 * time.Millisecond,
			[3]upstream.State{upstream.Live, upstream.Live, upstream.Failed}, [3]upstream.Code{"", "", upstream.CodeTimeout}},
		"waits for such a part no longer than the request lasts": {
			in(700), in(100), hangs, time.Second, time.Second,
			[3]upstream.State{upstream.Live, upstream.Live, upstream.Failed}, [3]upstream.Code{"", "", upstream.CodeTimeout}},
		"waits for a part beside the leader no longer than patience from the start": {
			in(700), hangs, in(0), 0, 800 * time.Millisecond,
			[3]upstream.State{upstream.Live, upstream.Failed, upstream.Live}, [3]upstream.Code{"", upstream.CodeTimeout, ""}},
		"waits for a leader that is slower than patience": {
			in(1000), in(100), in(300), 0, 1300 * time.Millisecond,
			[3]upstream.State{upstream.Live, upstream.Live, upstream.Live}, [3]upstream.Code{}},
		"gives up the part beside a leader without a value, and asks no other": {
			after(500*time.Millisecond, answers(404, "")), hangs, in(0), 0, 500 * time.Millisecond,
			[3]upstream.State{upstream.Skipped, upstream.Failed, ""}, [3]upstream.Code{upstream.CodeNotFound, upstream.CodeCanceled, ""}},
	} {
		it(t, name, func(t *testing.T) {
			ctx := t.Context()
			if tt.within > 0 {
				limited, cancel := context.WithTimeout(ctx, tt.within)
				defer cancel()
				ctx = limited
			}
			leader := part(t, tt.leader)
			members := [3]*member{leader, part(t, tt.beside), part(t, tt.follower, leader)}
			wantTook(t, lead(ctx, members[0], members[1], members[2]), tt.takes)
			for i, m := range members {
				m.want(t, tt.states[i], tt.codes[i])
			}
		})
	}
	it(t, "asks what needs an old leader's answer when patience with the leader is over", func(t *testing.T) {
		leader := part(t, hangs).old()
		follower := part(t, in(300), leader)
		wantTook(t, lead(t.Context(), leader, part(t, well), follower), 1100*time.Millisecond)
		leader.want(t, upstream.Stale, upstream.CodeTimeout)
		follower.want(t, upstream.Live, "")
	})
}

func TestGraph(t *testing.T) {
	it(t, "asks each part as soon as those before it have answered", func(t *testing.T) {
		a := part(t, in(100))
		b, c := after1(0, part(t, in(100), a)), after1(0, part(t, in(200), a))
		d := afterAll([]int{1, 2}, part(t, in(100), b, c))
		wantTook(t, graph(t.Context(), a, b, c, d), 400*time.Millisecond)
		for _, m := range []*member{a, b, c, d} {
			m.want(t, upstream.Live, "")
		}
	})
	it(t, "does not starve the end of a chain", func(t *testing.T) {
		a := part(t, in(500))
		b := after1(0, part(t, in(500), a))
		c := after1(1, part(t, in(500), b))
		wantTook(t, graph(t.Context(), a, b, c), 1500*time.Millisecond)
		c.want(t, upstream.Live, "")
	})
	it(t, "is Gather where nothing comes after anything", func(t *testing.T) {
		a, b, c := part(t, in(100)), part(t, hangs), part(t, answers(404, ""))
		wantTook(t, graph(t.Context(), a, b, c), patience)
		a.want(t, upstream.Live, "")
		b.want(t, upstream.Failed, upstream.CodeTimeout)
		late := part(t, in(1000))
		wantTook(t, graph(t.Context(), late, b), time.Second)
		late.want(t, upstream.Live, "")
		old := part(t, hangs).old()
		wantTook(t, graph(t.Context(), old, part(t, hangs)), patience)
		old.want(t, upstream.Stale, upstream.CodeTimeout)
		wantTook(t, graph(t.Context()), 0)
	})
	it(t, "lets a part decide what it does without an answer before it", func(t *testing.T) {
		a := part(t, answers(500, ""))
		needs, does := after1(0, part(t, well, a)), after1(0, part(t, well))
		graph(t.Context(), a, needs, does)
		needs.want(t, upstream.Skipped, "")
		does.want(t, upstream.Live, "")
	})
	it(t, "does not ask for what it finds in the cache after waiting", func(t *testing.T) {
		var seen *spans
		a := part(t, in(500))
		b := after1(0, part(t, well, a))
		_, b.later.Source = serve(t, b.fake, func(c *config) { seen = traced(c) })
		ask(b.later.Source, "a")
		graph(t.Context(), a, b)
		b.want(t, upstream.Cached, "")
		seen.one(t, "things") // that of the first question
	})
	it(t, "takes no time when all is fresh", func(t *testing.T) {
		a := required(part(t, well))
		b := after1(0, part(t, well, a))
		graph(t.Context(), a, b)
		wantTook(t, graph(t.Context(), a, b), 0)
		b.want(t, upstream.Cached, "")
		wantSent(t, b.fake, 1)
	})
}

func TestGraphRequired(t *testing.T) {
	it(t, "has patience only when the last required part has answered", func(t *testing.T) {
		a := required(part(t, in(500)))
		b := required(after1(0, part(t, in(1500), a)))
		c := part(t, hangs)
		d := after1(0, part(t, hangs, a))
		wantTook(t, graph(t.Context(), a, b, c, d), 2*time.Second)
		b.want(t, upstream.Live, "")
		c.want(t, upstream.Failed, upstream.CodeTimeout)
		d.want(t, upstream.Failed, upstream.CodeTimeout)
	})
	it(t, "gives the others up when one has no value", func(t *testing.T) {
		a := required(part(t, in(100)))
		b := required(after1(0, part(t, after(100*time.Millisecond, answers(500, "")), a)))
		c := part(t, hangs)
		d := after1(1, part(t, well, b))
		wantTook(t, graph(t.Context(), a, b, c, d), 200*time.Millisecond)
		b.want(t, upstream.Failed, upstream.CodeServerError)
		c.want(t, upstream.Failed, upstream.CodeCanceled)
		wantSent(t, d.fake, 0)
	})
	it(t, "asks nobody when the cache knows that one has no value", func(t *testing.T) {
		a := required(part(t, answers(404, "")))
		ask(a.source, "a")
		b, c := part(t, hangs), after1(0, part(t, well, a))
		wantTook(t, graph(t.Context(), b, a, c), 0)
		wantSent(t, b.fake, 0)
		wantSent(t, c.fake, 0)
	})
	it(t, "has no patience for an old value while another has none", func(t *testing.T) {
		a, b := required(part(t, in(1000))), required(part(t, hangs).old())
		wantTook(t, graph(t.Context(), a, b), time.Second)
		a.want(t, upstream.Live, "")
		b.want(t, upstream.Stale, upstream.CodeTimeout)
	})
	it(t, "has no patience because of a part that has its new value by now", func(t *testing.T) {
		a, b, c := required(part(t, in(100)).old()), required(part(t, in(1500))), part(t, hangs)
		wantTook(t, graph(t.Context(), a, b, c), 1500*time.Millisecond)
		b.want(t, upstream.Live, "")
		c.want(t, upstream.Failed, upstream.CodeTimeout)
	})
	it(t, "serves old values after patience when all have them", func(t *testing.T) {
		a, b, c := required(part(t, hangs).old()), required(part(t, hangs).old()), part(t, hangs)
		wantTook(t, graph(t.Context(), a, b, c), patience)
		a.want(t, upstream.Stale, upstream.CodeTimeout)
		b.want(t, upstream.Stale, upstream.CodeTimeout)
	})
	it(t, "waits for the request's end when one hangs", func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 1500*time.Millisecond)
		defer cancel()
		a, b := part(t, in(100)), required(part(t, hangs))
		wantTook(t, graph(ctx, a, b), 1500*time.Millisecond)
		a.want(t, upstream.Live, "")
		b.want(t, upstream.Failed, upstream.CodeTimeout)
	})
}

// A part that panics must not leave those waiting that come after it.
func TestGraphOfAPartThatPanics(t *testing.T) {
	it(t, "ends", func(t *testing.T) {
		follower := after1(0, part(t, well))
		func() {
			defer func() {
				if recover() == nil {
					t.Error("the panic did not reach the caller")
				}
			}()
			aggregate.Graph(t.Context(), patience, aggregate.Node{Part: panics{}, Required: true}, follower.node)
		}()
		wantSent(t, follower.fake, 0)
	})
}

// panics is a part that panics when it is asked.
type panics struct{}

func (panics) Now(context.Context, time.Time) (done, held bool) { return false, false }
func (panics) Ask(context.Context)                              { panic("on purpose") }
func (panics) Useful() bool                                     { return false }

func BenchmarkGraphThreeFresh(b *testing.B) {
	var sources [3]source
	for n := range sources {
		_, sources[n] = serve(b, newFake(well))
		ask(sources[n], "a")
	}
	ctx, first := context.Background(), []int{0}
	b.ReportAllocs()
	for b.Loop() {
		x := aggregate.NewSlot(sources[0], "a", upstream.Directives{})
		y := aggregate.NewSlot(sources[1], "a", upstream.Directives{})
		z := aggregate.NewSlot(sources[2], "a", upstream.Directives{})
		aggregate.Graph(ctx, patience, aggregate.Node{Part: &x, Required: true}, aggregate.Node{Part: &y, After: first}, aggregate.Node{Part: &z, After: first})
	}
}
