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

// Start runs a Redis with these options until the test ends. Where there is
// none, the test is skipped; where all tests have to run it fails.
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

// Missing ends a test for want of something: it is skipped, with a line that
// says how to get it, or with TRIBUTARY_REQUIRE_ALL=1 fails.
func Missing(t testing.TB, what, how string) {
	t.Helper()
	if os.Getenv("TRIBUTARY_REQUIRE_ALL") == "1" {
		t.Fatalf("%s is missing; %s", what, how)
	}
	t.Skipf("%s is missing; %s", what, how)
}

// URL is the server's, for a client with the time-outs that operators have: it
// goes on without Redis after 50 ms, which a loaded machine may take.
func (s *Server) URL() string { return "redis://" + s.Address }

// PatientURL is for a client that waits for Redis as long as it takes.
func (s *Server) PatientURL() string { return s.URL() + "?read_timeout=1m" }

// Client is a client of its own, until the test ends.
func (s *Server) Client() *redis.Client {
	c := redis.NewClient(&redis.Options{Addr: s.Address, DialTimeout: time.Minute, ReadTimeout: time.Minute, PoolSize: 1})
	s.t.Cleanup(func() { _ = c.Close() })
	return c
}

// Run starts it, for the first time or after Kill, at the same address.
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

// Hang makes it keep its connections, and answer nothing, until Resume.
func (s *Server) Hang() { s.signal(syscall.SIGSTOP) }

// Resume ends Hang.
func (s *Server) Resume() { s.signal(syscall.SIGCONT) }

func (s *Server) signal(sig syscall.Signal) {
	s.t.Helper()
	if err := s.process.Process.Signal(sig); err != nil {
		s.t.Fatal(err)
	}
}

// Kill ends it at once.
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

// Fill takes all the memory that it may have.
func (s *Server) Fill() {
	s.t.Helper()
	for i := range 1000 {
		if strings.HasPrefix(s.Do("SET", fmt.Sprintf("noise%d", i), strings.Repeat("x", 10_000)), "-OOM") {
			return
		}
	}
	s.t.Fatal("Redis is not full after 10 MB")
}
