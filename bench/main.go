//go:build linux

// Bench measures a gateway on one core beside what could stand in its place: a bare
// handler of net/http (the floor), a naive merge in Go, and nginx, Varnish, HAProxy and
// KrakenD where their programs are found. All of them answer from the same simulated
// upstreams, and take turns, so that a machine that is busy disturbs all of them alike.
//
// Its figures are ratios of answers per CPU second, and latencies at fixed rates.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strings"
	"time"
)

func main() {
	if len(os.Args) > 1 {
		if serve, ok := roles[os.Args[1]]; ok { // this program again, as one that is measured
			if err := serve(os.Args[2:]); err != nil {
				fmt.Fprintln(os.Stderr, "bench:", err)
				os.Exit(1)
			}
			return
		}
	}
	var o options
	flag.StringVar(&o.rows, "rows", "all", "what to measure, with commas: "+strings.Join(rowNames(), ", "))
	flag.IntVar(&o.turns, "turns", 6, "how often each program has its turn")
	flag.DurationVar(&o.turn, "turn", time.Second, "how long a turn takes")
	flag.StringVar(&o.gateway, "gateway", "", "a gateway that is built; without it, it is built from this source")
	flag.StringVar(&o.out, "out", "", "a folder for table.md and the drawings; without it, the table is only printed")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

type options struct {
	rows         string
	turns        int
	turn         time.Duration
	gateway, out string
}

// row is one measurement, a line or more of the table.
type row struct {
	name string
	run  func(context.Context, *rig) ([]line, error)
}

var rows = []row{
	{"hit", freshHit},
	{"rate", hitAtRate},
	{"cold", coldMerge},
	{"coldrate", coldAtRate},
	{"hang", oneHangs},
	{"crowd", crowd},
	{"overload", overload},
	{"memory", memory},
	{"start", startAndIdle},
	{"grow", grow},
}

func rowNames() (names []string) {
	for _, r := range rows {
		names = append(names, r.name)
	}
	return names
}

func run(ctx context.Context, o options) error {
	r, err := newRig(ctx, o)
	if err != nil {
		return err
	}
	defer r.close()
	wanted := strings.Split(o.rows, ",")
	var table []line
	for _, row := range rows {
		if o.rows != "all" && !slices.Contains(wanted, row.name) || ctx.Err() != nil {
			continue
		}
		fmt.Fprintln(os.Stderr, "measuring", row.name)
		lines, err := row.run(ctx, r)
		if err != nil {
			return fmt.Errorf("%s: %w", row.name, err)
		}
		for _, l := range lines {
			fmt.Println(l)
		}
		table = append(table, lines...)
	}
	return write(o.out, r, table)
}
