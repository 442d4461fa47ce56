package telemetry

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"

	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// captured collects the log of libraries, one JSON object a line.
type captured struct {
	mu  sync.Mutex
	out bytes.Buffer
}

func (c *captured) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.out.Write(p)
}

// capture returns a function that returns the messages logged so far.
func capture(t *testing.T) func() []string {
	t.Helper()
	c := &captured{}
	CaptureLibraries(NewLogger(c, slog.LevelDebug, JSON))
	t.Cleanup(func() { CaptureLibraries(slog.New(slog.DiscardHandler)) })
	return func() (messages []string) {
		c.mu.Lock()
		defer c.mu.Unlock()
		for line := range bytes.Lines(c.out.Bytes()) {
			var fields struct{ Level, Msg string }
			if err := json.Unmarshal(line, &fields); err != nil {
				t.Fatalf("%v in log line %q", err, line)
			}
			messages = append(messages, fields.Level+" "+fields.Msg)
		}
		return messages
	}
}

func TestStandardLogIsCaptured(t *testing.T) {
	messages := capture(t)
	for _, c := range []struct{ printed, want string }{
		{"http: proxy error", "WARN http: proxy error"},
		{`Unsolicited response received on idle HTTP channel starting with "HTTP/1.1 400 s3cret\"s3cret"; err=<nil>`,
			"WARN Unsolicited response received on idle HTTP channel starting with (not shown); err=<nil>"},
		{`Get "https://host/?key=s3cret": EOF`, "WARN Get (not shown): EOF"},
		{"malformed `s3cret` line", "WARN malformed (not shown) line"},
		{`cut off "s3cret`, "WARN cut off (not shown)"},
		{"http: panic serving\ns3cret\n", "WARN http: panic serving"},
	} {
		before := len(messages())
		log.Print(c.printed)
		if got := messages()[before:]; len(got) != 1 || got[0] != c.want {
			t.Errorf("logged %q, want %q", got, c.want)
		}
	}
}

func TestServerLogHasItsLevel(t *testing.T) {
	var out bytes.Buffer
	LibraryLog(NewLogger(&out, slog.LevelInfo, JSON), slog.LevelDebug).Print("http: TLS handshake error")
	LibraryLog(NewLogger(&out, slog.LevelDebug, JSON), slog.LevelDebug).Print(`bad request "s3cret"`)
	if got := out.String(); strings.Count(got, "\n") != 1 || !strings.Contains(got, `"level":"DEBUG","msg":"bad request (not shown)"`) {
		t.Errorf("logged %s, want the second line without what it quotes", got)
	}
}

// OpenTelemetry's messages about its variables contain their values.
func TestOpenTelemetrysOwnLogIsCaptured(t *testing.T) {
	messages := capture(t)
	for name, value := range map[string]string{
		"OTEL_EXPORTER_OTLP_HEADERS": "api-key: s3cret", "OTEL_EXPORTER_OTLP_TRACES_HEADERS": "a=%zz s3cret", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://u:s3cret@host:x",
		"OTEL_EXPORTER_OTLP_TIMEOUT": "s3cret", "OTEL_EXPORTER_OTLP_CERTIFICATE": "/s3cret", "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE": "s3cret",
		"OTEL_RESOURCE_ATTRIBUTES": "a=%zz s3cret,s3cret",
	} {
		t.Setenv(name, value)
	}
	exporter, err := otlptracehttp.New(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer exporter.Shutdown(context.Background())
	tel, err := Setup(t.Context(), Config{Service: "tributary", Env: func(name string) string {
		if name == "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT" {
			return "http://127.0.0.1:1"
		}
		return os.Getenv(name)
	}, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	_ = tel.Shutdown(context.Background())
	all := strings.Join(messages(), "\n")
	if strings.Contains(all, "s3cret") {
		t.Errorf("logged a secret:\n%s", all)
	}
	if !strings.Contains(all, "WARN OpenTelemetry: OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE is set to an invalid value, ignoring.") {
		t.Errorf("logged\n%s\nwant the variable of which only OpenTelemetry knows the values", all)
	}
	if strings.Contains(all, "parse headers") {
		t.Errorf("logged\n%s\nwant nothing of what CheckEnvironment names", all)
	}
}

func TestReason(t *testing.T) {
	inside := func(err error) error {
		return fmt.Errorf("traces export: %w", &url.Error{Op: "Post", URL: "http://user:s3cret@host/?key=s3cret", Err: err})
	}
	for _, c := range []struct {
		err  error
		want string
	}{
		{inside(&net.OpError{Op: "dial", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}), "the collector refuses connections"},
		{inside(&net.OpError{Op: "read", Err: os.NewSyscallError("read", syscall.ECONNRESET)}), "the collector closed the connection"},
		{inside(&net.DNSError{Err: "no such host", Name: "s3cret"}), "the collector's host name was not found"},
		{inside(context.DeadlineExceeded), "the collector did not answer in time"},
		{inside(&net.DNSError{Err: "timeout", IsTimeout: true}), "the collector did not answer in time"},
		{inside(context.Canceled), "it was stopped"},
		{inside(&tls.CertificateVerificationError{Err: x509.UnknownAuthorityError{}}), "the collector's certificate is not trusted"},
		{inside(tls.RecordHeaderError{Msg: "s3cret"}), "the collector does not speak TLS"},
		{fmt.Errorf("traces export: %w", status.Error(codes.Unauthenticated, "s3cret")), "the collector answered Unauthenticated"},
		{errors.Join(nil, errors.New("traces export: failed to send to http://s3cret/v1/traces: 401 Unauthorized (body: s3cret 200 OK)")), "the collector answered with status 401"},
		{errors.New("failed to upload metrics: failed to send metrics to http://h: 403 Forbidden (body: s3cret)"), "the collector answered with status 403"},
		{errors.New("s3cret"), "the cause is not shown, as it may hold a secret"},
	} {
		if got := Reason(c.err); got != c.want {
			t.Errorf("Reason(%v) = %q, want %q", c.err, got, c.want)
		}
	}
}

// The exporter's real errors have the forms that Reason expects.
func TestReasonOfARefusal(t *testing.T) {
	collector := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "s3cret", http.StatusUnauthorized)
	}))
	defer collector.Close()
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.URL)
	tel, err := Setup(t.Context(), Config{Service: "tributary", Env: func(name string) string {
		return map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": collector.URL}[name]
	}, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	messages := capture(t)
	_, span := tel.Tracer().Start(t.Context(), "refused")
	span.End()
	if got, want := Reason(tel.Shutdown(t.Context())), "the collector answered with status 401"; got != want {
		t.Errorf("Reason = %q, want %q", got, want)
	}
	if got := strings.Join(messages(), "\n"); strings.Contains(got, "s3cret") {
		t.Errorf("logged %q", got)
	}
}
