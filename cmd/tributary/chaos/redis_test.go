//go:build chaos

package chaos_test

import (
	"context"
	"fmt"
	"net"
	"sync"
	"testing"
	"time"

	"tributary/cache/redistest"
	"tributary/cmd/tributary/worstday"
)

// redis is the real Redis, with its faults.
type redis struct {
	t      testing.TB
	server *redistest.Server

	mu    sync.Mutex // guards what follows
	gone  bool
	hangs bool
	well  time.Time // since when it is, if it is
	slow  int       // times that it did not answer in time, though it was well
}

// event lets something happen to Redis.
func (r *redis) event(what string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch what {
	case "back":
		r.back()
	case "gone":
		r.resume()
		r.gone = true
		r.server.Kill()
	case "hang":
		if !r.gone {
			r.hangs = true
			r.server.Hang()
		}
	case "readonly", "full", "flush":
		if r.gone || r.hangs {
			return nil // it is already worse
		}
		return r.command(map[string][]string{
			"readonly": {"CONFIG", "SET", "min-replicas-to-write", "1"},
			"full":     {"CONFIG", "SET", "maxmemory", "1"},
			"flush":    {"FLUSHALL"},
		}[what]...)
	default:
		return fmt.Errorf("Redis cannot be %q", what)
	}
	return nil
}

func (r *redis) command(words ...string) error {
	if reply := r.server.Do(words...); reply != "+OK" {
		return fmt.Errorf("%q: %s", words, reply)
	}
	return nil
}

func (r *redis) resume() {
	if r.hangs {
		r.hangs = false
		r.server.Resume()
	}
}

// late counts that Redis has not answered in time since a time at which it was well.
func (r *redis) late(since time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.gone && !r.hangs && since.After(r.well) {
		r.slow++
	}
}

// back ends all faults. A Redis that was gone starts empty.
func (r *redis) back() {
	defer func() { r.well = time.Now() }()
	r.resume()
	if r.gone {
		r.gone = false
		r.server.Run()
		return
	}
	for _, setting := range []string{"min-replicas-to-write", "maxmemory"} {
		if err := r.command("CONFIG", "SET", setting, "0"); err != nil {
			r.t.Error(err)
		}
	}
}

// watchRedis asks Redis all the time, and tells the model when the machine is so busy that
// Redis seems away to a gateway although it is well.
func (w *world) watchRedis(m *worstday.Model) {
	const (
		every = 50 * time.Millisecond
		late  = 200 * time.Millisecond // gateways wait 500 ms
	)
	ctx, stop := context.WithCancel(context.Background())
	var watching sync.WaitGroup
	watching.Go(func() {
		for last := time.Now(); ctx.Err() == nil; time.Sleep(every) {
			w.redis.ping() // it may be away on purpose, which the schedule tells
			now := time.Now()
			if now.Sub(last) > late+every {
				m.RedisNotWell(last, now)
				w.redis.late(last)
			}
			last = now
		}
	})
	w.t.Cleanup(func() {
		stop()
		watching.Wait()
	})
}

// ping returns when Redis has answered, or does not for a second.
func (r *redis) ping() {
	conn, err := net.DialTimeout("tcp", r.server.Address, time.Second)
	if err != nil {
		return
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(time.Second)) // no TCP connection refuses one
	if _, err := conn.Write([]byte("PING\r\n")); err == nil {
		_, _ = conn.Read(make([]byte, 16)) // whatever it is
	}
}
