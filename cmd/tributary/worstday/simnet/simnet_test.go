package simnet_test

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
	"golang.org/x/net/nettest"

	"tributary/cmd/tributary/worstday/simnet"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	client = "10.0.0.1"
	server = "10.0.0.2"
	port   = server + ":80"
)

// bubble runs a test with a network whose links are all the same.
func bubble(t *testing.T, l simnet.Link, run func(t *testing.T, n *simnet.Network)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		n := simnet.New(1, func(_, _ string) simnet.Link { return l })
		run(t, n)
		if open := n.Connections(); open != 0 {
			t.Errorf("connections = %d at the end, want 0", open)
		}
	})
}

// pair connects the client to the server. Both ends are closed with the test.
func pair(t *testing.T, n *simnet.Network) (c, s net.Conn) {
	t.Helper()
	ln := listen(t, n)
	c, err := n.Host(client).Dial(t.Context(), "tcp", port)
	if err != nil {
		t.Fatal(err)
	}
	if s, err = ln.Accept(); err != nil {
		t.Fatal(err)
	}
	return c, s
}

func listen(t *testing.T, n *simnet.Network) net.Listener {
	t.Helper()
	ln, err := n.Host(server).Listen("tcp", port)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	return ln
}

func write(t *testing.T, c net.Conn, text string) {
	t.Helper()
	if n, err := io.WriteString(c, text); err != nil || n != len(text) {
		t.Fatalf("Write(%q) = %d, %v", text, n, err)
	}
}

// read reads one text, and returns how long that took.
func read(t *testing.T, c net.Conn, want string) time.Duration {
	t.Helper()
	start := time.Now()
	b := make([]byte, len(want))
	if _, err := io.ReadFull(c, b); err != nil || string(b) != want {
		t.Fatalf("read %q, %v, want %q", b, err, want)
	}
	return time.Since(start)
}

func TestLatency(t *testing.T) {
	bubble(t, simnet.Link{Latency: 10 * time.Millisecond}, func(t *testing.T, n *simnet.Network) {
		start := time.Now()
		c, s := pair(t, n)
		defer c.Close()
		defer s.Close()
		if took := time.Since(start).Round(time.Millisecond); took != 20*time.Millisecond {
			t.Errorf("connecting took %v, want there and back, 20ms", took)
		}
		write(t, c, "hello")
		if took := read(t, s, "hello").Round(time.Millisecond); took != 10*time.Millisecond {
			t.Errorf("one way took %v, want 10ms", took)
		}
	})
}

// No two things arrive at once, and all arrive in the order in which they were sent.
func TestJitter(t *testing.T) {
	bubble(t, simnet.Link{Latency: time.Millisecond, Jitter: time.Millisecond}, func(t *testing.T, n *simnet.Network) {
		c, s := pair(t, n)
		defer c.Close()
		defer s.Close()
		const sent = 200
		for i := range sent {
			write(t, c, string(rune('A'+i%26)))
		}
		arrived := map[time.Time]bool{}
		for i := range sent {
			read(t, s, string(rune('A'+i%26)))
			arrived[time.Now()] = true
		}
		if len(arrived) != sent {
			t.Errorf("%d writes arrived at %d instants, want each at its own", sent, len(arrived))
		}
	})
}

func TestSeed(t *testing.T) {
	delays := func(seed uint64) (all []time.Duration) {
		synctest.Test(t, func(t *testing.T) {
			n := simnet.New(seed, func(_, _ string) simnet.Link { return simnet.Link{Jitter: time.Second, Loss: 0.1} })
			c, s := pair(t, n)
			defer c.Close()
			defer s.Close()
			for range 20 {
				write(t, c, "x")
				all = append(all, read(t, s, "x"))
			}
		})
		return all
	}
	if a, b := delays(1), delays(1); !slices.Equal(a, b) {
		t.Errorf("delays of one seed: %v and %v, want them equal", a, b)
	}
	if a, b := delays(1), delays(2); slices.Equal(a, b) {
		t.Errorf("delays of two seeds are equal: %v", a)
	}
}

