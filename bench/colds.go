//go:build linux

package main

import (
	"context"
	"sync"
	"time"
)

// mergers are what merges the answers of the three providers. The gateway's limit on
// requests that ask upstreams is off, because as many as possible are measured.
func (r *rig) mergers() []contender {
	return []contender{
		{name: "naive", path: "/merge", start: func(ctx context.Context) (*process, error) {
			addr := freeAddr()
			return r.ready(ctx, nil, "naive", addr, "/merge?lat=1&lon=1", r.self,
				"naive", addr, r.upstreams["openmeteo"], r.upstreams["openweather"], r.upstreams["metno"])
		}},
		{name: "gateway", path: "/v1/weather", start: func(ctx context.Context) (*process, error) { return r.startGateway(ctx, []string{"ADMISSION=off"}) }},
	}
}

// eachMerger lets the mergers take turns with places that nobody has asked for.
func (r *rig) eachMerger(ctx context.Context, turn func(*process, ask) outcome) ([]contender, [][]outcome, error) {
	all := r.mergers()
	each := make([][]outcome, len(all))
	var started []*process
	defer func() {
		for _, p := range started {
			p.stop()
		}
	}()
	for _, c := range all {
		p, err := c.start(ctx)
		if err != nil {
			return nil, nil, err
		}
		started = append(started, p)
	}
	for n := -1; n < r.turns; n++ {
		for i, c := range all {
			query := newPlaces()
			o := turn(started[i], ask{path: func(n int) string { return c.path + query(n) }})
			if n >= 0 {
				each[i] = append(each[i], o)
			}
		}
	}
	return all, each, ctx.Err()
}

// coldMerge measures merges of three answers, as many as one core makes.
func coldMerge(ctx context.Context, r *rig) ([]line, error) {
	all, each, err := r.eachMerger(ctx, func(p *process, a ask) outcome { return closed(ctx, p, connections, r.turn, a) })
	return ratios("cold merge of three, closed loop", all, each), err
}

// coldAtRate measures how long merges take at 300 requests a second, with providers that
// need 10 ms.
func coldAtRate(ctx context.Context, r *rig) ([]line, error) {
	if err := r.faults(`{"latency_ms": 10}`); err != nil {
		return nil, err
	}
	defer func() { _ = r.faults("") }()
	all, each, err := r.eachMerger(ctx, func(p *process, a ask) outcome { return open(ctx, p, 300, r.turn, a) })
	var table []line
	for i, c := range all {
		table = append(table, latencies("cold merge, 300 a second, 10 ms", c.name, each[i]))
	}
	return table, err
}

// oneHangs measures a gateway while one of three providers hangs.
func oneHangs(ctx context.Context, r *rig) ([]line, error) {
	defer func() { _ = r.faults("") }()
	expired, err := r.hangs(ctx, func(int) string { return place }, "OPENMETEO_FRESH_FOR=0s", "OPENMETEO_REVALIDATE_FOR=0s", "OPENWEATHER_FRESH_FOR=0s", "OPENWEATHER_REVALIDATE_FOR=0s")
	if err != nil {
		return nil, err
	}
	query := newPlaces()
	cold, err := r.hangs(ctx, func(n int) string { return "/v1/weather" + query(n) })
	return []line{
		latencies("one hangs, expired, first second", "gateway", expired[:1]), latencies("one hangs, expired, then", "gateway", expired[1:]),
		latencies("one hangs, cold, first second", "gateway", cold[:1]), latencies("one hangs, cold, then", "gateway", cold[1:]),
	}, err
}

// hangs asks a gateway that knows how fast its providers are, second by second, from the
// moment when one of them hangs.
func (r *rig) hangs(ctx context.Context, path func(int) string, env ...string) (seconds []outcome, err error) {
	if err := r.faults(`{"latency_ms": 10}`); err != nil {
		return nil, err
	}
	g, err := r.startGateway(ctx, env)
	if err != nil {
		return nil, err
	}
	defer g.stop()
	warm := newPlaces()
	open(ctx, g, 100, 2*time.Second, ask{path: func(n int) string { return "/v1/weather" + warm(n) }})
	open(ctx, g, 300, time.Second, ask{path: path})
	if err := r.fault("openmeteo", `{"mode": "hang"}`); err != nil {
		return nil, err
	}
	asked := 300
	for range 2 + r.turns {
		from := asked
		seconds = append(seconds, open(ctx, g, 300, time.Second, ask{path: func(n int) string { return path(from + n) }}))
		asked += 300
	}
	return seconds, ctx.Err()
}

// crowd measures 500 callers of one place that is not in memory, providers need 50 ms.
func crowd(ctx context.Context, r *rig) ([]line, error) {
	if err := r.faults(`{"latency_ms": 50}`); err != nil {
		return nil, err
	}
	defer func() { _ = r.faults("") }()
	all := r.mergers()[1:]
	g, err := all[0].start(ctx)
	if err != nil {
		return nil, err
	}
	defer g.stop()
	var turns []outcome
	query := newPlaces()
	for turn := range r.turns {
		clients := make([]*client, 500)
		for i := range clients {
			clients[i] = &client{addr: g.addr}
			if _, _, err := clients[i].get("/livez", ""); err != nil { // connected before
				return nil, err
			}
		}
		each := make([]outcome, len(clients))
		start := make(chan struct{})
		var wg sync.WaitGroup
		for i, c := range clients {
			wg.Go(func() {
				<-start
				sent := time.Now()
				status, body, err := c.get("/v1/weather"+query(turn), "")
				each[i].add(status, body, err, time.Since(sent))
				c.close()
			})
		}
		close(start)
		wg.Wait()
		turns = append(turns, joined(each, 0, 0))
	}
	return []line{latencies("500 callers of one cold place", "gateway", turns)}, ctx.Err()
}
