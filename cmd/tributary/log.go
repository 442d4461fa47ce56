package main

import (
	"io"
	"log/slog"
	"os"

	"golang.org/x/term"

	"tributary/telemetry"
)

// newLogger writes to w as the configuration has it. Text is coloured on a
// terminal, unless NO_COLOR (no-color.org) is set; elsewhere the colours would be
// litter.
func newLogger(cfg config, getenv func(string) string, w io.Writer) *slog.Logger {
	style := telemetry.JSON
	if cfg.LogFormat == logText {
		style = telemetry.Text
		if f, ok := w.(*os.File); ok && term.IsTerminal(int(f.Fd())) && getenv("NO_COLOR") == "" {
			style = telemetry.Colored
		}
	}
	return telemetry.NewLogger(w, cfg.LogLevel.Level(), style)
}
