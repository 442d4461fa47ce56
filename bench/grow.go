//go:build linux

package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// grow measures how cost grows: with the sources of an answer, the places in memory, the
// endpoints that are declared, and the replicas on one Redis.
func grow(ctx context.Context, r *rig) (table []line, err error) {
	for _, measure := range []func(context.Context, *rig) ([]line, error){growSources, growPlaces, growEndpoints, growReplicas} {
		lines, err := measure(ctx, r)
		if err != nil {
			return nil, err
		}
		table = append(table, lines...)
	}
	return table, nil
}

// declaration is an endpoints file with paths of so many sources each.
func (r *rig) declaration(name string, paths, sources int, url string) (string, error) {
	dir := filepath.Join(r.dir, name)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	const thing = `{"type": "object", "required": ["id"], "properties": {"id": {"type": "integer"}, "name": {"type": "string"}}}`
	if err := os.WriteFile(filepath.Join(dir, "thing.json"), []byte(thing), 0o644); err != nil {
		return "", err
	}
	var b strings.Builder
	b.WriteString("version: 1\nupstreams:\n")
	fmt.Fprintf(&b, "  things: {url: %q, max_concurrent: 1000}\nsources:\n", url)
	for s := range sources {
		fmt.Fprintf(&b, "  thing%d: {get: 'things /things%d/{id}', answer: thing.json}\n", s, s)
	}
	b.WriteString("endpoints:\n")
	for p := range paths {
		fmt.Fprintf(&b, "  /v1/things%d/{id}:\n    summary: Thing %d\n    scope: none\n    parameters: {id: {type: integer}}\n    parts:\n", p, p)
		for s := range sources {
			fmt.Fprintf(&b, "      thing%d: {ask: {id: id}}\n", s)
		}
		b.WriteString("    data:\n")
		for s := range sources {
			fmt.Fprintf(&b, "      name%d: thing%d.name\n", s, s)
		}
	}
	file := filepath.Join(dir, "endpoints.yaml")
	return file, os.WriteFile(file, []byte(b.String()), 0o644)
}

// declared starts a gateway, and a simulator, for a file of endpoints.
func (r *rig) declared(ctx context.Context, paths, sources int) (g *process, stop func(), ready time.Duration, err error) {
	name := fmt.Sprintf("declared-%d-%d", paths, sources)
	file, err := r.declaration(name, paths, sources, "http://127.0.0.1:1")
	if err != nil {
		return nil, nil, 0, err
	}
	sim, err := r.start(r.other, []string{"SIM_ADDR=127.0.0.1:0"}, name, r.gateway, "sim", "--endpoints", file)
	if err != nil {
		return nil, nil, 0, err
	}
	urls, err := sim.addresses()
	if err != nil {
		sim.stop()
		return nil, nil, 0, err
	}
	start := time.Now()
	if g, err = r.startGateway(ctx, []string{"THINGS_URL=" + urls["things"]}, "--endpoints", file); err != nil {
		sim.stop()
		return nil, nil, 0, err
	}
	return g, func() { g.stop(); sim.stop() }, time.Since(start), nil
}

func growSources(ctx context.Context, r *rig) (table []line, err error) {
	for _, n := range []int{1, 3, 10} {
		g, stop, _, err := r.declared(ctx, 1, n)
		if err != nil {
			return nil, err
		}
		var cold, hit []float64
		asked := 0
		for turn := -1; turn < r.turns; turn++ {
			from := asked
			c := closed(ctx, g, connections, r.turn, ask{path: func(n int) string { return fmt.Sprintf("/v1/things0/%d", from+n) }})
			asked += c.answers() + c.failed + c.refused + connections
			h := closed(ctx, g, connections, r.turn, always("/v1/things0/1"))
			if turn >= 0 {
				cold, hit = append(cold, c.perCPUSecond()), append(hit, h.perCPUSecond())
			}
		}
		stop()
		table = append(table, line{row: "sources of an answer", program: fmt.Sprint(n), figures: []figure{{"cold per CPU s", cold, 0}, {"hits per CPU s", hit, 0}}})
	}
	return table, ctx.Err()
}

