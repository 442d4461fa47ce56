package telemetry

import (
	"bytes"
	"log/slog"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.opentelemetry.io/otel/trace"
)

// The access log writes its lines itself. They are those of slog's JSON handler, byte for
// byte.
func TestAccessLinesAreSlogsLines(t *testing.T) {
	sc := trace.NewSpanContext(trace.SpanContextConfig{TraceID: trace.TraceID{1, 0xab}, SpanID: trace.SpanID{2, 0xcd}})
	for name, c := range map[string]struct {
		status int
		attrs  []slog.Attr
		traced bool
		took   time.Duration
	}{
		"of an answer":                    {200, []slog.Attr{slog.String("request_id", "a~b"), slog.Bool("degraded", false)}, true, 1234567 * time.Nanosecond},
		"without a trace":                 {304, nil, false, 0},
		"of a failure":                    {503, []slog.Attr{slog.String("problem", "overloaded")}, true, time.Hour},
		"with a text that is escaped":     {200, []slog.Attr{slog.String("caller", `"a"\b`)}, true, time.Millisecond},
		"with a control character":        {200, []slog.Attr{slog.String("caller", "a\x1fb\x7f")}, true, time.Millisecond},
		"with what HTML would escape":     {200, []slog.Attr{slog.String("caller", "<a&b>")}, true, time.Millisecond},
		"with a letter beyond ASCII":      {200, []slog.Attr{slog.String("caller", "Zoë\u2028")}, true, time.Millisecond},
		"with bytes that are not UTF-8":   {200, []slog.Attr{slog.String("caller", "a\xff")}, true, time.Millisecond},
		"with a number in an exponent":    {200, []slog.Attr{slog.Float64("x", 1e-7), slog.Float64("y", math.MaxFloat64), slog.Float64("z", -2)}, true, time.Millisecond},
		"with what is no number in JSON":  {200, []slog.Attr{slog.Float64("x", math.NaN())}, true, time.Millisecond},
		"with a value of another kind":    {200, []slog.Attr{slog.Duration("x", time.Second), slog.Any("y", []int{1}), slog.Uint64("z", 1)}, true, time.Millisecond},
		"with an attribute that is empty": {200, []slog.Attr{{}}, true, time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			line := func(log func(*slog.Logger) *slog.Logger) string {
				var out bytes.Buffer
				synctest.Test(t, func(*testing.T) { // every bubble begins at the same time
					h := AccessLog(log(NewLogger(&out, slog.LevelInfo, JSON)), func(_ *http.Request, attrs []slog.Attr) []slog.Attr {
						return append(attrs, c.attrs...)
					})(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
						time.Sleep(c.took)
						w.WriteHeader(c.status)
					}))
					r := httptest.NewRequest(http.MethodGet, "/things", nil)
					if c.traced {
						r = r.WithContext(trace.ContextWithSpanContext(r.Context(), sc))
					}
					h.ServeHTTP(httptest.NewRecorder(), r)
				})
				return out.String()
			}
			own := line(func(l *slog.Logger) *slog.Logger { return l })
			slogs := line(func(l *slog.Logger) *slog.Logger { return slog.New(struct{ slog.Handler }{l.Handler()}) })
			if own != slogs || strings.Count(own, "\n") != 1 {
				t.Errorf("the line is\n%swant\n%s", own, slogs)
			}
		})
	}
}

func TestAccessLogObeysTheLevel(t *testing.T) {
	for level, want := range map[slog.Level]int{slog.LevelInfo: 2, slog.LevelWarn: 1, slog.LevelError: 0} {
		var out bytes.Buffer
		h := AccessLog(NewLogger(&out, level, JSON), func(_ *http.Request, attrs []slog.Attr) []slog.Attr { return attrs })
		for _, status := range []int{http.StatusOK, http.StatusBadGateway} {
			h(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) })).ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil))
		}
		if got := strings.Count(out.String(), "\n"); got != want {
			t.Errorf("at level %s: %d lines, want %d:\n%s", level, got, want, &out)
		}
	}
}
