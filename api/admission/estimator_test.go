package admission_test

import (
	"encoding/json"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"tributary/api/admission"
)

func TestLimit(t *testing.T) {
	it(t, "falls from what is in use while goroutines wait too long", func(t *testing.T) {
		w := newWorld(t)
		leave := w.enter(20, admission.Single, "")
		w.pass(190*time.Millisecond, 2*time.Millisecond)
		w.wantLimit(64) // not before all of the last eight waits were long
		w.pass(15*time.Millisecond, 2*time.Millisecond)
		w.wantLimit(17) // 20 × (0.95 - 0.1 × log2(2/1))
		w.pass(time.Minute, 2*time.Millisecond)
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
	it(t, "goes on falling although a wait between two bursts is short", func(t *testing.T) {
		w := newWorld(t)
		leave := w.enter(20, admission.Single, "")
		w.pass(205*time.Millisecond, 2*time.Millisecond)
		w.wantLimit(17)
		for range 4 {
			w.pass(25*time.Millisecond, 0)
			w.pass(75*time.Millisecond, 2*time.Millisecond)
		}
		if limit := w.Status().Limit; limit >= 14 {
			t.Errorf("limit = %d, want less than 14", limit)
		}
		leave()
	})
	it(t, "rises slowly in the second after it fell", func(t *testing.T) {
		w := newWorld(t)
		leave := w.enter(20, admission.Single, "")
		w.pass(205*time.Millisecond, 2*time.Millisecond)
		w.wantLimit(17)
		w.pass(100*time.Millisecond, 0)
		w.wantLimit(19) // by 2 at least, and not by a quarter
		leave()
	})
	it(t, "falls also if the wait is not known at all times", func(t *testing.T) {
		w := newWorld(t)
		leave := w.enter(20, admission.Single, "")
		for range 5 {
			w.pass(75*time.Millisecond, -1)
			w.pass(25*time.Millisecond, 2*time.Millisecond)
		}
		if limit := w.Status().Limit; limit >= 20 {
			t.Errorf("limit = %d, want less than the 20 in use", limit)
		}
		w.pass(time.Second, -1) // nothing runs
		if w.Starved() {
			t.Error("starved while nothing waits")
		}
		leave()
	})
	it(t, "falls as soon when the estimator itself has to wait", func(t *testing.T) {
		w := newWorld(t)
		leave := w.enter(20, admission.Single, "")
		w.pass(30*time.Millisecond, 2*time.Millisecond) // it is awake
		w.late.Store(int64(150 * time.Millisecond))
		w.pass(600*time.Millisecond, 2*time.Millisecond)
		if limit := w.Status().Limit; limit >= 20 {
			t.Errorf("limit = %d after four late readings, want less than the 20 in use", limit)
		}
		leave()
	})
	it(t, "does not fall because the processor is taken away for 150 ms in every 500", func(t *testing.T) {
		w := newWorld(t)
		leave := w.enter(20, admission.Single, "")
		for range 20 {
			w.late.Store(int64(150 * time.Millisecond))
			w.pass(25*time.Millisecond, time.Second)
			w.late.Store(0)
			w.pass(150*time.Millisecond, time.Second)
			w.pass(325*time.Millisecond, 0)
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
		w.pass(time.Second, 500*time.Microsecond)
		if w.Starved() {
			t.Error("starved by a wait of 0.5 ms")
		}
		w.pass(time.Second, 2*time.Millisecond)
		if !w.Starved() {
			t.Error("not starved by a wait of 2 ms")
		}
	})
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
