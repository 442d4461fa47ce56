package api

import (
	"log/slog"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// clientAddress stores the client's address for rate limits and logs: the peer's,
// or, when the peer is a trusted proxy, the one found in X-Forwarded-For. The
// header of any other peer is ignored, with one warning.
func (s *server) clientAddress(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		address, _ := parseAddress(r.RemoteAddr)
		forwarded := r.Header["X-Forwarded-For"]
		switch {
		case len(forwarded) == 0:
		case s.trusts(address):
			address = s.forwardedFor(address, forwarded)
		default:
			s.warnOfProxies.Do(func() {
				s.log.LogAttrs(r.Context(), slog.LevelWarn, "X-Forwarded-For is ignored: the peer that sent it is not in TRUSTED_PROXIES; this is logged once")
			})
		}
		factsOf(r.Context()).address = address
		next.ServeHTTP(w, r)
	})
}

// forwardedFor walks the chain of addresses from the last, which the peer added,
// to the first, and returns the first that is not a trusted proxy: the client can
// forge everything before it. If all are trusted proxies, it returns the leftmost.
// If an entry is not an address, the chain cannot be trusted and it returns peer.
func (s *server) forwardedFor(peer netip.Addr, lines []string) netip.Addr {
	address := peer
	for _, line := range slices.Backward(lines) { // several lines are one list (RFC 9110 §5.3)
		for line != "" {
			comma := strings.LastIndexByte(line, ',')
			entry := strings.Trim(line[comma+1:], " \t")
			line = line[:max(comma, 0)]
			if entry == "" { // RFC 9110 §5.6.1.2
				continue
			}
			hop, ok := parseAddress(entry)
			if !ok {
				return peer
			}
			if address = hop; !s.trusts(hop) {
				return address
			}
		}
	}
	return address
}

// parseAddress reads an IP address with or without a port. IPv6 may stand in
// brackets, and must when it has a port. IPv4-mapped IPv6 becomes IPv4.
func parseAddress(text string) (netip.Addr, bool) {
	if withPort, err := netip.ParseAddrPort(text); err == nil { // first, because peers have one, and an error allocates
		return withPort.Addr().Unmap().WithZone(""), true
	}
	if inside, bracketed := strings.CutPrefix(text, "["); bracketed {
		if inside, ends := strings.CutSuffix(inside, "]"); ends {
			text = inside
		}
	}
	address, err := netip.ParseAddr(text)
	return address.Unmap().WithZone(""), err == nil
}

func (s *server) trusts(address netip.Addr) bool {
	return slices.ContainsFunc(s.TrustedProxies, func(p netip.Prefix) bool { return p.Contains(address) })
}
