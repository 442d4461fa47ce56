package simnet

import (
	"io"
	"net"
	"net/netip"
	"syscall"
	"time"
)

// Conn is one end of a connection.
type Conn struct {
	shared        *connection
	in, out       *pipe
	local, remote netip.AddrPort
	abort         bool
}

// Read reads what has arrived.
func (c *Conn) Read(b []byte) (int, error) {
	n, err := c.in.readInto(b)
	if err != nil && err != io.EOF {
		err = c.failed("read", err)
	}
	return n, err
}

// Write sends b. It waits only if much has been sent that is not read.
func (c *Conn) Write(b []byte) (int, error) {
	n, err := c.out.writeFrom(b)
	if err != nil {
		err = c.failed("write", err)
	}
	return n, err
}

func (c *Conn) failed(op string, err error) error {
	return &net.OpError{Op: op, Net: "tcp", Source: c.LocalAddr(), Addr: c.RemoteAddr(), Err: err}
}

// Close tells the other end that nothing more is sent, once all has arrived.
func (c *Conn) Close() error {
	if !c.in.close(&c.in.read) {
		return c.failed("close", net.ErrClosed)
	}
	c.out.close(&c.out.write)
	ends := io.EOF
	if c.abort {
		ends = syscall.ECONNRESET
	}
	c.out.finish(ends)
	c.shared.closed()
	return nil
}

// SetLinger makes Close send a reset if seconds is 0. [net.TCPConn] has the same method.
func (c *Conn) SetLinger(seconds int) error {
	c.abort = seconds == 0
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
