//go:build linux

package main

import (
	"context"
	"time"
)

const connections = 64

// hitters are what answers the same question from memory: floors, caches, the gateway in
// several settings.
func (r *rig) hitters(origin string) []contender {
	gateway := func(name, headers string, env ...string) contender {
		return contender{name: name, path: place, headers: headers, start: func(ctx context.Context) (*process, error) { return r.startGateway(ctx, env) }}
	}
	all := append(r.floors(), r.others(origin)...)
	return append(all,
		gateway("gateway", ""),
		gateway("gateway, access log", "", "LOG_LEVEL=info"),
		gateway("gateway, gzip", "Accept-Encoding: gzip\r\n"),
		gateway("gateway, no sampling", "", "OTEL_TRACES_SAMPLER=always_off"),
	)
}

// freshHit measures answers from memory, as many as one core makes. The first line is
// the floor, which the others are held against.
func freshHit(ctx context.Context, r *rig) ([]line, error) {
	all, each, err := r.eachHitter(ctx, func(p *process, a ask) outcome { return closed(ctx, p, connections, r.turn, a) })
	if err != nil {
		return nil, err
	}
	return ratios("fresh hit, closed loop", all, each), nil
}

// hitAtRate measures how long answers from memory take at 2,000 requests a second.
func hitAtRate(ctx context.Context, r *rig) (table []line, err error) {
	all, each, err := r.eachHitter(ctx, func(p *process, a ask) outcome { return open(ctx, p, 2000, r.turn, a) })
	for i, c := range all {
		table = append(table, latencies("fresh hit, 2,000 a second", c.name, each[i]))
	}
	return table, err
}

// eachHitter lets the hitters take turns, after one in which they warm up.
func (r *rig) eachHitter(ctx context.Context, turn func(*process, ask) outcome) ([]contender, [][]outcome, error) {
	behind, err := r.floors()[0].start(ctx)
	if err != nil {
		return nil, nil, err
	}
	defer behind.stop()
	all := r.hitters(behind.addr)
	started, stop, err := startAll(ctx, all)
	if err != nil {
		return nil, nil, err
	}
	defer stop()
	each := make([][]outcome, len(all))
	for n := -1; n < r.turns; n++ {
		for i, c := range all {
			o := turn(started[i], ask{path: func(int) string { return c.path }, headers: c.headers})
			if n >= 0 {
				each[i] = append(each[i], o)
			}
		}
	}
	return all, each, ctx.Err()
}

// ratios are answers a CPU second, and their ratios to the first program's of the same turn.
func ratios(row string, all []contender, each [][]outcome) (table []line) {
	for i, c := range all {
		l := line{row: row, program: c.name}
		var ratio, perCPU, rate, failed []float64
		for turn, o := range each[i] {
			ratio = append(ratio, o.perCPUSecond()/each[0][turn].perCPUSecond())
			perCPU = append(perCPU, o.perCPUSecond())
			rate = append(rate, float64(o.answers())/o.took.Seconds())
			failed = append(failed, float64(o.failed+o.refused+o.degraded))
		}
		l.figures = []figure{{"ratio", ratio, 2}, {"per CPU s", perCPU, 0}, {"per s", rate, 0}, {"not complete", failed, 0}}
		table = append(table, l)
	}
	return table
}

// startAll starts programs, each asked once so that it has the answer.
func startAll(ctx context.Context, all []contender) (started []*process, stop func(), err error) {
	stop = func() {
		for _, p := range started {
			p.stop()
		}
	}
	for _, c := range all {
		p, err := c.start(ctx)
		if err != nil {
			stop()
			return nil, nil, err
		}
		started = append(started, p)
		if err := p.waitFor(ctx, c.path); err != nil {
			stop()
			return nil, nil, err
		}
	}
	return started, stop, nil
}

// latencies is a line of quantiles.
func latencies(row, program string, turns []outcome) line {
	l := line{row: row, program: program}
	for _, q := range []struct {
		name string
		of   float64
	}{{"p50 ms", 0.5}, {"p95 ms", 0.95}, {"p99 ms", 0.99}} {
		f := figure{name: q.name, digits: 2}
		for _, o := range turns {
			f.values = append(f.values, o.quantile(q.of))
		}
		l.figures = append(l.figures, f)
	}
	counts := [3]figure{{name: "degraded"}, {name: "refused"}, {name: "failed"}}
	for _, o := range turns {
		for i, n := range []int{o.degraded, o.refused, o.failed} {
			counts[i].values = append(counts[i].values, float64(n))
		}
	}
	l.figures = append(l.figures, counts[:]...)
	return l
}

// seconds is a number of turns' time.
func (r *rig) seconds(n int) time.Duration { return time.Duration(n) * r.turn }
