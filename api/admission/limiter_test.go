package admission_test

import (
	"bytes"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"tributary/api/admission"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// it runs a test in a synctest bubble, where the clock is simulated.
func it(t *testing.T, does string, test func(t *testing.T)) {
	t.Helper()
	t.Run(does, func(t *testing.T) { synctest.Test(t, test) })
}

// world is a limiter whose goroutines wait as long as a test says.
type world struct {
	*admission.Limiter
	t    *testing.T
	wait atomic.Int64 // ns
	read atomic.Int64 // how often the wait was read
	late atomic.Int64 // ns, by which the next reading is late, and those after it if it stays so
	log  bytes.Buffer
}

func newWorld(t *testing.T) *world {
	w := &world{t: t}
	w.Limiter = admission.New(admission.Config{
		Wait: func() time.Duration {
			w.read.Add(1)
			time.Sleep(time.Duration(w.late.Load()))
			return time.Duration(w.wait.Load())
		},
		Most:   100,
		Logger: slog.New(slog.NewJSONHandler(&w.log, nil)),
	})
	t.Cleanup(w.Close)
	return w
}

// enter admits n pieces of work of a class, and returns what ends them.
func (w *world) enter(n int, class admission.Class, client string) (leave func()) {
	w.t.Helper()
	var all []func()
	for i := range n {
		leave, ok := w.Enter(class, client)
		if !ok {
			w.t.Fatalf("number %d of %s was refused, with %d of %d in flight", i+1, class, w.Status().InFlight, w.Status().Limit)
		}
		all = append(all, leave)
	}
	return func() {
		for _, leave := range all {
			leave()
		}
	}
}

func (w *world) wantRefused(class admission.Class, client string) {
	w.t.Helper()
	if _, ok := w.Enter(class, client); ok {
		w.t.Errorf("%s of %q was admitted, with %d of %d in flight", class, client, w.Status().InFlight, w.Status().Limit)
	}
}

func (w *world) wantLimit(n int) {
	w.t.Helper()
	if got := w.Status().Limit; got != n {
		w.t.Errorf("limit = %d, want %d", got, n)
	}
}

// pass lets time pass while goroutines wait that long.
func (w *world) pass(d, wait time.Duration) {
	w.wait.Store(int64(wait))
	time.Sleep(d)
	synctest.Wait()
}

func TestClasses(t *testing.T) {
	for class, share := range map[admission.Class]int{admission.Single: 64, admission.Many: 57, admission.Refresh: 48} {
		it(t, class.String()+" uses its share of the limit", func(t *testing.T) {
			w := newWorld(t)
			leave := w.enter(share, class, "")
			w.wantRefused(class, "")
			if got := w.Status().Refused[class]; got != 1 {
				t.Errorf("refused = %d, want 1", got)
			}
			leave()
			w.enter(1, class, "")()
		})
	}
	it(t, "leaves nothing closed for a refresh that was left out", func(t *testing.T) {
		w := newWorld(t)
		defer w.enter(48, admission.Single, "")()
		if _, ok := w.Background(); ok || w.Closed() {
			t.Errorf("admitted = %v, closed = %v, want neither", ok, w.Closed())
		}
	})
}

func TestFairness(t *testing.T) {
	it(t, "a client may hold twice as much as is free", func(t *testing.T) {
		w := newWorld(t)
		leave := w.enter(43, admission.Single, "greedy") // 64 - 42 = 22, 2 × 22 = 44; 64 - 43 = 21, 2 × 21 = 42
		w.wantRefused(admission.Single, "greedy")
		w.enter(1, admission.Single, "modest")()
		leave()
		w.enter(43, admission.Single, "greedy")()
	})
	it(t, "others get the rest", func(t *testing.T) {
		w := newWorld(t)
		defer w.enter(43, admission.Single, "greedy")()
		for _, client := range strings.Split("abcdefghijklmnopqrstu", "") {
			defer w.enter(1, admission.Single, client)()
		}
		w.wantRefused(admission.Single, "v")
	})
}

func TestClosed(t *testing.T) {
	it(t, "for a moment after each refusal", func(t *testing.T) {
		w := newWorld(t)
		leave := w.enter(64, admission.Single, "")
		if w.Closed() {
			t.Error("closed before any refusal")
		}
		w.wantRefused(admission.Single, "")
		w.pass(90*time.Millisecond, 0)
		if !w.Closed() {
			t.Error("open 90 ms after a refusal")
		}
		leave()
		w.pass(40*time.Millisecond, 0)
		if w.Closed() {
			t.Error("closed 130 ms after a refusal")
		}
	})
	it(t, "turns away only what has no room", func(t *testing.T) {
		w := newWorld(t)
		leave := w.enter(60, admission.Single, "")
		if !w.RefuseIfFull(admission.Many) || w.RefuseIfFull(admission.Single) {
			t.Error("with 60 of 64 in flight it does not turn many away, or turns a single one away")
		}
		leave()
		if w.RefuseIfFull(admission.Many) {
			t.Error("turns away although nothing is in flight")
		}
	})
	it(t, "when too many requests are in flight, whatever they ask", func(t *testing.T) {
		w := newWorld(t)
		for range 100 {
			if !w.Arrive() {
				t.Fatal("refused below the limit")
			}
		}
		if w.Arrive() || !w.Closed() {
			t.Error("the 101st request is let in")
		}
		w.Depart()
		w.Depart()
		if !w.Arrive() {
			t.Error("refused although one has left")
		}
		for range 100 {
			w.Depart()
		}
	})
}

func TestNone(t *testing.T) {
	var none *admission.Limiter
	defer none.Close()
	leave, ok := none.Enter(admission.Single, "a")
	if !ok || none.Closed() || none.Starved() {
		t.Fatal("a nil limiter refuses")
	}
	leave()
}

func BenchmarkEnter(b *testing.B) {
	l := admission.New(admission.Config{Wait: func() time.Duration { return 0 }})
	defer l.Close()
	b.ReportAllocs()
	for b.Loop() {
		leave, _ := l.Enter(admission.Single, "client")
		leave()
	}
}