func TestLossIsDelay(t *testing.T) {
	bubble(t, simnet.Link{Loss: 0.5}, func(t *testing.T, n *simnet.Network) {
		c, s := pair(t, n)
		defer c.Close()
		defer s.Close()
		late := 0
		for range 100 {
			write(t, c, "x")
			if took := read(t, s, "x"); took >= 200*time.Millisecond {
				late++
			}
		}
		if late < 30 || late > 70 {
			t.Errorf("%d of 100 arrived after a retransmission, want about half", late)
		}
	})
}

func TestCut(t *testing.T) {
	bubble(t, simnet.Link{Latency: 10 * time.Millisecond}, func(t *testing.T, n *simnet.Network) {
		c, s := pair(t, n)
		defer c.Close()
		defer s.Close()
		write(t, c, "before ")
		time.Sleep(20 * time.Millisecond)
		write(t, c, "under way ")
		n.Change(client, server, func(l *simnet.Link) { l.Cut = true })
		write(t, c, "during")
		read(t, s, "before ")
		_ = s.SetReadDeadline(time.Now().Add(time.Hour))
		if n, err := s.Read(make([]byte, 100)); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Fatalf("Read across a cut = %d, %v, want it to wait until its deadline", n, err)
		}
		_ = s.SetReadDeadline(time.Time{})
		n.Change(client, server, func(l *simnet.Link) { l.Cut = false })
		read(t, s, "under way during")
	})
}

func TestDial(t *testing.T) {
	tests := []struct {
		name  string
		link  simnet.Link
		limit time.Duration
		want  error
		after time.Duration
	}{
		{"nobody listens", simnet.Link{Latency: time.Second}, time.Minute, syscall.ECONNREFUSED, 2 * time.Second},
		{"the link refuses", simnet.Link{Refuse: true}, time.Minute, syscall.ECONNREFUSED, 0},
		{"the link is cut until the context ends", simnet.Link{Cut: true}, time.Minute, os.ErrDeadlineExceeded, time.Minute},
		{"the link is cut for longer than the system tries", simnet.Link{Cut: true}, time.Hour, syscall.ETIMEDOUT, 127 * time.Second},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, tt.link, func(t *testing.T, n *simnet.Network) {
				if tt.link.Refuse || tt.link.Cut {
					listen(t, n)
				}
				ctx, cancel := context.WithTimeout(t.Context(), tt.limit)
				defer cancel()
				start := time.Now()
				_, err := n.Host(client).Dial(ctx, "tcp", port)
				var opErr *net.OpError
				if !errors.Is(err, tt.want) || !errors.As(err, &opErr) {
					t.Errorf("Dial = %v, want a *net.OpError with %v", err, tt.want)
				}
				if took := time.Since(start).Round(time.Millisecond); took != tt.after {
					t.Errorf("it took %v, want %v", took, tt.after)
				}
			})
		})
	}
}

// A cut that ends soon delays a connection.
func TestDialAcrossACut(t *testing.T) {
	bubble(t, simnet.Link{}, func(t *testing.T, n *simnet.Network) {
		n.Change(client, server, func(l *simnet.Link) { l.Cut = true })
		time.AfterFunc(2*time.Second, func() { n.Change(client, server, func(l *simnet.Link) { l.Cut = false }) })
		start := time.Now()
		c, s := pair(t, n)
		defer c.Close()
		defer s.Close()
		if took := time.Since(start); took != 3*time.Second {
			t.Errorf("connecting took %v, want 3s: it is tried again after 1s and after 2s more", took)
		}
	})
}

