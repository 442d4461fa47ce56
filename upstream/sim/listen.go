package sim

import (
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

type listenFunc = func(network, addr string) (net.Listener, error)

// listenAll opens one listener a name, on consecutive ports from addr's, or
// none at all.
func listenAll(listen listenFunc, addr string, names []string) (host string, _ []net.Listener, err error) {
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
		var ln net.Listener
		if port == 0 {
			ln, err = listenFree(listen, host)
		} else {
			ln, err = listen("tcp", net.JoinHostPort(host, strconv.Itoa(port+i)))
		}
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

func listenFree(listen listenFunc, host string) (ln net.Listener, err error) {
	for range freePortTries {
		port := lowestFreePort + rand.IntN(highestFreePort-lowestFreePort)
		ln, err = listen("tcp", net.JoinHostPort(host, strconv.Itoa(port)))
		if !errors.Is(err, syscall.EADDRINUSE) {
			return ln, err
		}
	}
	return nil, err
}
