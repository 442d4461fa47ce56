package worstday

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"regexp"
	"runtime"
	"strconv"
	"strings"
)

// Connections returns the number of open connections in the whole world.
func (w *World) Connections() int { return w.net.Connections() }

// Entries returns the number of answers in the memory of a gateway.
func (w *World) Entries(replica int) int {
	metrics, err := w.Metrics(w.t.Context(), replica)
	if err != nil {
		w.t.Errorf("metrics of gateway %d: %v", replica, err)
	}
	return int(metrics["tributary_cache_entries"])
}

// Metrics returns the samples of a gateway's /metrics, by name and labels as written there.
func (w *World) Metrics(ctx context.Context, replica int) (map[string]float64, error) {
	r, err := http.NewRequest(http.MethodGet, "/metrics", nil)
	if err != nil {
		return nil, err
	}
	resp, err := w.clients.send(ctx, operatorHost, "http://"+replicaHost(replica)+":81", r)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	samples := make(map[string]float64)
	lines := bufio.NewScanner(resp.Body)
	for lines.Scan() {
		end := strings.LastIndexByte(lines.Text(), ' ')
		if strings.HasPrefix(lines.Text(), "#") || end < 0 {
			continue
		}
		value, err := strconv.ParseFloat(lines.Text()[end+1:], 64)
		if err != nil {
			return nil, fmt.Errorf("/metrics has %q", lines.Text())
		}
		samples[lines.Text()[:end]] = value
	}
	return samples, lines.Err()
}

var bubbleOf = regexp.MustCompile(`^goroutine \d+ \[.*synctest bubble (\d+)\]:`)

// Goroutines returns the number of goroutines in the caller's bubble, with its own. It
// stops the process for a moment, so it is not for each request.
func (w *World) Goroutines() int {
	stacks := make([]byte, 1<<20)
	for {
		n := runtime.Stack(stacks, true)
		if n < len(stacks) {
			stacks = stacks[:n]
			break
		}
		stacks = make([]byte, 2*len(stacks))
	}
	count, own := 0, ""
	for line := range strings.Lines(string(stacks)) {
		m := bubbleOf.FindStringSubmatch(line)
		switch {
		case m == nil:
		case own == "": // the caller is first
			own, count = m[1], 1
		case m[1] == own:
			count++
		}
	}
	return count
}
