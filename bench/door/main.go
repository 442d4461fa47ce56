// Door measures what the gateway does under more load than it can serve; see README.md.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "door:", err)
		os.Exit(1)
	}
}

// scenario is a load, and what is wrong meanwhile.
type scenario struct {
	name   string
	rates  []int
	hits   float64       // share of requests for a place that is cached
	greedy float64       // share of requests of one client
	delay  time.Duration // of all upstreams
	stolen bool
}

func run(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("door", flag.ContinueOnError)
	lasting := flags.Int("seconds", 10, "how long each load lasts")
	rates := flags.String("rates", "300,600,900,1500", "requests a second for new places")
	only := flags.String("only", "cold,mix,greedy,slow,stolen", "the scenarios to run")
	modes := flags.String("admission", "adaptive,off", "values of ADMISSION to compare")
	gateway := flags.String("gateway", "", "the program; empty: it is built")
	if err := flags.Parse(args); err != nil {
		return err
	}
	cold, err := numbers(*rates)
	if err != nil {
		return err
	}
	const usual = 50 * time.Millisecond
	first, last := cold[0], cold[len(cold)-1]
	all := []scenario{
		{name: "cold", rates: cold, delay: usual},
		{name: "mix", rates: []int{2 * last, 4 * last}, hits: 0.8, delay: usual},
		{name: "greedy", rates: []int{last}, greedy: 0.9, delay: usual},
		{name: "slow", rates: []int{max(1, first/3)}, delay: 1500 * time.Millisecond},
		{name: "stolen", rates: []int{max(1, first/3), first}, delay: usual, stolen: true},
	}
	r, err := newRig(ctx, *gateway)
	if err != nil {
		return err
	}
	defer r.close()
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "scenario\trps\tADMISSION\tclient\tcomplete\tdegraded\trefused\tfailed\tp50\tp99\tCPU\t")
	for _, s := range all {
		if !slices.Contains(strings.Split(*only, ","), s.name) {
			continue
		}
		for _, rate := range s.rates {
			for _, mode := range strings.Split(*modes, ",") {
				if err := r.measure(ctx, s, rate, mode, time.Duration(*lasting)*time.Second, table); err != nil {
					return err
				}
			}
		}
	}
	return table.Flush()
}

// measure runs one load on a new gateway, and prints a line for each kind of client.
func (r *rig) measure(ctx context.Context, s scenario, rate int, mode string, lasting time.Duration, table *tabwriter.Writer) error {
	if err := r.delay(s.delay); err != nil {
		return err
	}
	g, err := r.startGateway(ctx, mode)
	if err != nil {
		return err
	}
	defer g.stop()
	if s.stolen {
		defer g.steal()()
	}
	before := g.cpu()
	results := open(ctx, load{addr: g.addr, rate: rate, lasting: lasting, hits: s.hits, greedy: s.greedy})
	cpu := g.cpu() - before
	answers := 0
	for _, o := range results {
		answers += len(o.latencies)
	}
	for _, client := range clients {
		o, ok := results[client]
		if !ok {
			continue
		}
		second := func(n int) string { return fmt.Sprintf("%.0f", float64(n)/lasting.Seconds()) }
		fmt.Fprintf(table, "%s\t%d\t%s\t%s\t%s\t%s\t%s\t%s\t%.0f\t%.0f\t%.2f\t\n", s.name, rate, mode, client,
			second(o.complete), second(o.degraded), second(o.refused), second(o.failed), o.quantile(0.5), o.quantile(0.99),
			float64(cpu.Microseconds())/1000/float64(max(1, answers)))
	}
	return ctx.Err()
}

func numbers(list string) (all []int, err error) {
	for text := range strings.SplitSeq(list, ",") {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			return nil, fmt.Errorf("-rates: %q is not a number of requests a second", text)
		}
		all = append(all, n)
	}
	return all, nil
}
