//go:build linux

package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"syscall"
	"time"
)

// overloaded is a load that is more than a gateway can serve, or looks like it.
type overloaded struct {
	name   string
	times  float64                 // the rate, in multiples of the peak of its kind
	kind   func(n int) string      // of the n-th request; the answers of each kind are told apart
	mix    bool                    // the peak is that of eight hits to two cold places
	fault  func(r *rig) error      // nil: the providers need 50 ms
	during func(p *process) func() // nil: nothing happens to the gateway
}

const (
	greedyShare = 0.9
	otherKeys   = 20
)

func cold(int) string { return "cold" }

// mixed is eight hits to two cold places.
func mixed(n int) string {
	if n%5 == 0 {
		return "cold"
	}
	return "hit"
}

// unfair is one client that sends nine of ten requests.
func unfair(int) string {
	if rand.Float64() < greedyShare {
		return "greedy"
	}
	return "others"
}

var overloads = []overloaded{
	{name: "cold, 0.8 of the peak", times: 0.8, kind: cold},
	{name: "cold, 2 × the peak", times: 2, kind: cold},
	{name: "cold, 3 × the peak", times: 3, kind: cold},
	{name: "80 % hits, 2 × the peak", times: 2, kind: mixed, mix: true},
	{name: "80 % hits, 3 × the peak", times: 3, kind: mixed, mix: true},
	{name: "one client has 90 %, 3 × the peak", times: 3, kind: unfair},
	{name: "providers at 1.5 s, 0.4 of the peak", times: 0.4, kind: cold, fault: func(r *rig) error { return r.faults(`{"latency_ms": 1500}`) }},
	{name: "one provider hangs, 0.4 of the peak", times: 0.4, kind: cold, fault: func(r *rig) error { return r.fault("openmeteo", `{"mode": "hang"}`) }},
	{name: "CPU stolen 50 of 100 ms, 0.3 of the peak", times: 0.3, kind: cold, during: steal}, // 0.6 of the rest
}

// overload measures what a gateway does with more requests than it can serve, with its
// limit on those that ask upstreams and without.
func overload(ctx context.Context, r *rig) (table []line, err error) {
	defer func() { _ = r.faults("") }()
	peaks := make(map[bool]float64) // complete answers a second, by overloaded.mix
	for _, mix := range []bool{false, true} {
		if peaks[mix], err = r.peak(ctx, mix); err != nil {
			return nil, err
		}
		table = append(table, line{row: "peak", program: map[bool]string{false: "cold", true: "80 % hits"}[mix], figures: []figure{{"complete per s", []float64{peaks[mix]}, 0}}})
	}
	for _, o := range overloads {
		for _, admission := range []string{"off", "adaptive"} {
			lines, err := r.overloaded(ctx, o, admission, int(o.times*peaks[o.mix]))
			if err != nil {
				return nil, err
			}
			table = append(table, lines...)
		}
	}
	return table, ctx.Err()
}

// startLoaded starts a gateway that knows the keys of the clients, with an answer in
// memory and upstreams that it has called before.
func (r *rig) startLoaded(ctx context.Context, admission string) (*process, error) {
	if err := r.faults(`{"latency_ms": 50, "jitter_ms": 10}`); err != nil {
		return nil, err
	}
	keys := []string{"greedy:weather:read:greedy"}
	for n := range otherKeys {
		keys = append(keys, fmt.Sprintf("other%d:weather:read:other%d", n, n))
	}
	g, err := r.startGateway(ctx, []string{"ADMISSION=" + admission, "ANONYMOUS_SCOPES=weather:read", "API_KEYS=" + strings.Join(keys, ",")})
	if err != nil {
		return nil, err
	}
	open(ctx, g, 100, time.Second, r.loadOf(cold))
	return g, g.waitFor(ctx, place)
}

// loadOf asks for the place in memory where the kind is hit, else for one that is not.
func (r *rig) loadOf(kind func(int) string) ask {
	query := newPlaces()
	return ask{
		path: func(n int) string {
			if kind(n) == "hit" {
				return place
			}
			return "/v1/weather" + query(n)
		},
	}
}

// peak is how many complete answers a second a gateway without the limit makes, asked
// over as many connections as keep it busy.
func (r *rig) peak(ctx context.Context, mix bool) (float64, error) {
	g, err := r.startLoaded(ctx, "off")
	if err != nil {
		return 0, err
	}
	defer g.stop()
	kind := cold
	if mix {
		kind = mixed
	}
	o := closed(ctx, g, connections, r.seconds(4), r.loadOf(kind))
	return float64(o.complete) / o.took.Seconds(), nil
}

// overloaded is a line for each kind of request: what became of it from the second second
// on.
func (r *rig) overloaded(ctx context.Context, o overloaded, admission string, rate int) (table []line, err error) {
	g, err := r.startLoaded(ctx, admission)
	if err != nil {
		return nil, err
	}
	defer g.stop()
	if o.fault != nil {
		if err := o.fault(r); err != nil {
			return nil, err
		}
	}
	if o.during != nil {
		defer o.during(g)()
	}
	kinds := make([]string, int(r.overloadFor().Seconds()*float64(rate)))
	for n := range kinds {
		kinds[n] = o.kind(n)
	}
	a := r.loadOf(func(n int) string { return kinds[n] })
	a.headersOf = func(n int) string {
		switch kinds[n] {
		case "greedy":
			return "X-API-Key: greedy\r\n"
		case "others":
			return fmt.Sprintf("X-API-Key: other%d\r\n", n%otherKeys)
		}
		return ""
	}
	before := g.cpu()
	each := openEach(ctx, g, rate, r.overloadFor(), a)
	used := g.cpu() - before
	of := make(map[string][]outcome)
	for n := rate; n < len(each); n++ { // the first second is not counted
		of[kinds[n]] = append(of[kinds[n]], each[n])
	}
	for _, kind := range []string{"hit", "cold", "greedy", "others"} {
		if len(of[kind]) == 0 {
			continue
		}
		l := latencies(o.name, fmt.Sprintf("%s, %s", kind, admission), []outcome{joined(of[kind], 0, 0)})
		sum, seconds := joined(of[kind], 0, 0), (r.overloadFor() - time.Second).Seconds()
		l.figures = append([]figure{
			{"offered per s", []float64{float64(len(of[kind])) / seconds}, 0}, {"complete per s", []float64{float64(sum.complete) / seconds}, 0},
			{"CPU", []float64{used.Seconds() / r.overloadFor().Seconds()}, 2},
		}, l.figures...)
		table = append(table, l)
	}
	return table, ctx.Err()
}

// overloadFor is how long an overload lasts.
func (r *rig) overloadFor() time.Duration { return max(3*time.Second, r.seconds(r.turns)) }

// steal stops a program for 50 of every 100 ms, until give is called.
func steal(p *process) (give func()) {
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		signals := []syscall.Signal{syscall.SIGSTOP, syscall.SIGCONT}
		for n := 0; ; n++ {
			select {
			case <-done:
				_ = p.cmd.Process.Signal(syscall.SIGCONT)
				return
			case <-time.After(50 * time.Millisecond):
				_ = p.cmd.Process.Signal(signals[n%2])
			}
		}
	}()
	return func() { close(done); <-ended }
}
