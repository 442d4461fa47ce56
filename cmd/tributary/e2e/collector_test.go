package e2e_test

import (
	"net"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"
)

// A collector that is not there costs a log line, and no client anything: what
// cannot be sent is dropped, by number.
func TestNoCollector(t *testing.T) {
	for _, c := range []struct {
		name      string
		collector func(*testing.T) string
		metrics   string
	}{
		{"it refuses connections", freeAddress, "otlp"},
		{"it accepts them and never answers", silent, "none"}, // or stopping would wait for its last metrics
	} {
		t.Run(c.name, func(t *testing.T) {
			collector := "http://" + c.collector(t)
			t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector)
			t.Setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "200") // milliseconds, as what follows
			t.Setenv("OTEL_BSP_EXPORT_TIMEOUT", "300")
			t.Setenv("OTEL_BSP_SCHEDULE_DELAY", "10")
			t.Setenv("OTEL_METRIC_EXPORT_INTERVAL", "50")
			t.Setenv("OTEL_BSP_MAX_QUEUE_SIZE", "256")
			t.Setenv("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "64")
			started := time.Now()
			d := startDemo(t, map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": collector, "OTEL_METRICS_EXPORTER": c.metrics, "LOG_LEVEL": "warn",
				"CONSOLE": "off"}) // it keeps stories of requests

			ask := func(n int) {
				for range n {
					if a := d.get("/v1/weather?city=Oslo"); a.status != http.StatusOK || a.Meta.Status != "complete" || a.Meta.TraceID == "" {
						t.Fatalf("without a collector: %v, want 200, complete, with a trace id", a)
					}
				}
			}
			ask(512) // more than the queue and a batch
			before := heap()
			const more = 4096
			ask(more)
			// A span takes one or two KB: if they were kept, it would be 4 MB or more.
			if grown := heap() - before; grown > 3<<20 {
				t.Errorf("after %d more spans the heap has grown by %d bytes, want it as it was", more, grown)
			}
			eventually(t, "the log tells of it", func() bool { return complaints(d) > 0 })
			minutes := 1 + int(time.Since(started)/time.Minute) // of which each may have a line
			if got := complaints(d); got > minutes {
				t.Errorf("%d log lines tell of it, want one a minute:\n%s", got, d.logs)
			}
		})
	}
}

func complaints(d *running) int {
	return strings.Count(d.logs.String(), "telemetry could not be exported")
}

func heap() int {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc)
}

// silent is the address of a server that reads and says nothing.
func silent(t *testing.T) string {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var conns []net.Conn
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			conns = append(conns, c)
		}
	}()
	t.Cleanup(func() {
		ln.Close()
		<-done
		for _, c := range conns {
			c.Close()
		}
	})
	return ln.Addr().String()
}
