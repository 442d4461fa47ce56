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

// health asks a gateway, by default the one configured by this environment,
// whether it is ready: the container's health check, as the image has no shell.
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

// healthTarget reads no more of the configuration than it needs: a mistake
// elsewhere says nothing about a gateway that is running.
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

// readyAt completes a URL that names only a gateway.
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

// ownReady is where a gateway that listens on the address is reached from
// beside it.
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

// askReady returns an error unless the answer is 200, and comes in time. The
// error names the target without its user and query, where a secret may stand.
func askReady(ctx context.Context, target *url.URL, timeout time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	shown := target.Scheme + "://" + target.Host + target.EscapedPath()

	req, err := http.NewRequestWithContext(ctx, http.MethodGet, target.String(), nil)
	if err != nil {
		return fmt.Errorf("%s: not a request", shown)
	}
	// The transport's own client would ask the environment for a proxy; and
	// a server that redirects is not ready.
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
