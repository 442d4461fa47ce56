package sim

import (
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
<table><thead><tr><th align="left">upstream</th><th align="left">fault</th><th align="left">calls</th></tr></thead><tbody>
%s</tbody></table>
<pre>curl -X PUT http://%s/_sim/%[3]s -d '{"mode": "down"}'
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

// writePage writes a page without styles and scripts, light or dark as the browser is.
func writePage(w http.ResponseWriter, title, main string) {
	title = html.EscapeString(title)
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; img-src data:")
	h.Set("Cache-Control", "no-store")
	fmt.Fprintf(w, `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>%s</title>
<link rel="icon" href="data:,">
</head>
<body>
<main>
<h1>%[1]s</h1>
%s
</main>
</body>
</html>
`, title, main)
}
