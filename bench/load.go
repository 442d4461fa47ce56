//go:build linux

package main

import (
	"bytes"
	"context"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// outcome is what a load was answered.
type outcome struct {
	complete  int             // 200, and not degraded
	degraded  int             // 200 with a source that is stale or failed
	refused   int             // 503 and 429
	failed    int             // anything else
	latencies []time.Duration // of the 200s, sorted
	took      time.Duration
	cpu       time.Duration // of the program that was asked
}

// add counts one answer.
func (o *outcome) add(status int, body []byte, err error, took time.Duration) {
	switch {
	case err != nil:
		o.failed++
	case status == 200:
		o.latencies = append(o.latencies, took)
		if bytes.Contains(body, degraded) {
			o.degraded++
		} else {
			o.complete++
		}
	case status == 503 || status == 429:
		o.refused++
	default:
		o.failed++
	}
}

var degraded = []byte(`"status":"degraded"`)

func (o outcome) answers() int { return o.complete + o.degraded }

// perCPUSecond is how many 200s one CPU second makes.
func (o outcome) perCPUSecond() float64 { return float64(o.answers()) / o.cpu.Seconds() }

// quantile is a latency of the 200s, in milliseconds.
func (o outcome) quantile(q float64) float64 {
	if len(o.latencies) == 0 {
		return 0
	}
	i := min(int(q*float64(len(o.latencies))), len(o.latencies)-1)
	return float64(o.latencies[i].Microseconds()) / 1000
}

// ask is what a load asks: a path, and headers that end in \r\n each. n counts the
// requests of the load.
type ask struct {
	path      func(n int) string
	headers   string
	headersOf func(n int) string // in place of headers; nil: they are the same for all
}

func (a ask) get(c *client, n int) (status int, body []byte, err error) {
	headers := a.headers
	if a.headersOf != nil {
		headers = a.headersOf(n)
	}
	return c.get(a.path(n), headers)
}

func always(path string) ask { return ask{path: func(int) string { return path }} }

// closed asks over so many connections, on each again as soon as it is answered.
func closed(ctx context.Context, p *process, connections int, lasting time.Duration, a ask) (total outcome) {
	ctx, cancel := context.WithTimeout(ctx, lasting)
	defer cancel()
	var next atomic.Int64
	each := make([]outcome, connections)
	before, start := p.cpu(), time.Now()
	var wg sync.WaitGroup
	for i := range each {
		wg.Go(func() {
			c := &client{addr: p.addr}
			defer c.close()
			for ctx.Err() == nil {
				sent := time.Now()
				status, body, err := a.get(c, int(next.Add(1)))
				each[i].add(status, body, err, time.Since(sent))
			}
		})
	}
	wg.Wait()
	return joined(each, time.Since(start), p.cpu()-before)
}

// open asks at a rate, whatever becomes of the answers before.
func open(ctx context.Context, p *process, rate int, lasting time.Duration, a ask) outcome {
	before, start := p.cpu(), time.Now()
	each := openEach(ctx, p, rate, lasting, a)
	return joined(each, time.Since(start), p.cpu()-before)
}

// openEach is open, with what became of each request.
func openEach(ctx context.Context, p *process, rate int, lasting time.Duration, a ask) []outcome {
	n := int(lasting.Seconds() * float64(rate))
	idle := make(chan *client, n+1)
	each, start := make([]outcome, n), time.Now()
	var wg sync.WaitGroup
	every := time.Second / time.Duration(rate)
	// A timer of the runtime is late by up to a millisecond; nanosleep is not.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	for i := range n {
		if wait := time.Until(start.Add(time.Duration(i) * every)); wait > 0 {
			left := syscall.NsecToTimespec(wait.Nanoseconds())
			_ = syscall.Nanosleep(&left, nil)
		}
		if ctx.Err() != nil {
			break
		}
		var c *client
		select {
		case c = <-idle:
		default:
			c = &client{addr: p.addr}
		}
		sent := time.Now()
		wg.Go(func() {
			status, body, err := a.get(c, i)
			each[i].add(status, body, err, time.Since(sent))
			idle <- c
		})
	}
	wg.Wait()
	for len(idle) > 0 {
		(<-idle).close()
	}
	return each
}

func joined(each []outcome, took, cpu time.Duration) (total outcome) {
	for _, o := range each {
		total.complete += o.complete
		total.degraded += o.degraded
		total.refused += o.refused
		total.failed += o.failed
		total.latencies = append(total.latencies, o.latencies...)
	}
	slices.Sort(total.latencies)
	total.took, total.cpu = took, cpu
	return total
}
