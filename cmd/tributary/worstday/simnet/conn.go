package simnet

import (
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"sync/atomic"
	"syscall"
	"time"
)

// Conn is one end of a connection.
type Conn struct {
	shared        *connection
	host          *Host // whose end it is; nil: it is not connected yet
	in, out       *pipe
	local, remote netip.AddrPort
	abort         atomic.Bool // Close sends a reset
}

// Read reads what has arrived.
func (c *Conn) Read(b []byte) (int, error) {
	n, err := c.in.readInto(b)
	switch {
	case err == io.EOF:
		c.out.fail(syscall.EPIPE) // the other end has closed, so nobody reads what is written now
		return n, err
	case errors.Is(err, syscall.ECONNRESET):
		c.out.fail(err)
	}
	if err != nil {
		err = c.failed("read", err)
	}
	return n, err
}

// Write sends b. It waits only if much has been sent that is not read. A process that is
// being killed sends nothing, also on connections that Kill has not ended yet.
func (c *Conn) Write(b []byte) (int, error) {
	if c.host != nil && c.host.isKilled() {
		return 0, c.failed("write", syscall.ECONNRESET)
	}
	n, err := c.out.writeFrom(b)
	if err != nil {
		err = c.failed("write", err)
	}
	return n, err
}

func (c *Conn) failed(op string, err error) error {
	if errno, ok := errors.AsType[syscall.Errno](err); ok {
		err = os.NewSyscallError(op, errno)
	}
	return &net.OpError{Op: op, Net: "tcp", Source: c.LocalAddr(), Addr: c.RemoteAddr(), Err: err}
}

// Close tells the other end that nothing more is sent, once all has arrived.
func (c *Conn) Close() error {
	if !c.in.close(&c.in.read) {
		return c.failed("close", net.ErrClosed)
	}
	c.out.close(&c.out.write)
	ends := io.EOF
	if c.abort.Load() {
		ends = syscall.ECONNRESET
	}
	c.out.finish(ends)
	c.shared.closed()
	if c.host != nil {
		c.host.remove(c)
	}
	return nil
}

// SetLinger makes Close send a reset if seconds is 0. [net.TCPConn] has the same method.
func (c *Conn) SetLinger(seconds int) error {
	c.abort.Store(seconds == 0)
	return nil
}

func (c *Conn) LocalAddr() net.Addr  { return net.TCPAddrFromAddrPort(c.local) }
func (c *Conn) RemoteAddr() net.Addr { return net.TCPAddrFromAddrPort(c.remote) }

func (c *Conn) SetDeadline(t time.Time) error {
	_ = c.SetReadDeadline(t)
	return c.SetWriteDeadline(t)
}

func (c *Conn) SetReadDeadline(t time.Time) error {
	c.in.setDeadline(&c.in.read, t)
	return nil
}

func (c *Conn) SetWriteDeadline(t time.Time) error {
	c.out.setDeadline(&c.out.write, t)
	return nil
}
