package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"
)

// healthTimeout is how long health waits for an answer.
const healthTimeout = 2 * time.Second

// health requests /readyz of a gateway, by default of the one that this environment
// configures. It is the health check of the container image, which has no shell.
func health(ctx context.Context, args []string, getenv func(string) string, stdout, stderr io.Writer) int {
	if len(args) > 1 {
		fmt.Fprintln(stderr, "usage: tributary health [URL]")
		return 2
	}
	target, err := healthTarget(args, getenv)
	if err == nil {
		err = askReady(ctx, target, healthTimeout)
	}
	if err != nil {
		fmt.Fprintln(stderr, "health:", err)
		return 1
	}
	fmt.Fprintln(stdout, "ready")
	return 0
}

// healthTarget returns the URL to request. It reads only LISTEN_ADDR, so that a
// mistake in another variable does not make a running gateway look unhealthy.
func healthTarget(args []string, getenv func(string) string) (*url.URL, error) {
	if len(args) == 1 {
		return readyAt(args[0])
	}
	listen := defaults().ListenAddr
	if value := getenv("LISTEN_ADDR"); value != "" {
		var err error
		if listen, err = parseAddress(value); err != nil {
			return nil, fmt.Errorf("LISTEN_ADDR: %w", err)
		}
	}
	return ownReady(listen)
}

// readyAt parses a URL, and adds /readyz to one without a path.
func readyAt(raw string) (*url.URL, error) {
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, errors.New("the argument is not an absolute http or https URL")
	}
	if strings.Trim(u.Path, "/") == "" {
		u.Path = "/readyz"
	}
	return u, nil
}

// ownReady is the URL of /readyz, on the same machine, for a gateway that listens on
// an address.
func ownReady(listen address) (*url.URL, error) {
	host, port, err := net.SplitHostPort(string(listen))
	if err != nil {
		return nil, err
	}
	if listen.port() == 0 {
		return nil, fmt.Errorf("LISTEN_ADDR: %q does not tell the port (give a URL)", string(listen))
	}
	if ip, err := netip.ParseAddr(host); host == "" || err == nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return &url.URL{Scheme: "http", Host: net.JoinHostPort(host, port), Path: "/readyz"}, nil
}

// askReady returns nil if the answer is 200 within the time-out. Its error names the
// target without user and query, which may hold a secret.
func askReady(ctx context.Context, target *url.URL, timeout time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	shown := target.Scheme + "://" + target.Host + target.EscapedPath()

	req, err := http.NewRequestWithContext(ctx, http.MethodGet, target.String(), nil)
	if err != nil {
		return fmt.Errorf("%s: not a request", shown)
	}
	// A transport of our own, because http.DefaultTransport uses the environment's
	// proxy. A redirect is not followed: it counts as not ready.
	client := &http.Client{
		Transport:     &http.Transport{DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	res, err := client.Do(req)
	if urlErr, ok := errors.AsType[*url.Error](err); ok {
		err = urlErr.Err
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("%s: no answer within %s", shown, timeout)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", shown, err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", shown, res.Status)
	}
	return nil
}
