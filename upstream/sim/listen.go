package sim

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
	"syscall"
)

// Free ports are chosen below the range for outgoing connections (from 32768 on Linux,
// 49152 on others). Otherwise an outgoing connection could take the port of a provider
// that is down, so that it could not listen again.
const (
	lowestFreePort  = 20000
	highestFreePort = 32000
	freePortTries   = 100
)

// listenAll opens a listener for each name on consecutive ports from addr's, or none at
// all.
func listenAll(ctx context.Context, addr string, names []string) (host string, _ []net.Listener, err error) {
	if addr == "" {
		addr = "127.0.0.1:0"
	}
	host, portText, err := net.SplitHostPort(addr)
	if err != nil {
		return "", nil, fmt.Errorf("simulator address: %w", err)
	}
	last := 65535 - (len(names) - 1)
	port, err := strconv.Atoi(portText)
	if err != nil || port < 0 || port > last {
		return "", nil, fmt.Errorf("simulator address %q: want a port from 0 to %d", addr, last)
	}

	var listeners []net.Listener
	for i, name := range names {
		open := listenFree
		if port != 0 {
			open = func(ctx context.Context, host string) (net.Listener, error) {
				return listen(ctx, host, port+i)
			}
		}
		ln, err := open(ctx, host)
		if err != nil {
			for _, opened := range listeners {
				_ = opened.Close()
			}
			return "", nil, fmt.Errorf("listen for %s: %w", name, err)
		}
		listeners = append(listeners, ln)
	}
	return host, listeners, nil
}

func listen(ctx context.Context, host string, port int) (net.Listener, error) {
	var config net.ListenConfig
	return config.Listen(ctx, "tcp", net.JoinHostPort(host, strconv.Itoa(port)))
}

func listenFree(ctx context.Context, host string) (ln net.Listener, err error) {
	for range freePortTries {
		ln, err = listen(ctx, host, lowestFreePort+rand.IntN(highestFreePort-lowestFreePort))
		if !errors.Is(err, syscall.EADDRINUSE) {
			return ln, err
		}
	}
	return nil, err
}
