package declared

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
)

// WritePlan writes what each endpoint does, for operators: its parts in the order in
// which they are asked, with what they wait for, and how each value of its data comes
// about. Expressions have their number of steps, which is the most that one run takes.
func (d *Definition) WritePlan(w io.Writer) error {
	for i, e := range d.Endpoints {
		var b bytes.Buffer
		if i > 0 {
			b.WriteByte('\n')
		}
		e.plan(&b)
		if _, err := w.Write(b.Bytes()); err != nil {
			return err
		}
	}
	return nil
}

func (e *Endpoint) plan(b *bytes.Buffer) {
	fmt.Fprintf(b, "endpoint %s\n  scope %s, cache %s\n", e.Path, e.Scope, e.Cache)
	if e.Stream {
		fmt.Fprintf(b, "  stream at %s\n", e.StreamPath())
	}
	b.WriteString("  parts\n")
	var rows [][]string
	for _, p := range e.parts {
		rows = append(rows, []string{p.name, p.asks(), e.waits(p)})
	}
	align(b, rows)
	b.WriteString("  data\n")
	align(b, e.data.plan("", ""))
}

// asks is who is asked for a part, and how.
func (p *part) asks() string {
	var sources []string
	for _, s := range p.sources {
		sources = append(sources, s.plan())
	}
	text := strings.Join(sources, ", else ")
	if p.required {
		text += ", required"
	}
	if p.when != nil {
		text += ", when " + p.when.written()
	}
	return text
}

func (s partSource) plan() string {
	if s.builtIn != nil {
		return s.name + " (built in)"
	}
	text := s.name + " of " + s.source.upstream
	if b := s.source.batch; b != nil {
		text += fmt.Sprintf(" (%d keys a call)", b.most)
	}
	return text
}

// waits is what must be there before a part can be asked.
func (e *Endpoint) waits(p *part) string {
	if len(p.after) == 0 {
		return "at once"
	}
	var names []string
	for _, i := range slices.Sorted(slices.Values(p.after)) {
		names = append(names, e.parts[i].name)
	}
	return "after " + strings.Join(names, ", ")
}

// plan is a row for each value: its place, how it comes about, and its steps. times is
// how often that is, inside lists.
func (d *dataNode) plan(where, times string) (rows [][]string) {
	switch {
	case d.as != nil:
		where += "[]"
		rows = append(rows, d.each.plan(where, "each "+d.each.written(), times))
		return append(rows, d.as.plan(where, times+" × items of "+d.each.written())...)
	case d.leaf != nil:
		if where == "" {
			where = "(all)"
		}
		kind := "computed "
		if d.leaf.path != nil {
			kind = "copied "
		}
		return [][]string{d.leaf.plan(where, kind+d.leaf.written(), times)}
	}
	if where != "" {
		where += "."
	}
	for _, m := range d.members {
		rows = append(rows, m.value.plan(where+m.name, times)...)
	}
	return rows
}

func (l *leaf) plan(where, how, times string) []string {
	switch {
	case l.path != nil:
		return []string{where, how}
	case l.program.Steps() == 1:
		return []string{where, how, "1 step" + times}
	}
	return []string{where, how, fmt.Sprintf("%d steps%s", l.program.Steps(), times)}
}

// written is the path or the expression as the file has it, without line breaks.
func (l *leaf) written() string { return strings.Join(strings.Fields(l.text), " ") }

// align writes rows as columns.
func align(b *bytes.Buffer, rows [][]string) {
	var columns bytes.Buffer
	t := tabwriter.NewWriter(&columns, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		fmt.Fprintf(t, "    %s\n", strings.Join(row, "\t"))
	}
	_ = t.Flush() // a buffer takes everything
	for line := range bytes.Lines(columns.Bytes()) {
		b.Write(append(bytes.TrimRight(line, " \n"), '\n'))
	}
}