// ends is what the client's side sees when a connection ends.
func TestEnd(t *testing.T) {
	tests := []struct {
		name       string
		end        func(n *simnet.Network, server net.Conn)
		read       error
		write      error
		afterwards string // what can still be read
	}{
		{"the other side closes", func(_ *simnet.Network, s net.Conn) { s.Close() }, io.EOF, syscall.EPIPE, "last"},
		{"the other side resets", func(_ *simnet.Network, s net.Conn) {
			_ = s.(interface{ SetLinger(int) error }).SetLinger(0)
			s.Close()
		}, syscall.ECONNRESET, syscall.ECONNRESET, "last"},
		{"the network resets", func(n *simnet.Network, _ net.Conn) { n.Reset(client, server) }, syscall.ECONNRESET, syscall.ECONNRESET, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, simnet.Link{Latency: time.Millisecond}, func(t *testing.T, n *simnet.Network) {
				c, s := pair(t, n)
				defer s.Close()
				defer c.Close()
				write(t, s, "last")
				tt.end(n, s)
				read(t, c, tt.afterwards)
				if n, err := c.Read(make([]byte, 1)); !errors.Is(err, tt.read) {
					t.Errorf("Read = %d, %v, want %v", n, err, tt.read)
				}
				if n, err := c.Write([]byte("x")); !errors.Is(err, tt.write) {
					t.Errorf("Write = %d, %v, want %v", n, err, tt.write)
				}
			})
		})
	}
}

func TestKill(t *testing.T) {
	bubble(t, simnet.Link{Latency: time.Millisecond}, func(t *testing.T, n *simnet.Network) {
		process := n.Host(server)
		ln, err := process.Listen("tcp", port)
		if err != nil {
			t.Fatal(err)
		}
		c, err := n.Host(client).Dial(t.Context(), "tcp", port)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		s, err := ln.Accept()
		if err != nil {
			t.Fatal(err)
		}
		process.Kill()
		if _, err := s.Write([]byte("x")); err == nil {
			t.Error("a killed process could write")
		}
		if _, err := c.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("Read from a killed process = %v, want %v", err, syscall.ECONNRESET)
		}
		if _, err := process.Dial(t.Context(), "tcp", port); err == nil {
			t.Error("a killed process could connect")
		}
		if _, err := n.Host(client).Dial(t.Context(), "tcp", port); !errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("Dial to a killed process = %v, want %v", err, syscall.ECONNREFUSED)
		}
		listen(t, n) // the next process on the same host
	})
}

func TestListen(t *testing.T) {
	bubble(t, simnet.Link{}, func(t *testing.T, n *simnet.Network) {
		ln := listen(t, n)
		if _, err := n.Host(server).Listen("tcp", ":80"); !errors.Is(err, syscall.EADDRINUSE) {
			t.Errorf("Listen on a port in use = %v, want %v", err, syscall.EADDRINUSE)
		}
		if _, err := n.Host(client).Listen("tcp", port); !errors.Is(err, syscall.EADDRNOTAVAIL) {
			t.Errorf("Listen on another host's address = %v, want %v", err, syscall.EADDRNOTAVAIL)
		}
		ln.Close()
		if _, err := ln.Accept(); !errors.Is(err, net.ErrClosed) {
			t.Errorf("Accept after Close = %v, want %v", err, net.ErrClosed)
		}
		listen(t, n)
	})
}

// A connection is one of TCP to programs that use it. nettest works outside bubbles only.
func TestConn(t *testing.T) {
	for name, l := range map[string]simnet.Link{"no latency": {}, "with latency": {Latency: 10 * time.Microsecond, Jitter: 10 * time.Microsecond}} {
		t.Run(strings.ReplaceAll(name, " ", "_"), func(t *testing.T) {
			nettest.TestConn(t, func() (c1, c2 net.Conn, stop func(), err error) {
				n := simnet.New(1, func(_, _ string) simnet.Link { return l })
				ln, err := n.Host(server).Listen("tcp", port)
				if err != nil {
					return nil, nil, nil, err
				}
				if c1, err = n.Host(client).Dial(context.Background(), "tcp", port); err != nil {
					return nil, nil, nil, err
				}
				c2, err = ln.Accept()
				return c1, c2, func() { c1.Close(); c2.Close(); ln.Close() }, err
			})
		})
	}
}
