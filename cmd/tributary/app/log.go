package app

import (
	"io"
	"log/slog"
	"os"

	"golang.org/x/term"

	"tributary/telemetry"
)

// newLogger returns a logger that writes to w in the configured format. Libraries that
// would write to stderr use this logger, too. Text is coloured on a terminal, unless NO_COLOR
// (no-color.org) is set.
func newLogger(cfg config, getenv func(string) string, w io.Writer) *slog.Logger {
	style := telemetry.JSON
	if cfg.LogFormat == logText {
		style = telemetry.Text
		if isTerminal(w) && getenv("NO_COLOR") == "" {
			style = telemetry.Colored
		}
	}
	log := telemetry.NewLogger(w, cfg.LogLevel.Level(), style)
	telemetry.CaptureLibraries(log)
	return log
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// logEnvironment names OpenTelemetry's variables that it will ignore.
func logEnvironment(log *slog.Logger, getenv func(string) string) {
	for _, p := range telemetry.CheckEnvironment(getenv) {
		log.Warn(p.String())
	}
}
