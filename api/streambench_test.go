package api_test

import (
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"runtime"
	"testing"
	"time"

	"tributary/api"
)

// BenchmarkStream opens a thousand streams over TCP, and measures what each one costs in
// memory while it waits. The clients are bare connections, so nearly all of it is the
// server's: its goroutine, the buffers of net/http, and ours.
func BenchmarkStream(b *testing.B) {
	const listeners = 1000
	g := newGateway(b, func(s *setup) {
		s.Logger = slog.New(slog.DiscardHandler)
		s.StreamLimits = api.StreamLimits{Client: listeners}
	})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	server := &http.Server{Handler: g.handler}
	go server.Serve(listener)
	b.Cleanup(func() { server.Close() })
	var first [4]byte
	for b.Loop() {
		before := inUse()
		var open []net.Conn
		for range listeners {
			conn, err := net.DialTimeout("tcp", listener.Addr().String(), time.Second)
			if err != nil {
				b.Fatal(err)
			}
			fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: gateway.test\r\n\r\n", hereLive)
			open = append(open, conn)
		}
		for _, conn := range open {
			if _, err := io.ReadFull(conn, first[:]); err != nil || string(first[:]) != "HTTP" {
				b.Fatalf("answer begins with %q, %v", first, err)
			}
		}
		b.ReportMetric(float64(inUse()-before)/listeners, "B/stream")
		for _, conn := range open {
			conn.Close()
		}
	}
}

// inUse is the memory of live objects and of stacks.
func inUse() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc + m.StackInuse
}
