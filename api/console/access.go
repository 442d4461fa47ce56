package console

import (
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"tributary/api"
)

// policy allows the page to load from and connect to its own host only.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// access refuses requests that pages of other hosts make through an operator's browser:
// by a host name of their own that leads here (DNS rebinding), or by sending what they
// cannot read the answer to.
func (c *Console) access(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		api.SecurePage(h, policy)
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		switch {
		case !c.knowsHost(r.Host):
			problem{
				Status: http.StatusMisdirectedRequest, Title: "Unknown host",
				Detail: "the console is not reached by this host name; use an address, localhost, or a name in CONSOLE_HOSTS",
			}.write(w)
		case !sameOrigin(r):
			problem{
				Status: http.StatusForbidden, Title: "Request of another page",
				Detail: "the console takes requests only from its own page; a program sends its Origin, or Sec-Fetch-Site: same-origin",
			}.write(w)
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// knowsHost reports whether a Host cannot be another site's name: a loopback name, a
// literal address, or a name that the operator has configured.
func (c *Console) knowsHost(host string) bool {
	name := hostname(host)
	if strings.EqualFold(name, "localhost") || slices.ContainsFunc(c.Hosts, func(known string) bool { return strings.EqualFold(known, name) }) {
		return true
	}
	_, err := netip.ParseAddr(name)
	return err == nil
}

// hostname is a Host without its port and brackets.
func hostname(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		return name
	}
	return strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
}

// sameOrigin reports whether a request is of the console's own page, of a program that
// reads, or opens the page. A page elsewhere must not open a stream either: faults last
// while one is open, and there are few.
func sameOrigin(r *http.Request) bool {
	origin, site := r.Header.Get("Origin"), r.Header.Get("Sec-Fetch-Site")
	if origin != "" {
		u, err := url.Parse(origin)
		if err != nil || u.Host == "" || !strings.EqualFold(u.Host, r.Host) {
			return false
		}
	}
	foreign := site == "cross-site" || site == "same-site"
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		opensPage := r.Header.Get("Sec-Fetch-Mode") == "navigate" && (r.URL.Path == "/console" || r.URL.Path == "/console/")
		return !foreign || opensPage
	}
	return !foreign && (origin != "" || site == "same-origin")
}
