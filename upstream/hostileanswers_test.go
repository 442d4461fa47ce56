package upstream_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"tributary/upstream"
	"tributary/upstream/upstreamtest"
)

const headerBound = 64 << 10

// long writes header lines that have so many bytes in all.
func long(h http.Header, bytes int) {
	for n := 0; bytes > 0; n++ {
		h.Set(fmt.Sprintf("X-Long-%d", n), strings.Repeat("a", min(bytes, 1000)))
		bytes -= 1000
	}
}

// endless writes a text until the client has gone.
func endless(begin, text string) http.HandlerFunc {
	return raw(func(c *net.TCPConn) {
		_, err := io.WriteString(c, begin)
		for block := strings.Repeat(text, 1000); err == nil; {
			_, err = io.WriteString(c, block)
		}
	})
}

// Headers and interim answers of an upstream have a bound, and the failure says which.
func TestHeadersOfAnswers(t *testing.T) {
	const (
		tooLong   = "the answer's header has more than 64 KiB"
		farToo    = "HTTP/2 connection error, as by a header of far more than 64 KiB"
		noFailure = ""
	)
	for name, c := range map[string]struct {
		serve        http.HandlerFunc
		http1, http2 string // the details
	}{
		"a header of half the bound":        {func(w http.ResponseWriter, r *http.Request) { long(w.Header(), headerBound/2) }, noFailure, noFailure},
		"a header a little above the bound": {func(w http.ResponseWriter, r *http.Request) { long(w.Header(), 65_000) }, tooLong, tooLong},
		"a header of twice the bound":       {func(w http.ResponseWriter, r *http.Request) { long(w.Header(), headerBound*2) }, tooLong, farToo},
		"a line of twice the bound": {func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("X-Long", strings.Repeat("a", headerBound*2))
		}, tooLong, farToo},
		"ten interim answers":        {func(w http.ResponseWriter, r *http.Request) { interim(w, 10) }, noFailure, noFailure},
		"a flood of interim answers": {func(w http.ResponseWriter, r *http.Request) { interim(w, 10_000) }, tooLong, tooLong},
	} {
		for proto, detail := range map[string]string{"HTTP/1.1": c.http1, "HTTP/2.0": c.http2} {
			t.Run(name+" by "+proto, func(t *testing.T) {
				srv := httptest.NewUnstartedServer(c.serve)
				srv.EnableHTTP2 = proto == "HTTP/2.0"
				srv.StartTLS()
				t.Cleanup(srv.Close)
				s := real(t, srv.URL, func(c *config) {
					tr := upstream.NewTransport(time.Minute, 1)
					tr.TLSClientConfig.RootCAs = srv.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
					c.Transport = tr
				})
				wantDetail(t, ask(s, "a"), detail)
			})
		}
	}
	for name, serve := range map[string]http.HandlerFunc{
		"an endless header line":        endless("HTTP/1.1 200 OK\r\nX-Long: ", "a"),
		"endless header lines":          endless("HTTP/1.1 200 OK\r\n", "X-Line: a\r\n"),
		"an endless status line":        endless("HTTP/1.1 200 ", "OK "),
		"interim answers without end":   endless("", "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"),
		"an interim answer that is not": endless("HTTP/1.1 100 Continue\r\n", "X-Line: a\r\n"),
	} {
		t.Run(name, func(t *testing.T) {
			wantDetail(t, ask(real(t, listen(t, serve).URL), "a"), tooLong)
		})
	}
}

func interim(w http.ResponseWriter, n int) {
	w.Header().Set("Link", "</style.css>; rel=preload") // once: net/http may read the header until the client has gone
	for range n {
		w.WriteHeader(http.StatusEarlyHints)
	}
}

func wantDetail(t *testing.T, got answer, detail string) {
	t.Helper()
	if detail == "" {
		want(t, got, upstream.Live, "")
		return
	}
	if got.State != upstream.Failed || got.Err.Detail != detail {
		t.Errorf("answer = %s (%v), want a failure: %s", got.State, got.Err, detail)
	}
}

// A body that has no end is read to the bound only, and its connection is closed.
func TestEndlessBodies(t *testing.T) {
	for name, serve := range map[string]http.HandlerFunc{
		"until the connection closes": endless("HTTP/1.1 200 OK\r\n\r\n", "a"),
		"in chunks":                   endless("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "1\r\na\r\n"),
		"in chunks with trailers":     endless("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X\r\n\r\n0\r\n", "X: a\r\n"),
		"in chunks with extensions":   endless("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;", "a=b;"),
		"of a failure":                endless("HTTP/1.1 500 Internal Server Error\r\n\r\n", "a"),
	} {
		t.Run(name, func(t *testing.T) {
			ended := make(chan struct{})
			srv := listen(t, func(w http.ResponseWriter, r *http.Request) {
				defer close(ended)
				serve(w, r)
			})
			got := ask(real(t, srv.URL), "a")
			if got.State != upstream.Failed || got.Err.Code != upstream.CodeInvalidResponse && got.Err.Code != upstream.CodeConnection {
				t.Errorf("answer = %s (%v), want a failure", got.State, got.Err)
			}
			<-ended // writing fails only once the connection is closed
		})
	}
}

// An upstream chooses the status, and must not choose how many series metrics have.
func TestStatusesInMetrics(t *testing.T) {
	reader := sdkmetric.NewManualReader()
	f := newFake(well)
	up := open(t, f, noRetries, func(c *config) {
		c.Meter = sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader)).Meter("")
		c.Policies.Breaker.MinCalls = 10_000
	})
	s := things(up)
	for status := -50; status < 1000; status++ {
		if status >= 100 && status < 600 {
			continue
		}
		f.Now(upstreamtest.Answers(status, ""))
		want(t, ask(s, fresh()), upstream.Failed, map[bool]upstream.Code{true: upstream.CodeServerError, false: upstream.CodeInvalidResponse}[status >= 500])
	}
	var all metricdata.ResourceMetrics
	if err := reader.Collect(t.Context(), &all); err != nil {
		t.Fatal(err)
	}
	for _, m := range all.ScopeMetrics[0].Metrics {
		h, ok := m.Data.(metricdata.Histogram[float64])
		if ok && len(h.DataPoints) != 2 {
			t.Errorf("%s has %d series after statuses that do not exist, want 2: as server_error and as invalid_response", m.Name, len(h.DataPoints))
		}
	}
}
