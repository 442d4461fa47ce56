package telemetry

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log"
	"log/slog"
	"net"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/go-logr/logr"
	"go.opentelemetry.io/otel"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/grpclog"
	"google.golang.org/grpc/status"
)

// libraries is the logger that CaptureLibraries was last given. What it captures
// belongs to the process, so this does as well.
var libraries atomic.Pointer[slog.Logger]

var captureOnce sync.Once

// CaptureLibraries sends what OpenTelemetry, gRPC and the standard library would
// print on stderr to logger, without the values that they quote: a header with a
// key, a URL with a password, what an upstream has sent.
func CaptureLibraries(logger *slog.Logger) {
	libraries.Store(logger)
	otel.SetErrorHandler(occasionally(logger, time.Minute))
	captureOnce.Do(func() {
		otel.SetLogger(logr.New(sdkLog{}))
		// gRPC's own messages say what the exporter's errors say.
		grpclog.SetLoggerV2(grpclog.NewLoggerV2(io.Discard, io.Discard, io.Discard))
		log.SetFlags(0)
		log.SetOutput(libraryWriter{libraries.Load, slog.LevelWarn})
	})
}

// LibraryLog is a logger for http.Server, whose messages may quote what a client
// has sent.
func LibraryLog(logger *slog.Logger, level slog.Level) *log.Logger {
	return log.New(libraryWriter{func() *slog.Logger { return logger }, level}, "", 0)
}

// libraryWriter logs lines of package log. Of a line with a stack it keeps the
// first part.
type libraryWriter struct {
	log   func() *slog.Logger
	level slog.Level
}

func (w libraryWriter) Write(p []byte) (int, error) {
	line, _, _ := strings.Cut(strings.TrimSpace(string(p)), "\n")
	w.log().Log(context.Background(), w.level, unquoted(line))
	return len(p), nil
}

// quoted is what Go's %q writes, also where it was cut off.
var quoted = regexp.MustCompile("\"(?:[^\"\\\\]|\\\\.)*\"?|`[^`]*`?")

// unquoted leaves out what a message quotes.
func unquoted(message string) string { return quoted.ReplaceAllString(message, "(not shown)") }

// sdkLog is for OpenTelemetry's messages about itself. Their texts are constant;
// the errors and values beside them quote variables and are left out.
type sdkLog struct{}

// checked are the messages about variables that CheckEnvironment has reported by
// their names.
var checked = []string{
	"parse headers", "escape header value", "parse url", "parse duration", "non-positive duration", "duration overflows time.Duration",
	"read tls ca cert file", "create tls cert pool", "read tls client cert", "read tls client key", "create tls client key pair",
}

// warnings is the level that OpenTelemetry gives to its warnings.
const warnings = 1

func (sdkLog) Init(logr.RuntimeInfo)            {}
func (sdkLog) Enabled(level int) bool           { return level <= warnings }
func (s sdkLog) WithValues(...any) logr.LogSink { return s }
func (s sdkLog) WithName(string) logr.LogSink   { return s }
func (s sdkLog) Error(_ error, msg string, _ ...any) {
	if !slices.Contains(checked, msg) {
		s.Info(0, msg)
	}
}

func (sdkLog) Info(_ int, msg string, _ ...any) {
	libraries.Load().Warn("OpenTelemetry: " + unquoted(msg))
}

// occasionally logs OpenTelemetry's errors, most of them an exporter's: the
// first, and then one an interval with the number of those left out.
func occasionally(logger *slog.Logger, every time.Duration) otel.ErrorHandler {
	var (
		mu   sync.Mutex
		next time.Time
		lost int
	)
	return otel.ErrorHandlerFunc(func(err error) {
		mu.Lock()
		defer mu.Unlock()
		now := time.Now()
		if now.Before(next) {
			lost++
			return
		}
		logger.Warn("telemetry could not be exported", "error", Reason(err), "not_logged", lost)
		next, lost = now.Add(every), 0
	})
}

// refusedStatus finds the status in the exporters' error for an answer that they
// do not repeat.
var refusedStatus = regexp.MustCompile(`failed to send (?:metrics )?to \S+: ([1-5]\d\d) `)

// Reason says why telemetry was not exported. The error's own text may hold the
// collector's URL with a password, or its whole answer.
func Reason(err error) string {
	var (
		dns         *net.DNSError
		certificate *tls.CertificateVerificationError
		record      tls.RecordHeaderError
		network     net.Error
	)
	switch {
	case errors.Is(err, context.Canceled):
		return "it was stopped"
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &network) && network.Timeout():
		return "the collector did not answer in time"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "the collector refuses connections"
	case errors.As(err, &dns):
		return "the collector's host name was not found"
	case errors.As(err, &certificate):
		return "the collector's certificate is not trusted"
	case errors.As(err, &record):
		return "the collector does not speak TLS"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return "the collector closed the connection"
	}
	if s, ok := status.FromError(err); ok && s.Code() != codes.OK {
		return "the collector answered " + s.Code().String()
	}
	if m := refusedStatus.FindStringSubmatch(err.Error()); m != nil {
		return "the collector answered with status " + m[1]
	}
	return "the cause is not shown, as it may hold a secret"
}
