package worstday_test

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"tributary/cmd/tributary/worstday"
	"tributary/cmd/tributary/worstday/simnet"
	"tributary/upstream/sim"
)

func TestCallsUnderFaults(t *testing.T) {
	tests := []struct {
		name       string
		fault      sim.Fault
		status     int
		ended      worstday.Ending
		retryAfter string
	}{
		{"healthy", sim.Fault{}, 200, worstday.Answered, ""},
		{"refuses", sim.Fault{ErrorRate: 1, Status: 429, RetryAfterS: 7}, 429, worstday.Answered, "7"},
		{"hangs", sim.Fault{Mode: sim.ModeHang}, 0, worstday.Left, ""},
		{"resets", sim.Fault{Mode: sim.ModeReset}, 0, worstday.HungUp, ""},
		{"truncates", sim.Fault{Mode: sim.ModeTruncate}, 200, worstday.CutOff, ""},
		{"sends no JSON", sim.Fault{Mode: sim.ModeGarbage}, 200, worstday.Answered, ""},
		{"drips", sim.Fault{Mode: sim.ModeDrip}, 200, worstday.Left, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := worstday.New(t, worstday.Setup{Seed: 1, Env: map[string]string{"GEOCODING_RETRIES": "0", "GEOCODING_HEDGE_QUANTILE": "0"}})
				defer w.Close()
				if err := w.Fault("geocoding", tt.fault); err != nil {
					t.Fatal(err)
				}
				ask(t, w, 0, "GET /v1/places?q=Oslo", "")
				time.Sleep(10 * time.Second)
				calls := w.Calls()
				if len(calls) != 1 || calls[0].Status != tt.status || calls[0].Ended != tt.ended || calls[0].RetryAfter != tt.retryAfter {
					t.Errorf("calls = %+v, want one with status %d and Retry-After %q that is %q", calls, tt.status, tt.retryAfter, tt.ended)
				}
			})
		})
	}
}

// A gateway that cannot reach its upstreams says so, and is well again afterwards.
func TestUplink(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := worstday.New(t, worstday.Setup{Replicas: 2, Seed: 1})
		defer w.Close()
		w.Uplink(0, func(l *simnet.Link) { l.Cut = true })
		start := time.Now()
		if a := ask(t, w, 0, "GET /v1/places?q=Oslo", ""); a.status < 500 {
			t.Errorf("gateway 0 across the cut = %+v, want an error", a)
		}
		if took := time.Since(start); took > 5*time.Second+50*time.Millisecond {
			t.Errorf("it took %v, want at most REQUEST_TIMEOUT, 5s, and the way there and back", took)
		}
		if a := ask(t, w, 1, "GET /v1/places?q=Oslo", ""); a.status != http.StatusOK {
			t.Errorf("gateway 1 = %+v, want 200", a)
		}
		w.Uplink(0, func(l *simnet.Link) { l.Cut = false })
		time.Sleep(time.Minute)
		if a := ask(t, w, 0, "GET /v1/places?q=Oslo", ""); a.status != http.StatusOK {
			t.Errorf("gateway 0 after the cut = %+v, want 200", a)
		}
	})
}
