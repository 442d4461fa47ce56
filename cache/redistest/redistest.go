// Package redistest runs a real Redis for a test.
package redistest

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// Server is a Redis on loopback that belongs to one test.
type Server struct {
	Address string // host:port

	t       testing.TB
	process *exec.Cmd
}

// Start runs a Redis with these options until the test ends. If redis-server is not
// installed, the test ends as Missing says.
func Start(t testing.TB, options ...string) *Server {
	t.Helper()
	if _, err := exec.LookPath("redis-server"); err != nil {
		Missing(t, "redis-server", "Debian's package redis-server brings it")
	}
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{Address: free.Addr().String(), t: t}
	_ = free.Close()
	s.Run(options...)
	t.Cleanup(s.Kill)
	return s
}

// Missing ends a test that needs something which is not installed. The test is skipped
// with a line that says how to get it, or fails with TRIBUTARY_REQUIRE_ALL=1.
func Missing(t testing.TB, what, how string) {
	t.Helper()
	if os.Getenv("TRIBUTARY_REQUIRE_ALL") == "1" {
		t.Fatalf("%s is missing; %s", what, how)
	}
	t.Skipf("%s is missing; %s", what, how)
}

// URL is the server's URL, for a client with the default time-out. It treats Redis as
// away after 50 ms, which may happen on a machine under load.
func (s *Server) URL() string { return "redis://" + s.Address }

// PatientURL is the URL for a client that waits a minute for Redis.
func (s *Server) PatientURL() string { return s.URL() + "?read_timeout=1m" }

// Client returns a client that is closed when the test ends.
func (s *Server) Client() *redis.Client {
	c := redis.NewClient(&redis.Options{Addr: s.Address, DialTimeout: time.Minute, ReadTimeout: time.Minute, PoolSize: 1})
	s.t.Cleanup(func() { _ = c.Close() })
	return c
}

// Run starts the server, the first time or after Kill, at the same address.
func (s *Server) Run(options ...string) {
	s.t.Helper()
	_, port, _ := net.SplitHostPort(s.Address)
	s.process = exec.Command("redis-server", append([]string{
		"--bind", "127.0.0.1", "--port", port, "--save", "", "--appendonly", "no", "--dir", s.t.TempDir(),
	}, options...)...)
	if err := s.process.Start(); err != nil {
		s.t.Fatal(err)
	}
	deadline := time.Now().Add(20 * time.Second)
	for {
		conn, err := net.Dial("tcp", s.Address)
		if err == nil {
			_ = conn.Close()
			return
		}
		if time.Now().After(deadline) {
			s.t.Fatalf("redis-server does not listen: %v", err)
		}
	}
}

// Hang makes the server keep its connections but answer nothing, until Resume.
func (s *Server) Hang() { s.signal(syscall.SIGSTOP) }

// Resume ends Hang.
func (s *Server) Resume() { s.signal(syscall.SIGCONT) }

func (s *Server) signal(sig syscall.Signal) {
	s.t.Helper()
	if err := s.process.Process.Signal(sig); err != nil {
		s.t.Fatal(err)
	}
}

// Kill ends the server at once.
func (s *Server) Kill() {
	_ = s.process.Process.Kill() // it may be gone already
	_ = s.process.Wait()
}

// Do sends one command without spaces in its arguments, and returns the first
// line of the reply.
func (s *Server) Do(words ...string) string {
	s.t.Helper()
	conn, err := net.Dial("tcp", s.Address)
	if err != nil {
		s.t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "%s\r\n", strings.Join(words, " "))
	reply := make([]byte, 4096)
	n, err := conn.Read(reply)
	if err != nil {
		s.t.Fatal(err)
	}
	line, _, _ := strings.Cut(string(reply[:n]), "\r\n")
	return line
}

// Fill uses up the server's maxmemory.
func (s *Server) Fill() {
	s.t.Helper()
	for i := range 1000 {
		if strings.HasPrefix(s.Do("SET", fmt.Sprintf("noise%d", i), strings.Repeat("x", 10_000)), "-OOM") {
			return
		}
	}
	s.t.Fatal("Redis is not full after 10 MB")
}
