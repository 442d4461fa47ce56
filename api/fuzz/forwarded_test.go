package fuzz_test

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"tributary/api"
)

// FuzzForwardedFor sends arbitrary X-Forwarded-For headers from a trusted proxy and from
// anybody else. Each request counts against the address that a second implementation of
// the rules finds.
func FuzzForwardedFor(f *testing.F) {
	for _, v := range [][2]string{
		{"203.0.113.7", ""}, {"9.9.9.9, 203.0.113.7", "10.2.0.1"}, {"203.0.113.7:51234", "[fd00::1]:80"}, {"2001:db8::7", "[2001:db8::8]"}, {"fe80::1%eth0", "::ffff:192.0.2.1"},
		{"unknown", "10.0.0.2"}, {"_hidden", ""}, {",, ,", "\t"}, {"[::1", "]"}, {"1.2.3.4:99999", "01.2.3.4"}, {"[1.2.3.4]", "[1.2.3.4]:80"}, {"1.2.3", "\xff"},
	} {
		f.Add(v[0], v[1])
	}
	gateway := newGateway(f, func(c *api.Config) {
		c.ClientLimit = api.Limit{Calls: 1_000_000, Window: 290 * 365 * 24 * time.Hour} // one more in two hours and a half
		c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}
	})
	left := func(t *testing.T, peer string, lines ...string) int {
		t.Helper()
		r := httptest.NewRequest(http.MethodGet, "/v1/nothing", nil)
		r.URL.Path = "/v1/users/x" // 400, and counted
		r.RemoteAddr = net.JoinHostPort(peer, "1000")
		if len(lines) > 0 {
			r.Header["X-Forwarded-For"] = lines
		}
		a := ask(t, gateway, r)
		var n int
		if _, err := fmt.Sscanf(a.Header().Get("RateLimit"), `"default";r=%d`, &n); err != nil {
			a.errorf("RateLimit = %q: %v", a.Header().Get("RateLimit"), err)
		}
		return n
	}
	f.Fuzz(func(t *testing.T, first, second string) {
		for _, peer := range []string{"10.0.0.1", "198.51.100.1"} {
			client := forwardedFor(peer, first, second)
			before := left(t, client)
			left(t, peer, first, second)
			if after := left(t, client); after > before-2 {
				t.Errorf("X-Forwarded-For: %q, %q from %s is not counted against %s", first, second, peer, client)
			}
		}
	})
}

// forwardedFor is the last address that is not one of a trusted proxy.
func forwardedFor(peer string, lines ...string) string {
	if !ours(peer) {
		return peer
	}
	client := peer
	for _, entry := range slices.Backward(strings.Split(strings.Join(lines, ","), ",")) {
		if entry = strings.Trim(entry, " \t"); entry == "" {
			continue
		}
		ip := literal(entry)
		if ip == nil {
			return peer
		}
		if client = ip.String(); !ours(client) {
			break
		}
	}
	return client
}

func ours(address string) bool {
	ip := net.ParseIP(address)
	if four := ip.To4(); four != nil {
		return four[0] == 10
	}
	return ip[0] == 0xfd
}

var (
	bracketed = regexp.MustCompile(`^\[([^\[\]]*)\](?::([0-9]+))?$`)
	withPort  = regexp.MustCompile(`^([0-9.]+):([0-9]+)$`)
)

// literal reads an address; nil if it is none.
func literal(entry string) net.IP {
	host, port := entry, ""
	if m := bracketed.FindStringSubmatch(entry); m != nil {
		if host, port = m[1], m[2]; port != "" && !strings.Contains(host, ":") {
			return nil // only IPv6 has brackets before a port
		}
	} else if m := withPort.FindStringSubmatch(entry); m != nil {
		host, port = m[1], m[2]
	}
	if n, err := strconv.ParseUint(port, 10, 16); port != "" && (err != nil || n > 65535) {
		return nil
	}
	if address, zone, found := strings.Cut(host, "%"); found && strings.Contains(address, ":") && zone != "" {
		host = address
	}
	return net.ParseIP(host)
}
