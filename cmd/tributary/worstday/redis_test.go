package worstday_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redis/go-redis/v9"

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

// Scripts see Redis, and are seen by their callers, as in the real one.
func TestScripts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := fleet(t, 1)
		defer w.Close()
		client := redis.NewClient(&redis.Options{Addr: "10.0.2.1:6379", Dialer: w.Net().Host("10.9.0.1").Dial})
		defer client.Close()
		for _, tt := range []struct{ name, script, want string }{
			{"a number", `return 7`, "7 <nil>"},
			{"a text", `return ARGV[1]`, "one <nil>"},
			{"nothing", `return redis.call('GET', KEYS[1])`, "<nil> redis: nil"},
			{"a list", `return {false, 0, 'x', {tostring(1.5)}}`, "[<nil> 0 x [1.5]] <nil>"},
			{"a command", `redis.call('SET', KEYS[1], ARGV[1], 'PX', 50) return redis.call('PTTL', KEYS[1])`, "50 <nil>"},
			{"what a command before it has set", `return redis.call('GET', KEYS[1])`, "one <nil>"},
			{"a command that fails", `return redis.call('LPUSH', KEYS[1], 'x')`, "WRONGTYPE"},
			{"a mistake", `return nothing.at.all`, "ERR"},
		} {
			got, err := redis.NewScript(tt.script).Run(t.Context(), client, []string{"key"}, "one").Result()
			if text := fmt.Sprint(got, " ", err); !strings.Contains(text, tt.want) {
				t.Errorf("%s: %s, want %s", tt.name, text, tt.want)
			}
		}
		one := redis.NewScript(`return 1`)
		for range 2 {
			if got, err := one.Run(t.Context(), client, nil).Int(); got != 1 || err != nil {
				t.Errorf("a script that is known: %d, %v, want 1", got, err)
			}
		}
		w.Redis().Flush()
		if err := one.EvalSha(t.Context(), client, nil).Err(); !redis.HasErrorPrefix(err, "NOSCRIPT") {
			t.Errorf("a script after everything was lost: %v, want NOSCRIPT", err)
		}
	})
}
