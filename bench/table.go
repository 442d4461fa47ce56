//go:build linux

package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"
)

// line is a line of the table: what one program did in one measurement.
type line struct {
	row, program string
	figures      []figure
}

// figure is what was measured in each turn.
type figure struct {
	name   string
	values []float64
	digits int
}

func (f figure) median() float64 {
	v := slices.Sorted(slices.Values(f.values))
	if len(v) == 0 {
		return 0
	}
	return v[len(v)/2]
}

// String is the median, and the least and the greatest where there is more than one.
func (f figure) String() string {
	if len(f.values) < 2 {
		return fmt.Sprintf("%s %.*f", f.name, f.digits, f.median())
	}
	return fmt.Sprintf("%s %.*f (%.*f–%.*f)", f.name, f.digits, f.median(), f.digits, slices.Min(f.values), f.digits, slices.Max(f.values))
}

func (l line) String() string {
	texts := make([]string, len(l.figures))
	for i, f := range l.figures {
		texts[i] = f.String()
	}
	return fmt.Sprintf("%-34s %-22s %s", l.row, l.program, strings.Join(texts, "  "))
}

// write puts the table and the drawings into a folder, if there is one.
func write(folder string, r *rig, table []line) error {
	if folder == "" {
		return nil
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s, %s, %d cores, %s; %d turns of %s. Each figure is a median, with the least and the greatest turn.\n\n",
		time.Now().UTC().Format(time.DateOnly), runtime.Version(), runtime.NumCPU(), processor(), r.turns, r.turn)
	b.WriteString("| measurement | program | figures |\n| --- | --- | --- |\n")
	for _, l := range table {
		texts := make([]string, len(l.figures))
		for i, f := range l.figures {
			texts[i] = f.String()
		}
		fmt.Fprintf(&b, "| %s | %s | %s |\n", l.row, l.program, strings.Join(texts, "; "))
	}
	if err := os.WriteFile(filepath.Join(folder, "table.md"), []byte(b.String()), 0o644); err != nil {
		return err
	}
	return draw(folder, table)
}

// processor is the processor's name.
func processor() string {
	out, err := exec.Command("sed", "-n", "s/^model name[^:]*: //p;T;q", "/proc/cpuinfo").Output()
	if name := strings.TrimSpace(string(out)); err == nil && name != "" {
		return name
	}
	return runtime.GOARCH
}
