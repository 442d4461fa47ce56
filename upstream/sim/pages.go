package sim

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"html"
	"net/http"
	"strings"
)

// examples are requests to each provider that a browser can send.
var examples = map[string]string{
	OpenMeteo:    "/v1/forecast?latitude=28.65&longitude=77.23&current=temperature_2m,wind_speed_10m",
	Geocoding:    "/v1/search?name=Delhi&count=3",
	OpenWeather:  "/data/2.5/weather?lat=28.65&lon=77.23&units=metric&appid=demo",
	MetNorway:    "/weatherapi/locationforecast/2.0/compact?lat=28.65&lon=77.23",
	Directory:    "/users/1",
	GitHub:       "/users/bret",
	OpenMeteoAir: "/v1/air-quality?latitude=28.65&longitude=77.23&current=pm2_5",
}

// forBrowser reports whether a person asks: programs do not accept HTML by name.
func forBrowser(r *http.Request) bool {
	return (r.Method == http.MethodGet || r.Method == http.MethodHead) && strings.Contains(r.Header.Get("Accept"), "text/html")
}

// welcome says what listens here, to a browser that opens the root. It does not count as
// a call to the provider.
func (s *service) welcome(w http.ResponseWriter) {
	text := fmt.Sprintf("<p>This is a simulation of the upstream <code>%s</code>: it answers on this machine, with made-up data.</p>", html.EscapeString(s.name))
	if path := examples[s.name]; path != "" {
		text += fmt.Sprintf("\n<p>For example: <a href=\"%s\">%[1]s</a></p>", html.EscapeString(path))
	}
	writePage(w, "Simulated "+s.name, text)
}

// page shows all providers with their faults, and how to change them.
func (c *control) page(w http.ResponseWriter, r *http.Request) {
	first := c.sim.services[0].name
	var rows strings.Builder
	for _, sv := range c.sim.services {
		s := stateOf(sv)
		fmt.Fprintf(&rows, "<tr><td><a href=\"%s/\">%s</a></td><td>%s</td><td>%d</td></tr>\n", html.EscapeString(s.URL), html.EscapeString(sv.name), html.EscapeString(s.String()), s.Calls)
	}
	writePage(w, "Simulated upstreams", fmt.Sprintf(`<p>These upstreams are simulated on this machine. Each can be made to fail, and is well again when its fault is deleted.
Programs get this list as JSON at <code>/_sim</code>.</p>
<table><thead><tr><th>upstream</th><th>fault</th><th>calls</th></tr></thead><tbody>
%s</tbody></table>
<pre tabindex="0">curl -X PUT http://%s/_sim/%[3]s -d '{"mode": "down"}'
curl -X PUT http://%[2]s/_sim/%[3]s -d '{"latency_ms": 2000}'
curl -X PUT http://%[2]s/_sim/%[3]s -d '{"error_rate": 0.5, "status": 503}'
curl -X DELETE http://%[2]s/_sim/%[3]s</pre>
<p>Modes: ok, hang, reset, truncate, garbage, drip, down. With <code>"for_s": 60</code> a fault ends by itself.</p>`,
		rows.String(), html.EscapeString(r.Host), html.EscapeString(first)))
}

// String describes a fault in a few words.
func (f Fault) String() string {
	var words []string
	if f.Mode != ModeOK && f.Mode != "" {
		words = append(words, string(f.Mode))
	}
	if f.LatencyMS > 0 || f.JitterMS > 0 {
		words = append(words, fmt.Sprintf("%d ms late", f.LatencyMS+f.JitterMS))
	}
	if f.ErrorRate > 0 {
		words = append(words, fmt.Sprintf("%g %% are %d", f.ErrorRate*100, f.Status))
	}
	if len(words) == 0 {
		return "none"
	}
	if f.Match != "" {
		words = append(words, "where the URL has "+f.Match)
	}
	return strings.Join(words, ", ")
}

// pageStyle makes the pages readable; lines of commands scroll where the screen is narrow.
const pageStyle = `body { max-width: 48rem; margin: 2rem auto; padding: 0 1rem; font: 1rem/1.5 system-ui, sans-serif; overflow-wrap: break-word; }
h1 { font-size: 1.5rem; line-height: 1.2; }
table { border-collapse: collapse; }
th, td { padding: 0.25rem 1.5rem 0.25rem 0; text-align: left; border-bottom: 1px solid GrayText; }
pre { padding: 0.75rem; overflow-x: auto; font-size: 0.875rem; border: 1px solid GrayText; border-radius: 0.5rem; }`

// pagePolicy allows that style and nothing else.
var pagePolicy = func() string {
	sum := sha256.Sum256([]byte(pageStyle))
	return "default-src 'none'; img-src data:; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}()

// writePage writes a page without scripts, light or dark as the browser is.
func writePage(w http.ResponseWriter, title, main string) {
	title = html.EscapeString(title)
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", pagePolicy)
	h.Set("Cache-Control", "no-store")
	fmt.Fprintf(w, `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>%s</title>
<link rel="icon" href="data:,">
<style>%s</style>
</head>
<body>
<main>
<h1>%[1]s</h1>
%[3]s
</main>
</body>
</html>
`, title, pageStyle, main)
}
