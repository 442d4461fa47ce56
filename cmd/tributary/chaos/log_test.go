//go:build chaos

package chaos_test

import (
	"bytes"
	"slices"
	"sync"
)

// keptLines is how many lines of log are kept.
const keptLines = 5000

// lastLines are the last lines that all programs have logged.
type lastLines struct {
	mu   sync.Mutex
	kept []string
}

func (l *lastLines) add(line string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.kept = append(l.kept, line)
	if len(l.kept) >= 2*keptLines {
		l.kept = slices.Clone(l.kept[keptLines:])
	}
}

func (l *lastLines) last(n int) []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.kept[max(0, len(l.kept)-n):])
}

// lines is the standard error of one program.
type lines struct {
	log  *lastLines
	name string // comes before each line
	rest []byte
}

func (l *lines) Write(b []byte) (int, error) {
	l.rest = append(l.rest, b...)
	for {
		line, rest, ok := bytes.Cut(l.rest, []byte("\n"))
		if !ok {
			return len(b), nil
		}
		l.log.add(l.name + " " + string(line))
		l.rest = bytes.Clone(rest)
	}
}
