//go:build linux

package main

import (
	"fmt"
	"html"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// draw makes one drawing for each measurement: bars of its first figure, with the least
// and the greatest turn as a thin line.
func draw(folder string, table []line) error {
	for i := 0; i < len(table); {
		to := i + 1
		for to < len(table) && table[to].row == table[i].row {
			to++
		}
		name := strings.Map(func(c rune) rune {
			if c >= 'a' && c <= 'z' || c >= '0' && c <= '9' {
				return c
			}
			return '-'
		}, strings.ToLower(table[i].row)) + ".svg"
		if err := os.WriteFile(filepath.Join(folder, name), []byte(bars(table[i:to])), 0o644); err != nil {
			return err
		}
		i = to
	}
	return nil
}

const (
	barHeight, barGap = 18, 8
	labels, width     = 190, 460
)

// bars is a drawing of the first figure of lines. It has the colours of the page that
// shows it, light or dark.
func bars(lines []line) string {
	most := 0.0
	for _, l := range lines {
		most = max(most, slices.Max(l.figures[0].values))
	}
	if most == 0 {
		most = 1
	}
	height := 34 + len(lines)*(barHeight+barGap)
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %[1]d %[2]d" width="%[1]d" height="%[2]d" font-family="system-ui, sans-serif" font-size="12">`+"\n", labels+width+110, height)
	b.WriteString("<style>text{fill:#1f2328}rect{fill:#0b6e8a}.own{fill:#c2571a}line{stroke:#57606a;stroke-width:2}@media(prefers-color-scheme:dark){text{fill:#e6edf3}line{stroke:#9da7b1}}</style>\n")
	fmt.Fprintf(&b, `<text x="0" y="14" font-weight="600">%s: %s</text>`+"\n", html.EscapeString(lines[0].row), html.EscapeString(lines[0].figures[0].name))
	for i, l := range lines {
		f := l.figures[0]
		y := 26 + i*(barHeight+barGap)
		scale := func(v float64) float64 { return v / most * width }
		class := ""
		if strings.HasPrefix(l.program, "gateway") {
			class = ` class="own"`
		}
		fmt.Fprintf(&b, `<text x="0" y="%d">%s</text>`, y+13, html.EscapeString(l.program))
		fmt.Fprintf(&b, `<rect x="%d" y="%d" width="%.1f" height="%d"%s/>`, labels, y, scale(f.median()), barHeight, class)
		fmt.Fprintf(&b, `<line x1="%.1f" x2="%.1f" y1="%d" y2="%d"/>`, labels+scale(slices.Min(f.values)), labels+scale(slices.Max(f.values)), y+barHeight/2, y+barHeight/2)
		fmt.Fprintf(&b, `<text x="%.1f" y="%d">%.*f</text>`+"\n", labels+scale(slices.Max(f.values))+8, y+13, f.digits, f.median())
	}
	b.WriteString("</svg>\n")
	return b.String()
}
