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

// libraries is the logger last passed to CaptureLibraries. It is global because the
// loggers that are captured are global.
var libraries atomic.Pointer[slog.Logger]

var captureOnce sync.Once

// CaptureLibraries redirects what OpenTelemetry, gRPC and the standard library would
// print on stderr to logger. Quoted values are removed, because they may be a header
// with a key, a URL with a password, or an upstream's answer.
func CaptureLibraries(logger *slog.Logger) {
	libraries.Store(logger)
	otel.SetErrorHandler(occasionally(logger, time.Minute))
	captureOnce.Do(func() {
		otel.SetLogger(logr.New(sdkLog{}))
		// gRPC's messages repeat the exporter's errors.
		grpclog.SetLoggerV2(grpclog.NewLoggerV2(io.Discard, io.Discard, io.Discard))
		log.SetFlags(0)
		log.SetOutput(libraryWriter{libraries.Load, slog.LevelWarn})
	})
}

// LibraryLog returns a logger for http.Server, whose messages may quote what a client
// sent.
func LibraryLog(logger *slog.Logger, level slog.Level) *log.Logger {
	return log.New(libraryWriter{func() *slog.Logger { return logger }, level}, "", 0)
}

// libraryWriter logs the lines of package log. It drops the stack trace of a message
// that has one.
type libraryWriter struct {
	log   func() *slog.Logger
	level slog.Level
}

func (w libraryWriter) Write(p []byte) (int, error) {
	line, _, _ := strings.Cut(strings.TrimSpace(string(p)), "\n")
	w.log().Log(context.Background(), w.level, unquoted(line))
	return len(p), nil
}

// quoted matches Go's %q, even if truncated.
var quoted = regexp.MustCompile("\"(?:[^\"\\\\]|\\\\.)*\"?|`[^`]*`?")

// unquoted removes quoted text from a message.
func unquoted(message string) string { return quoted.ReplaceAllString(message, "(not shown)") }

// sdkLog logs OpenTelemetry's internal messages. Their texts are constant. Errors and
// values are left out, because they quote variables.
type sdkLog struct{}

// checked are messages about variables that CheckEnvironment has already reported by
// name.
var checked = []string{
	"parse headers", "escape header value", "parse url", "parse duration", "non-positive duration", "duration overflows time.Duration",
	"read tls ca cert file", "create tls cert pool", "read tls client cert", "read tls client key", "create tls client key pair",
}

// warnings is the verbosity that OpenTelemetry uses for warnings.
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

// occasionally logs OpenTelemetry's errors, most of them from exporters: the first one
// at once, then one line for each interval, with the number of errors left out.
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

// refusedStatus matches the status in an exporter's error for an answer that it does
// not retry.
var refusedStatus = regexp.MustCompile(`failed to send (?:metrics )?to \S+: ([1-5]\d\d) `)

// Reason describes why an export failed. The error's own text may contain the
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
