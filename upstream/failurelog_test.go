package upstream_test

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"
)

func TestFailureLog(t *testing.T) {
	type line struct {
		Msg, Level, Upstream, Code string
		Status                     int
		NotLogged                  int `json:"not_logged"`
	}
	lines := func(t *testing.T, log *bytes.Buffer) (failures []line) {
		t.Helper()
		for d := json.NewDecoder(log); d.More(); {
			var l line
			if err := d.Decode(&l); err != nil {
				t.Fatal(err)
			}
			if l.Msg == "upstream failed" {
				failures = append(failures, l)
			}
		}
		return failures
	}
	failing := func(t *testing.T, b behaviour) (source, *fake, *bytes.Buffer) {
		t.Helper()
		log := &bytes.Buffer{}
		f := newFake(b)
		_, s := serve(t, f, noRetries, func(c *config) {
			c.Policies.Breaker.MinCalls = 1_000_000
			c.Logger = slog.New(slog.NewJSONHandler(log, nil))
		})
		return s, f, log
	}

	it(t, "one line in ten seconds, with the number of lines omitted", func(t *testing.T) {
		s, _, log := failing(t, answers(500, ""))
		for range 25 { // one a second
			ask(s, fresh())
			time.Sleep(time.Second)
		}
		synctest.Wait()
		got := lines(t, log)
		if len(got) != 3 {
			t.Fatalf("25 failures in 25 s: lines = %+v, want 3", got)
		}
		for n, left := range []int{0, 9, 9} {
			want := line{Msg: "upstream failed", Level: "WARN", Upstream: "things", Code: "server_error", Status: 500, NotLogged: left}
			if got[n] != want {
				t.Errorf("line %d = %+v, want %+v", n, got[n], want)
			}
		}
	})
	it(t, "another kind of failure at once", func(t *testing.T) {
		s, f, log := failing(t, answers(500, ""))
		ask(s, fresh())
		f.Now(fails(errReset))
		ask(s, fresh())
		synctest.Wait()
		if got := lines(t, log); len(got) != 2 || got[1].Code != "connection" {
			t.Errorf("lines = %+v, want a second one for the connection", got)
		}
	})
	it(t, "nothing for a 404", func(t *testing.T) {
		s, _, log := failing(t, answers(404, ""))
		ask(s, fresh())
		synctest.Wait()
		if got := lines(t, log); len(got) != 0 {
			t.Errorf("lines = %+v, want none", got)
		}
	})
}
