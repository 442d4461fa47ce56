//go:build linux

package main

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"
)

// fill asks a gateway for places that it does not know, and returns those answered.
func fill(ctx context.Context, g *process, places int) (answered int) {
	query := newPlaces()
	for asked := 0; answered < places && asked < 2*places && ctx.Err() == nil; {
		from := asked
		o := open(ctx, g, 400, time.Second, ask{path: func(n int) string { return "/v1/weather" + query(from+n) }})
		asked += 400
		answered += o.answers()
	}
	return answered
}

// memory measures what places cost that are remembered, each with the answers of three
// providers and their merge: four entries.
func memory(ctx context.Context, r *rig) (table []line, err error) {
	const places = 25_000
	for _, setting := range []struct {
		name string
		env  []string
	}{
		{"gateway", nil},
		{"gateway, GOMEMLIMIT=190MiB", []string{"GOMEMLIMIT=190MiB"}},
	} {
		admin := freeAddr()
		g, err := r.startGateway(ctx, append([]string{"ADMIN_ADDR=" + admin, "PPROF=on", "CACHE_MAX_ENTRIES=100000"}, setting.env...))
		if err != nil {
			return nil, err
		}
		before, err := liveHeap(admin)
		if err != nil {
			g.stop()
			return nil, err
		}
		filled := fill(ctx, g, places)
		rss := g.rss()
		after, err := liveHeap(admin)
		g.stop()
		if err != nil {
			return nil, err
		}
		table = append(table, line{row: "100,000 entries", program: setting.name, figures: []figure{
			{"places", []float64{float64(filled)}, 0},
			{"heap a place, kB", []float64{(after - before) / float64(filled) / 1000}, 2},
			{"RSS, MB", []float64{float64(rss) / 1e6}, 0},
		}})
	}
	return table, ctx.Err()
}

// liveHeap collects garbage in a gateway, and returns what is left of its heap, in bytes.
func liveHeap(admin string) (float64, error) {
	resp, err := http.Get("http://" + admin + "/debug/pprof/heap?gc=1")
	if err != nil {
		return 0, err
	}
	resp.Body.Close()
	if resp, err = http.Get("http://" + admin + "/metrics"); err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	const name = "go_memstats_heap_alloc_bytes "
	lines := bufio.NewScanner(resp.Body)
	for lines.Scan() {
		if value, ok := strings.CutPrefix(lines.Text(), name); ok {
			return strconv.ParseFloat(value, 64)
		}
	}
	return 0, fmt.Errorf("/metrics has no %s", name)
}

// startAndIdle measures the time from start to ready, the memory of a gateway that
// nobody has asked, and the size of its program.
func startAndIdle(ctx context.Context, r *rig) ([]line, error) {
	var ready, idle []float64
	for range r.turns {
		start := time.Now()
		g, err := r.startGateway(ctx, nil)
		if err != nil {
			return nil, err
		}
		ready = append(ready, float64(time.Since(start).Microseconds())/1000)
		select {
		case <-ctx.Done():
		case <-time.After(time.Second):
		}
		idle = append(idle, float64(g.rss())/1e6)
		g.stop()
	}
	program, err := os.Stat(r.gateway)
	if err != nil {
		return nil, err
	}
	return []line{{row: "start", program: "gateway", figures: []figure{
		{"ready after, ms", ready, 1}, {"idle RSS, MB", idle, 1}, {"program, MB", []float64{float64(program.Size()) / 1e6}, 1},
	}}}, ctx.Err()
}
