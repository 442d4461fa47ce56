package app

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strings"
)

// origins are the web origins whose pages may call the API, as browsers send them;
// "*" alone means any.
type origins []string

func parseOrigins(value string) (origins, error) {
	if strings.TrimSpace(value) == "*" {
		return origins{"*"}, nil
	}
	var all origins
	var errs []error
	for i, item := range items(value) {
		origin, ok := parseOrigin(item)
		if !ok {
			errs = append(errs, fmt.Errorf("entry %d is not an origin (use https://app.example.com, or * alone)", i+1))
		}
		all = append(all, origin)
	}
	return all, errors.Join(errs...)
}

// parseOrigin converts an origin to the form that browsers send (RFC 6454, 6.2): lower
// case, without a default port. Another form would never match.
func parseOrigin(item string) (string, bool) {
	u, err := url.Parse(strings.ToLower(item))
	if err != nil || strings.Contains(item, "*") || u.Scheme == "" || u.Hostname() == "" || u.String() != u.Scheme+"://"+u.Host {
		return "", false
	}
	origin := u.String()
	switch u.Scheme {
	case "http":
		origin = strings.TrimSuffix(origin, ":80")
	case "https":
		origin = strings.TrimSuffix(origin, ":443")
	}
	return origin, true
}

func (o origins) String() string { return joinWords(o, ",") }

// prefixes are networks, each in its canonical form.
type prefixes []netip.Prefix

func parsePrefixes(value string) (prefixes, error) {
	var all prefixes
	var errs []error
	for _, item := range items(value) {
		prefix, err := parsePrefix(item)
		if err != nil {
			errs = append(errs, fmt.Errorf("%q is neither a CIDR nor an address (use 10.0.0.0/8, 192.0.2.7)", item))
		}
		all = append(all, prefix)
	}
	return all, errors.Join(errs...)
}

// parsePrefix parses a CIDR, or an address, which is the network of itself alone.
func parsePrefix(item string) (netip.Prefix, error) {
	if prefix, err := netip.ParsePrefix(item); err == nil {
		if bits := prefix.Bits() - 96; prefix.Addr().Is4In6() && bits >= 0 { // callers' addresses are compared as IPv4
			prefix = netip.PrefixFrom(prefix.Addr().Unmap(), bits)
		}
		return prefix.Masked(), nil
	}
	addr, err := netip.ParseAddr(item)
	if err != nil {
		return netip.Prefix{}, err
	}
	if addr.Zone() != "" { // netip.Prefix has no zone and would drop it without an error
		return netip.Prefix{}, errors.New("zone")
	}
	return addr.Unmap().Prefix(addr.Unmap().BitLen())
}

func (p prefixes) String() string {
	var words []string
	for _, prefix := range p {
		words = append(words, prefix.String())
	}
	return strings.Join(words, ",")
}
