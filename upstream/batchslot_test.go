package upstream_test

import (
	"context"
	"testing"
	"time"

	"tributary/upstream"
	"tributary/upstream/aggregate"
)

func gatherSlot(b batch, qs []string) *slot {
	s := aggregate.NewBatchSlot(b, qs, upstream.Directives{})
	aggregate.Gather(context.Background(), patience, &s)
	return &s
}

func TestBatchSlot(t *testing.T) {
	it(t, "has its answers in the order of the questions", func(t *testing.T) {
		f := newFake(after(time.Second, shelf(nil)))
		_, b := serveMany(t, f)
		qs := []string{"c", "a", "c", "b"}
		s := gatherSlot(b, qs)
		wantTexts(t, qs, s.Answers)
		wantSizes(t, f, 3)
		wantTexts(t, qs, gatherSlot(b, qs).Answers)
		wantSent(t, f, 1)
	})
	it(t, "does not wait for new keys beyond patience where others are known", func(t *testing.T) {
		f := newFake(shelf(nil))
		_, b := serveMany(t, f)
		askAll(b, []string{"a"})
		f.Now(hangs)
		var s *slot
		wantTook(t, took(func() { s = gatherSlot(b, []string{"a", "new"}) }), patience)
		want(t, s.Answers[0], upstream.Cached, "")
		want(t, s.Answers[1], upstream.Failed, upstream.CodeTimeout)
	})
	for name, tt := range map[string]struct {
		texts  map[string]string
		qs     []string
		state  upstream.State
		code   upstream.Code
		useful bool
	}{
		"without questions":                      {nil, nil, upstream.Cached, "", true},
		"with all answers":                       {nil, []string{"a", "b"}, upstream.Live, "", true},
		"with something that does not exist":     {map[string]string{"b": ""}, []string{"a", "b"}, upstream.Live, "", true},
		"with nothing that exists":               {map[string]string{"a": "", "b": ""}, []string{"a", "b"}, upstream.Skipped, upstream.CodeNotFound, false},
		"with one that failed":                   {map[string]string{"b": "garbage", "c": ""}, []string{"a", "b", "c"}, upstream.Failed, upstream.CodeInvalidResponse, true},
		"with one that failed and none that did": {map[string]string{"b": "garbage", "c": ""}, []string{"b", "c"}, upstream.Failed, upstream.CodeInvalidResponse, false},
	} {
		it(t, name+" is "+string(tt.state)+" as a whole", func(t *testing.T) {
			_, b := serveMany(t, newFake(shelf(tt.texts)))
			s := gatherSlot(b, tt.qs)
			o := s.Outcome()
			code := upstream.Code("")
			if o.Err != nil {
				code = o.Err.Code
			}
			if o.Name != "things" || o.State != tt.state || code != tt.code || s.Useful() != tt.useful {
				t.Errorf("outcome = %s %s %q, useful %t; want %s %q, %t", o.Name, o.State, code, s.Useful(), tt.state, tt.code, tt.useful)
			}
		})
	}
	it(t, "is fresh for as long as all its answers are", func(t *testing.T) {
		f := newFake(shelf(map[string]string{"b": ""}))
		_, b := serveMany(t, f)
		begun := time.Now()
		if o := gatherSlot(b, []string{"a", "b"}).Outcome(); o.FreshUntil.Sub(begun) != 30*time.Second {
			t.Errorf("fresh for %s, want the 30 s of what does not exist", o.FreshUntil.Sub(begun))
		}
	})
}

func TestFreshBatchAllocates(t *testing.T) {
	_, b := serveMany(t, newFake(shelf(nil)))
	qs := numbered(0, 200)
	gatherSlot(b, qs)
	if got := testing.AllocsPerRun(100, func() { gatherSlot(b, qs) }); got > 6 {
		t.Errorf("allocations for 200 fresh keys = %v, want 6 at most", got)
	}
}

func BenchmarkBatchFresh(b *testing.B) {
	_, many := serveMany(b, newFake(shelf(nil)))
	qs := numbered(0, 200)
	gatherSlot(many, qs)
	b.ReportAllocs()
	for b.Loop() {
		gatherSlot(many, qs)
	}
}
