package worstday_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"tributary/cmd/tributary/worstday"
	"tributary/upstream/sim"
)

func TestRestartAndCrash(t *testing.T) {
	for name, end := range map[string]func(*worstday.World, int){"restart": (*worstday.World).Restart, "crash": (*worstday.World).Crash} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := fleet(t, 1)
				defer w.Close()
				time.Sleep(time.Second)
				shared(t, w, "1")
				if entries := w.Entries(0); entries == 0 {
					t.Errorf("entries before = 0, want those of the answers")
				}
				end(w, 0)
				if entries := w.Entries(0); entries != 0 {
					t.Errorf("entries after = %d, want none: it is a new process", entries)
				}
				before := len(w.Calls())
				ask(t, w, 0, "GET /v1/weather?lon=1&lat=1", "")
				if calls := len(w.Calls()); calls != before {
					t.Errorf("the new process asked the providers %d times, want what Redis has", calls-before)
				}
			})
		})
	}
}

// A request in flight is answered before a restart, and lost in a crash.
func TestRequestInFlight(t *testing.T) {
	tests := []struct {
		name string
		end  func(*worstday.World, int)
		lost bool
	}{
		{"restart", (*worstday.World).Restart, false},
		{"crash", (*worstday.World).Crash, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := worstday.New(t, worstday.Setup{Seed: 1})
				defer w.Close()
				for _, p := range []string{"openmeteo", "openweather", "metno"} {
					if err := w.Fault(p, sim.Fault{LatencyMS: 500}); err != nil {
						t.Fatal(err)
					}
				}
				failed := make(chan error, 1)
				go func() {
					r, _ := http.NewRequest(http.MethodGet, "/v1/weather?lat=1&lon=1", nil)
					resp, err := w.Do(context.Background(), 0, client, r)
					if err == nil {
						err = resp.Body.Close()
					}
					failed <- err
				}()
				time.Sleep(200 * time.Millisecond)
				tt.end(w, 0)
				if err := <-failed; (err != nil) != tt.lost {
					t.Errorf("the request in flight ended with %v, want it lost = %t", err, tt.lost)
				}
			})
		})
	}
}

// After faults, everything is back to where it began. The first round opens the
// connections to Redis that its client keeps.
func TestNothingIsLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := fleet(t, 1)
		defer w.Close()
		var goroutines, connections [2]int
		for round := range goroutines {
			for _, mode := range []sim.Mode{sim.ModeHang, sim.ModeReset, sim.ModeDrip, sim.ModeDown, sim.ModeOK} {
				for _, p := range w.Providers() {
					if err := w.Fault(p, sim.Fault{Mode: mode}); err != nil {
						t.Fatal(err)
					}
				}
				for i := range 3 {
					ask(t, w, i, "GET /v1/weather?lat=1&lon=1", "")
					ask(t, w, i, "GET /v1/users/1", "")
				}
			}
			time.Sleep(5 * time.Minute) // until idle connections are closed
			synctest.Wait()
			goroutines[round], connections[round] = w.Goroutines(), w.Connections()
		}
		if goroutines[1] > goroutines[0] || connections[1] > connections[0] {
			t.Errorf("goroutines = %d, connections = %d, want them not to become more with each round", goroutines, connections)
		}
	})
}

func TestAskAndIgnoredKeys(t *testing.T) {
	for _, ignored := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			w := worstday.New(t, worstday.Setup{Seed: 1, IgnoreKeys: ignored})
			defer w.Close()
			created := map[string]bool{} // by their addresses
			for range 2 {
				r, err := http.NewRequest(http.MethodPost, "/users", strings.NewReader(`{"name":"Ada"}`))
				if err != nil {
					t.Fatal(err)
				}
				r.Header.Set("Idempotency-Key", "one")
				resp, err := w.Ask(t.Context(), "directory", r)
				if err != nil {
					t.Fatal(err)
				}
				resp.Body.Close()
				created[resp.Header.Get("Location")] = true
			}
			if want := map[bool]int{false: 1, true: 2}[ignored]; len(created) != want {
				t.Errorf("one key used twice created %v, want %d users, keys ignored = %t", created, want, ignored)
			}
			for _, c := range w.Calls() {
				if c.Replica != -1 || c.Key != "one" || c.Method != http.MethodPost {
					t.Errorf("call = %+v, want a POST with its key, of no gateway", c)
				}
			}
		})
	}
}
