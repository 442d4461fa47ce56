package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"time"
)

// load is requests at a rate.
type load struct {
	addr         string
	rate         int
	lasting      time.Duration
	hits, greedy float64
}

// The kinds of clients, and the requests that they send.
var clients = []string{"all", "hits", "misses", "greedy", "others"}

// outcome is what a kind of client was answered.
type outcome struct {
	complete, degraded, refused, failed int
	latencies                           []time.Duration // of the 200s after the first second, sorted
	answered                            int
}

// quantile is a latency of the 200s, in milliseconds.
func (o *outcome) quantile(q float64) float64 {
	if len(o.latencies) == 0 {
		return 0
	}
	return float64(o.latencies[min(int(q*float64(len(o.latencies))), len(o.latencies)-1)].Microseconds()) / 1000
}

// question is one request, and who sends it.
type question struct {
	path, key, client string
}

func (l load) question(n int) question {
	q := question{path: fmt.Sprintf("/v1/weather?lat=%d.%02d&lon=%d.%02d", n/100%80, n%100, n/8000, rand.IntN(100)), key: "greedy", client: "all"}
	if l.greedy > 0 {
		q.client = "greedy"
		if rand.Float64() >= l.greedy {
			q.key, q.client = fmt.Sprint("client", rand.IntN(others)), "others"
		}
	}
	if l.hits > 0 {
		q.client = "misses"
		if rand.Float64() < l.hits {
			q.path, q.client = hit, "hits"
		}
	}
	return q
}

const hit = "/v1/weather?lat=-28.65&lon=77.23"

// open sends requests at the load's rate, whatever becomes of those before, and returns
// what each kind of client was answered.
func open(ctx context.Context, l load) map[string]*outcome {
	transport := &http.Transport{MaxIdleConns: 0, MaxIdleConnsPerHost: 10_000, DisableCompression: true}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport, Timeout: 6 * time.Second}
	ask(client, l.addr, question{path: hit, key: "greedy"}) // is cached from now on

	var (
		mu      sync.Mutex
		results = make(map[string]*outcome)
		all     sync.WaitGroup
		start   = time.Now()
	)
	for n := range int(l.lasting.Seconds() * float64(l.rate)) {
		time.Sleep(time.Until(start.Add(time.Duration(n) * time.Second / time.Duration(l.rate))))
		if ctx.Err() != nil {
			break
		}
		q, sent := l.question(n), time.Now()
		all.Go(func() {
			status, degraded := ask(client, l.addr, q)
			took := time.Since(sent)
			mu.Lock()
			defer mu.Unlock()
			o := results[q.client]
			if o == nil {
				o = &outcome{}
				results[q.client] = o
			}
			o.add(status, degraded, took, sent.Sub(start) > time.Second)
		})
	}
	all.Wait()
	for _, o := range results {
		slices.Sort(o.latencies)
	}
	return results
}

func (o *outcome) add(status int, degraded bool, took time.Duration, timed bool) {
	switch {
	case status == http.StatusOK && degraded:
		o.degraded++
	case status == http.StatusOK:
		o.complete++
	case status == http.StatusServiceUnavailable:
		o.refused++
		return
	default:
		o.failed++
		return
	}
	o.answered++
	if timed {
		o.latencies = append(o.latencies, took)
	}
}

// ask sends one request; the status is 0 without an answer.
func ask(c *http.Client, addr string, q question) (status int, degraded bool) {
	r, err := http.NewRequest(http.MethodGet, "http://"+addr+q.path, nil)
	if err != nil {
		return 0, false
	}
	r.Header.Set("X-API-Key", q.key)
	resp, err := c.Do(r)
	if err != nil {
		return 0, false
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return 0, false
	}
	return resp.StatusCode, bytes.Contains(body, []byte(`"status":"degraded"`))
}
