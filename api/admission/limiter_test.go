package admission_test

import (
	"bytes"
	"encoding/json"
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
	log  bytes.Buffer
}

func newWorld(t *testing.T) *world {
	w := &world{t: t}
	w.Limiter = admission.New(admission.Config{
		Wait:   func() time.Duration { w.read.Add(1); return time.Duration(w.wait.Load()) },
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

func TestLimit(t *testing.T) {
	it(t, "falls from what is in use while goroutines wait too long", func(t *testing.T) {
		w := newWorld(t)
		leave := w.enter(20, admission.Single, "")
		w.pass(190*time.Millisecond, 6*time.Millisecond)
		w.wantLimit(64) // not before all of the last eight waits were long
		w.pass(15*time.Millisecond, 6*time.Millisecond)
		w.wantLimit(17) // 20 × (0.95 - 0.1 × log2(6/3))
		w.pass(time.Minute, 6*time.Millisecond)
		w.wantLimit(8) // the least
		leave()
	})
	it(t, "does not fall because of a wait now and then", func(t *testing.T) {
		w := newWorld(t)
		leave := w.enter(20, admission.Single, "")
		for range 50 {
			w.pass(75*time.Millisecond, time.Second) // as when the processor is taken away
			w.pass(25*time.Millisecond, 0)
		}
		w.wantLimit(64)
		leave()
	})
	it(t, "rises while it is used and nobody waits", func(t *testing.T) {
		w := newWorld(t)
		leave := w.enter(40, admission.Single, "")
		w.pass(110*time.Millisecond, 0)
		w.wantLimit(80)
		for range 100 {
			w.pass(100*time.Millisecond, 0)
			if limit := w.Status().Limit; limit < 78 || limit > 100 {
				t.Fatalf("limit = %d with 40 in use, want about twice as much", limit)
			}
		}
		leave()
	})
	it(t, "rises when somebody was refused", func(t *testing.T) {
		w := newWorld(t)
		leave := w.enter(64, admission.Single, "")
		w.wantRefused(admission.Single, "")
		w.pass(110*time.Millisecond, 0)
		w.wantLimit(80)
		leave()
	})
	it(t, "is the usual one again after an overload, and after a busy time", func(t *testing.T) {
		for _, wait := range []time.Duration{time.Second, 0} {
			w := newWorld(t)
			leave := w.enter(50, admission.Single, "")
			w.pass(2*time.Second, wait)
			if w.Status().Limit == 64 {
				t.Errorf("limit = 64 after a wait of %v", wait)
			}
			leave()
			w.pass(time.Minute, 0)
			w.wantLimit(64)
		}
	})
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
	it(t, "a client may hold eight times as much as is free", func(t *testing.T) {
		w := newWorld(t)
		leave := w.enter(57, admission.Single, "greedy") // 64 - 56 = 8, 8 × 8 = 64; 64 - 57 = 7, 8 × 7 = 56
		w.wantRefused(admission.Single, "greedy")
		w.enter(1, admission.Single, "modest")()
		leave()
		w.enter(57, admission.Single, "greedy")()
	})
	it(t, "others get the rest", func(t *testing.T) {
		w := newWorld(t)
		defer w.enter(57, admission.Single, "greedy")()
		for _, client := range []string{"a", "b", "c", "d", "e", "f", "g"} {
			defer w.enter(1, admission.Single, client)()
		}
		w.wantRefused(admission.Single, "h")
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
		if !w.Turn(admission.Many) || w.Turn(admission.Single) {
			t.Error("with 60 of 64 in flight it does not turn many away, or turns a single one away")
		}
		leave()
		if w.Turn(admission.Many) {
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

func TestEstimatorSleeps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.pass(time.Hour, 0)
		if n := w.read.Load(); n != 0 {
			t.Errorf("the wait was read %d times before any work", n)
		}
		w.enter(1, admission.Single, "")()
		w.pass(time.Minute, 0)
		n := w.read.Load()
		if n == 0 || n > 100 {
			t.Errorf("the wait was read %d times after one piece of work, want a second of it", n)
		}
		leave := w.enter(10, admission.Single, "")
		w.pass(time.Minute, time.Second)
		if again := w.read.Load() - n; again < 2000 {
			t.Errorf("the wait was read %d times in a minute of work, want 2,400", again)
		}
		w.wantLimit(8)
		leave()
	})
}

func TestLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		leave := w.enter(64, admission.Single, "")
		w.pass(time.Second, 10*time.Millisecond)
		for range 300 {
			w.wantRefused(admission.Single, "")
			w.pass(10*time.Millisecond, 10*time.Millisecond)
		}
		leave()
		w.pass(time.Minute, 0)

		var levels []string
		var refused float64
		for line := range strings.Lines(w.log.String()) {
			var entry struct {
				Level   string
				Refused float64
				Limit   *int
				Wait    string
			}
			if err := json.Unmarshal([]byte(line), &entry); err != nil {
				t.Fatal(err)
			}
			if entry.Level == "WARN" && (entry.Limit == nil || entry.Wait == "") {
				t.Errorf("no limit or no wait in %s", line)
			}
			levels, refused = append(levels, entry.Level), refused+entry.Refused
		}
		if got := strings.Join(levels, " "); got != "WARN WARN WARN WARN INFO" || refused != 300 {
			t.Errorf("three seconds of refusals are logged as %s, with %v refusals; want a line a second and one at the end, with 300\n%s", got, refused, w.log.String())
		}
	})
}

func TestStarved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		defer w.enter(1, admission.Single, "")()
		w.pass(time.Second, 2*time.Millisecond)
		if w.Starved() {
			t.Error("starved by a wait of 2 ms")
		}
		w.pass(time.Second, 4*time.Millisecond)
		if !w.Starved() {
			t.Error("not starved by a wait of 4 ms")
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

// BenchmarkSchedulerWait is what the estimator costs, 40 times a second while there is
// work.
func BenchmarkSchedulerWait(b *testing.B) {
	wait := admission.SchedulerWait()
	wait()
	b.ReportAllocs()
	for b.Loop() {
		wait()
	}
}
