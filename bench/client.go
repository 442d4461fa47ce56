//go:build linux

package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"time"
)

// client is one kept connection. It costs far less CPU than net/http's, so that the
// programs that are measured are the ones that are busy.
type client struct {
	addr string
	conn net.Conn
	r    *bufio.Reader
	out  []byte
	body []byte
}

// get asks for a path, and returns the status and the body, which is valid until the
// next call. It dials where there is no connection.
func (c *client) get(path string, headers string) (status int, body []byte, err error) {
	if c.conn == nil {
		if c.conn, err = net.DialTimeout("tcp", c.addr, 5*time.Second); err != nil {
			return 0, nil, err
		}
		c.r = bufio.NewReaderSize(c.conn, 16<<10)
	}
	c.out = append(c.out[:0], "GET "...)
	c.out = append(c.out, path...)
	c.out = append(c.out, " HTTP/1.1\r\nHost: bench\r\n"...)
	c.out = append(c.out, headers...)
	c.out = append(c.out, "\r\n"...)
	_ = c.conn.SetDeadline(time.Now().Add(30 * time.Second))
	if _, err = c.conn.Write(c.out); err == nil {
		status, body, err = c.read()
	}
	if err != nil {
		c.close()
	}
	return status, body, err
}

func (c *client) close() {
	if c.conn != nil {
		_ = c.conn.Close()
		c.conn = nil
	}
}

var (
	contentLength = []byte("content-length:")
	chunked       = []byte("transfer-encoding: chunked")
	closes        = []byte("connection: close")
)

// read reads an answer with a length or in chunks.
func (c *client) read() (status int, body []byte, err error) {
	line, err := c.r.ReadSlice('\n')
	if err != nil {
		return 0, nil, err
	}
	if len(line) < 12 {
		return 0, nil, fmt.Errorf("no status line: %q", line)
	}
	if status, err = strconv.Atoi(string(line[9:12])); err != nil {
		return 0, nil, err
	}
	length, parts, last := -1, false, false
	for {
		if line, err = c.r.ReadSlice('\n'); err != nil {
			return 0, nil, err
		}
		line = bytes.TrimRight(line, "\r\n")
		if len(line) == 0 {
			break
		}
		switch {
		case hasPrefixFold(line, contentLength):
			if length, err = strconv.Atoi(string(bytes.TrimSpace(line[len(contentLength):]))); err != nil {
				return 0, nil, err
			}
		case hasPrefixFold(line, chunked):
			parts = true
		case hasPrefixFold(line, closes):
			last = true
		}
	}
	c.body = c.body[:0]
	switch {
	case parts:
		err = c.readChunks()
	case length >= 0:
		err = c.readN(length)
	case status != 304 && status != 204:
		err = errors.New("an answer without a length")
	}
	if last {
		c.close()
	}
	return status, c.body, err
}

func (c *client) readN(n int) error {
	at := len(c.body)
	c.body = append(c.body, make([]byte, n)...)
	_, err := io.ReadFull(c.r, c.body[at:])
	return err
}

func (c *client) readChunks() error {
	for {
		line, err := c.r.ReadSlice('\n')
		if err != nil {
			return err
		}
		n, err := strconv.ParseInt(string(bytes.TrimSpace(line)), 16, 32)
		if err != nil {
			return err
		}
		if err := c.readN(int(n)); err != nil {
			return err
		}
		if _, err := c.r.Discard(2); err != nil {
			return err
		}
		if n == 0 {
			return nil
		}
	}
}

func hasPrefixFold(line, prefix []byte) bool {
	return len(line) >= len(prefix) && bytes.EqualFold(line[:len(prefix)], prefix)
}
