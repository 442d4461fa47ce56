package worstday_test

import (
	"net/http"
	"testing"
	"time"

	"tributary/cmd/tributary/worstday"
)

// A gateway is busy from the tenth to the twentieth second, and knew user 1 before.
func TestRefusalsThatBreakAnInvariant(t *testing.T) {
	const (
		onlyWhileBusy = "a gateway refuses only while it has too few processors"
		comeBack      = "who is refused is told to come back in a second or two"
		notDone       = "a refused write is not done"
		remembered    = "what memory can answer is not refused"
	)
	for name, test := range map[string]struct {
		at          time.Duration
		method, url string
		again       string // Retry-After
		outcome     string
		want        string // the invariant that it breaks; empty: none
	}{
		"while it is busy":            {15 * time.Second, "GET", "/v1/users/2", "2", "", ""},
		"right after that":            {20500 * time.Millisecond, "GET", "/v1/users/2", "1", "", ""},
		"before it is busy":           {8 * time.Second, "GET", "/v1/users/2", "1", "", onlyWhileBusy},
		"long after it was busy":      {25 * time.Second, "GET", "/v1/users/2", "1", "", onlyWhileBusy},
		"to come back after a minute": {15 * time.Second, "GET", "/v1/users/2", "60", "", comeBack},
		"of a write":                  {15 * time.Second, "PUT", "/v1/users/2", "1", "not_done", ""},
		"of a write that may be done": {15 * time.Second, "PUT", "/v1/users/2", "1", "unknown", notDone},
		"of what it knows":            {15 * time.Second, "GET", "/v1/users/1", "1", "", remembered},
	} {
		t.Run(name, func(t *testing.T) {
			s := worstday.Schedule{Length: time.Minute, Replicas: 1, Events: []worstday.Event{
				{At: 10 * time.Second, What: "busy", Who: "0", Args: "20ms"}, {At: 20 * time.Second, What: "free", Who: "0"},
			}}
			m := worstday.NewModel(s, func() []worstday.Call { return nil })
			m.Answered(worstday.Answer{
				Request: worstday.Request{Number: 1, Method: "GET", URL: "/v1/users/1"}, Began: 5 * time.Second, Ended: 5 * time.Second,
				Status: http.StatusOK, Body: worstday.Body{
					Data: []byte(`{"id":1,"name":"Leanne Graham"}`),
					Meta: worstday.Meta{Status: "complete", Sources: []worstday.Source{{Name: "directory", State: "live", Attempts: 1}}},
				},
			})
			r := worstday.Request{Number: 2, Method: test.method, URL: test.url}
			m.Begins(r)
			m.Answered(worstday.Answer{
				Request: r, Began: test.at, Ended: test.at + 10*time.Millisecond, Status: http.StatusServiceUnavailable,
				Header: http.Header{"Retry-After": {test.again}}, Body: worstday.Body{
					Type: "/problems/gateway-overloaded", Title: "The gateway is overloaded", Code: "gateway_overloaded", TraceID: "t",
					Status: http.StatusServiceUnavailable, Outcome: test.outcome, RetrySafe: new(true),
				},
			})
			broken := ""
			if v := m.Violations(); len(v) > 0 {
				broken = v[0].Invariant
			}
			if broken != test.want {
				t.Errorf("it breaks %q, want %q", broken, test.want)
			}
		})
	}
}
