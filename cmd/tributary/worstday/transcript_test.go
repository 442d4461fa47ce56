package worstday_test

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"hash/fnv"
	"io"
	"math/rand/v2"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"tributary/cmd/tributary/worstday"
	"tributary/upstream/sim"
)

var (
	answers    = flag.Int("answers", 200, "requests of TestTranscript")
	rate       = flag.Float64("rate", 4, "requests in a second of TestTranscript")
	worldSeed  = flag.Uint64("world", 1, "seed of TestTranscript")
	gateways   = flag.Int("gateways", 3, "gateways of TestTranscript")
	healthy    = flag.Bool("healthy", false, "TestTranscript has no faults")
	transcript = flag.Bool("transcript", false, "TestTranscript prints every answer and every call; replay compares them")
)

// TestTranscript sends requests to a fleet while everything around it fails in turn. Each
// is answered in time with a status that the API has for that. With -transcript it is what
// replay proves itself with; with -v it says what an answer costs.
func TestTranscript(t *testing.T) {
	cpu := cpuTime()
	synctest.Test(t, func(t *testing.T) {
		w := worstday.New(t, worstday.Setup{Replicas: *gateways, Redis: *gateways > 1, Seed: *worldSeed, IgnoreKeys: true})
		defer w.Close()
		draw := rand.New(rand.NewPCG(*worldSeed, 1))
		told := make([]string, *answers)
		var running sync.WaitGroup
		start := time.Now()
		next := time.Duration(0)
		for i := range told {
			next += time.Duration(draw.ExpFloat64()/(*rate)*1e9) + 1
			time.Sleep(time.Until(start.Add(next)))
			if *transcript && i%500 == 499 {
				synctest.Wait()
				runtime.GC() // else it is off
			}
			if i%20 == 19 && !*healthy {
				changeFaults(t, w, draw)
			}
			q := request(draw)
			running.Go(func() { told[i] = q.send(t, w, start) })
		}
		running.Wait()
		if *transcript {
			print(told, w.Calls(), start)
		}
		simulated := time.Since(start).Seconds()
		used := (cpuTime() - cpu).Seconds()
		t.Logf("%d answers, %d calls in %.0f simulated seconds: %.0f answers in a second of CPU time, %.0f times as fast as real",
			len(told), len(w.Calls()), simulated, float64(len(told))/used, simulated/used)
	})
}

// question is one request, drawn before anything runs.
type question struct {
	replica int
	target  string
	body    string
	key     string
	leaves  time.Duration // 0: it waits for the answer
}

func request(draw *rand.Rand) question {
	q := question{replica: draw.IntN(*gateways)}
	leaves, n := draw.IntN(20) == 0, draw.IntN(10)
	if leaves {
		q.leaves = time.Duration(1 + draw.IntN(50_000_000))
	}
	switch place := draw.IntN(30); {
	case n < 6:
		q.target = fmt.Sprintf("GET /v1/weather?lat=%d&lon=%d", place, place)
	case n < 8:
		q.target = fmt.Sprintf("GET /v1/users/%d?include=weather,github", 1+place%10)
	case n < 9:
		q.target = fmt.Sprintf("PATCH /v1/users/%d", 1+place%10)
		q.body = fmt.Sprintf(`{"name":"Name %d"}`, draw.IntN(1000))
	default:
		q.target, q.body = "POST /v1/users", fmt.Sprintf(`{"name":"New %d","username":"new%d","email":"n@example.org"}`, place, place)
		q.key = fmt.Sprintf("key-%d", place)
	}
	return q
}

// send returns what the client was told, in one line.
func (q question) send(t *testing.T, w *worstday.World, start time.Time) string {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	if q.leaves > 0 {
		defer time.AfterFunc(q.leaves, cancel).Stop()
	}
	method, path, _ := strings.Cut(q.target, " ")
	r, err := http.NewRequest(method, path, strings.NewReader(q.body))
	if err != nil {
		t.Error(err)
		return ""
	}
	r.Header.Set("X-API-Key", worstday.Key)
	if q.body != "" {
		r.Header.Set("Content-Type", "application/json")
		if method == http.MethodPatch {
			r.Header.Set("Content-Type", "application/merge-patch+json")
		}
	}
	if q.key != "" {
		r.Header.Set("Idempotency-Key", q.key)
	}
	began := time.Now()
	line := fmt.Sprintf("%v gateway %d %s", began.Sub(start), q.replica, q.target)
	resp, err := w.Do(ctx, q.replica, client, r)
	if err == nil {
		defer resp.Body.Close()
		var body []byte
		if body, err = io.ReadAll(resp.Body); err == nil {
			took := time.Since(began)
			if took > 6*time.Second || !expected(resp.StatusCode) {
				t.Errorf("%s: %d after %v, %s", line, resp.StatusCode, took, body)
			}
			return fmt.Sprintf("%s: %d %v %s", line, resp.StatusCode, took, digest(t, body))
		}
	}
	if q.leaves == 0 {
		t.Errorf("%s: %v", line, err)
	}
	return fmt.Sprintf("%s: left after %v", line, time.Since(began))
}

func expected(status int) bool {
	switch status {
	case 200, 201, 404, 409, 502, 503, 504:
		return true
	}
	return false
}

// digest is the states of an answer's sources with their ages, and a hash of its data.
func digest(t *testing.T, body []byte) string {
	var a struct {
		Data json.RawMessage
		Meta struct {
			Status  string
			Sources []struct {
				Name, State string
				Age         float64 `json:"age_seconds"`
				Attempts    int
			}
		}
	}
	if err := json.Unmarshal(body, &a); err != nil {
		t.Errorf("answer %q: %v", body, err)
	}
	h := fnv.New32a()
	_, _ = h.Write(a.Data) // a hash never fails
	return fmt.Sprintf("%s %v %08x", a.Meta.Status, a.Meta.Sources, h.Sum32())
}

// changeFaults ends all faults, and begins another one at a provider and one at Redis.
func changeFaults(t *testing.T, w *worstday.World, draw *rand.Rand) {
	providers := w.Providers()
	for _, p := range providers {
		if err := w.Heal(p); err != nil {
			t.Error(err)
		}
	}
	f := sim.Fault{Mode: sim.Modes()[draw.IntN(len(sim.Modes()))]}
	if f.Mode == sim.ModeOK {
		f = sim.Fault{ErrorRate: 0.5, Status: http.StatusTooManyRequests, RetryAfterS: 3, JitterMS: 100}
	}
	p, n, replica := providers[draw.IntN(len(providers))], draw.IntN(8), draw.IntN(*gateways)
	if err := w.Fault(p, f); err != nil {
		t.Error(err)
	}
	r := w.Redis()
	if r == nil {
		return
	}
	r.Heal()
	[]func(){
		func() {}, r.Gone, r.Hang, r.ReadOnly, r.Full, r.Flush,
		func() { r.Slow(20 * time.Millisecond) }, func() { r.Partition(replica) },
	}[n]()
}

func print(told []string, calls []worstday.Call, start time.Time) {
	for _, line := range told {
		fmt.Println(line)
	}
	for _, c := range calls {
		fmt.Println(c.At.Sub(start), c.Took, c.Replica, c.Provider, c.Method, c.URL, c.Key, c.Status, c.Ended, c.RetryAfter)
	}
}

// cpuTime is the time that the process has used of all processors.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
