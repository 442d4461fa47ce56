package console_test

import (
	"strings"
	"testing"
)

func TestAccess(t *testing.T) {
	const page = "http://" + host
	for name, tt := range map[string]struct {
		method string   // "OPEN" gets the page
		header []string // Host, Origin…; a same-origin Sec-Fetch-Site unless given
		want   int
	}{
		"an address":                       {"GET", nil, 200},
		"localhost":                        {"GET", []string{"Host", "localhost:8081"}, 200},
		"localhost in capitals":            {"GET", []string{"Host", "LOCALHOST"}, 200},
		"loopback of IPv6":                 {"GET", []string{"Host", "[::1]:8081"}, 200},
		"IPv6 without a port":              {"GET", []string{"Host", "[::1]"}, 200},
		"another address":                  {"GET", []string{"Host", "10.1.2.3:8081"}, 200},
		"a configured name":                {"GET", []string{"Host", "console.example.com"}, 200},
		"a configured name with a port":    {"GET", []string{"Host", "Console.Example.com:8081"}, 200},
		"another name":                     {"GET", []string{"Host", "evil.example.com"}, 421},
		"a name below localhost":           {"GET", []string{"Host", "localhost.example.com"}, 421},
		"an address in a name":             {"GET", []string{"Host", "127.0.0.1.example.com:8081"}, 421},
		"a name below a configured one":    {"GET", []string{"Host", "a.console.example.com"}, 421},
		"another page that reads":          {"GET", []string{"Sec-Fetch-Site", "cross-site"}, 403},
		"a link to the page":               {"OPEN", []string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate"}, 200},
		"a window on something else":       {"GET", []string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate"}, 403},
		"another page with our Origin":     {"POST", []string{"Origin", page, "Sec-Fetch-Site", "cross-site"}, 403},
		"a program that reads":             {"GET", []string{"Sec-Fetch-Site", ""}, 200},
		"its own page":                     {"POST", []string{"Origin", page}, 200},
		"its own page, without an Origin":  {"POST", nil, 200},
		"a program with an Origin":         {"POST", []string{"Origin", page, "Sec-Fetch-Site", ""}, 200},
		"a program without an Origin":      {"POST", []string{"Sec-Fetch-Site", ""}, 403},
		"another page that writes":         {"POST", []string{"Origin", "https://evil.example.com", "Sec-Fetch-Site", "cross-site"}, 403},
		"another page of the same address": {"POST", []string{"Origin", "http://127.0.0.1:3000", "Sec-Fetch-Site", "same-site"}, 403},
		"a page without an origin":         {"POST", []string{"Origin", "null", "Sec-Fetch-Site", ""}, 403},
		"another page that lies":           {"POST", []string{"Origin", "http://evil.example.com"}, 403},
	} {
		it(t, name, func(t *testing.T) {
			k := newRig(t)
			method, path, body := tt.method, "/console/model", ""
			switch method {
			case "POST":
				path, body = "/console/ask", `{"method":"GET","path":"/v1/users/1"}`
			case "OPEN":
				method, path = "GET", "/console"
			}
			resp, text := k.call(method, path, body, tt.header...)
			if resp.StatusCode != tt.want {
				t.Errorf("%s = %d %s, want %d", tt.header, resp.StatusCode, text, tt.want)
			}
			if resp.StatusCode >= 400 && !strings.Contains(text, `"title"`) {
				t.Errorf("%s: %s is no problem", tt.header, text)
			}
			if !strings.HasPrefix(resp.Header.Get("Content-Security-Policy"), "default-src 'none'; script-src 'self'") {
				t.Errorf("Content-Security-Policy = %q", resp.Header.Get("Content-Security-Policy"))
			}
		})
	}
}
