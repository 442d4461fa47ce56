package worstday_test

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"tributary/cmd/tributary/worstday"
)

// fleet is a world of three gateways that share a Redis.
func fleet(t *testing.T, seed uint64) *worstday.World {
	return worstday.New(t, worstday.Setup{Replicas: 3, Redis: true, Seed: seed})
}

func TestFleetSharesAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := fleet(t, 1)
		defer w.Close()
		for i := range 3 {
			ask(t, w, i, "GET /v1/weather?lat=1&lon=1", "")
		}
		if calls := w.Calls(); len(calls) != 3 {
			t.Errorf("calls = %d, want 3, one to each provider of weather: %+v", len(calls), calls)
		}
	})
}

func TestRedisFaults(t *testing.T) {
	tests := []struct {
		name   string
		fault  func(*worstday.Redis)
		shares bool // answers of one gateway reach the others meanwhile
	}{
		{"none", func(*worstday.Redis) {}, true},
		{"gone", (*worstday.Redis).Gone, false},
		{"hangs", (*worstday.Redis).Hang, false},
		{"slow", func(r *worstday.Redis) { r.Slow(40 * time.Millisecond) }, false},
		{"read-only", (*worstday.Redis).ReadOnly, false},
		{"full", (*worstday.Redis).Full, false},
		{"flushed", (*worstday.Redis).Flush, true},
		{"one gateway is separated", func(r *worstday.Redis) { r.Partition(0) }, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := fleet(t, 1)
				defer w.Close()
				time.Sleep(time.Second) // until all are connected
				tt.fault(w.Redis())
				if shares := shared(t, w, "1"); shares != tt.shares {
					t.Errorf("gateway 1 has an answer of gateway 0 = %t, want %t", shares, tt.shares)
				}
				w.Redis().Heal()
				time.Sleep(10 * time.Second)
				shared(t, w, "3") // of the first commands after an outage only one tests Redis
				time.Sleep(time.Second)
				if !shared(t, w, "2") {
					t.Error("after the fault gateway 1 does not have an answer of gateway 0")
				}
			})
		})
	}
}

// shared asks two gateways for one place, and reports whether only one of them asked the
// providers.
func shared(t *testing.T, w *worstday.World, place string) bool {
	t.Helper()
	before := len(w.Calls())
	for i := range 2 {
		a := ask(t, w, i, "GET /v1/weather?lon=1&lat="+place, "")
		if a.status != http.StatusOK || !strings.Contains(a.body, `"status":"complete"`) {
			t.Errorf("gateway %d answers %+v, want 200 and complete", i, a)
		}
	}
	return len(w.Calls()) == before+3
}