func growPlaces(ctx context.Context, r *rig) (table []line, err error) {
	for _, n := range []int{1_000, 10_000, 100_000} {
		g, err := r.startGateway(ctx, nil)
		if err != nil {
			return nil, err
		}
		query := newPlaces()
		before, answered := g.cpu(), 0
		for answered < n && ctx.Err() == nil {
			from := answered
			answered += closed(ctx, g, connections, min(r.turn, time.Duration(n)*time.Second/1000), ask{path: func(i int) string { return "/v1/weather" + query(from+i) }}).answers()
		}
		perCPU := float64(answered) / (g.cpu() - before).Seconds()
		hit := closed(ctx, g, connections, r.turn, always(place))
		table = append(table, line{row: "places asked for", program: fmt.Sprint(n), figures: []figure{
			{"cold per CPU s", []float64{perCPU}, 0}, {"hits per CPU s", []float64{hit.perCPUSecond()}, 0}, {"RSS, MB", []float64{float64(g.rss()) / 1e6}, 0},
		}})
		g.stop()
	}
	return table, ctx.Err()
}

func growEndpoints(ctx context.Context, r *rig) (table []line, err error) {
	for _, n := range []int{1, 100, 10_000} {
		g, stop, ready, err := r.declared(ctx, n, 1)
		if err != nil {
			return nil, err
		}
		path := fmt.Sprintf("/v1/things%d/1", n-1)
		closed(ctx, g, connections, r.turn, always(path))
		hit := closed(ctx, g, connections, r.turn, always(path))
		table = append(table, line{row: "endpoints declared", program: fmt.Sprint(n), figures: []figure{
			{"hits per CPU s", []float64{hit.perCPUSecond()}, 0}, {"RSS, MB", []float64{float64(g.rss()) / 1e6}, 0}, {"ready after, ms", []float64{float64(ready.Milliseconds())}, 0},
		}})
		stop()
	}
	return table, ctx.Err()
}

// growReplicas asks so many replicas in turn for the same places: each place is asked of
// the providers once, and the other replicas find it in Redis.
func growReplicas(ctx context.Context, r *rig) (table []line, err error) {
	program, err := exec.LookPath("redis-server")
	if err != nil {
		fmt.Fprintln(os.Stderr, "redis-server is not found: replicas are not measured")
		return nil, nil
	}
	for _, n := range []int{1, 2, 3} {
		addr := freeAddr()
		host, port, _ := strings.Cut(addr, ":")
		redis, err := r.start(r.other, nil, "redis", program, "--bind", host, "--port", port, "--save", "", "--appendonly", "no", "--dir", r.dir)
		if err != nil {
			return nil, err
		}
		perCPU, err := r.replicas(ctx, n, "redis://"+addr)
		redis.stop()
		if err != nil {
			return nil, err
		}
		table = append(table, line{row: "replicas on one Redis", program: fmt.Sprint(n), figures: []figure{{"answers per CPU s", []float64{perCPU}, 0}}})
	}
	return table, ctx.Err()
}

// replicas returns the answers a CPU second of so many replicas, each asked for the same
// places in turn.
func (r *rig) replicas(ctx context.Context, n int, redis string) (perCPU float64, err error) {
	var all []*process
	defer func() {
		for _, p := range all {
			p.stop()
		}
	}()
	for range n {
		g, err := r.startGateway(ctx, []string{"REDIS_URL=" + redis})
		if err != nil {
			return 0, err
		}
		all = append(all, g)
	}
	query := newPlaces()
	var answers int
	var cpu time.Duration
	for turn := range r.turns {
		for _, g := range all {
			o := open(ctx, g, 200, r.turn, ask{path: func(i int) string { return "/v1/weather" + query(turn*1_000+i) }})
			answers += o.answers()
			cpu += o.cpu
		}
	}
	return float64(answers) / cpu.Seconds(), ctx.Err()
}
