package e2e_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"tributary/cache/redistest"
)

// TestPagesAreAccessible asks axe-core what a person with a screen reader, a keyboard or
// weak eyes would miss, in light and in dark.
func TestPagesAreAccessible(t *testing.T) {
	axe := findAxe(t)
	b, d := startChromium(t), startDemo(t, nil)
	api, console := d.urls["api"], d.urls["admin"]+"/console"
	for name, page := range map[string]struct {
		url, ready string
		plain      bool // it has the browser's colours, which axe does not know in dark
	}{
		"the front page":         {url: api + "/", ready: `document.querySelector("#verdict").textContent.includes("sources")`},
		"the list of problems":   {url: api + "/problems", ready: `document.querySelector("h1")`},
		"a problem":              {url: api + "/problems/not-found", ready: `document.querySelector("h1")`},
		"the console":            {url: console, ready: `document.querySelector("#sentence").dataset.tone && document.querySelectorAll(".upstreams .node").length > 0`},
		"what operators find":    {url: d.urls["admin"] + "/", ready: `document.querySelector("h1")`, plain: true},
		"the simulator's faults": {url: d.urls["sim"] + "/", ready: `document.querySelector("h1")`, plain: true},
	} {
		t.Run(name, func(t *testing.T) {
			p := b.open(t, page.url)
			p.until(page.ready)
			evaluate[chromedp.Void](p, "() => {"+axe+"}") // by the debugger, which no policy of the page stops
			schemes := []string{"light", "dark"}
			if page.plain {
				schemes = schemes[:1]
			}
			for _, scheme := range schemes {
				evaluate[bool](p, `(scheme) => { document.documentElement.style.colorScheme = scheme; return true; }`, scheme)
				if faults := evaluate[[]string](p, axeRun); len(faults) > 0 {
					t.Errorf("in %s: %s", scheme, strings.Join(faults, "\n"))
				}
			}
		})
	}
}

// axeRun gives a line for each element with a fault.
const axeRun = `async () => (await axe.run({ resultTypes: ["violations"] })).violations
	.flatMap((v) => v.nodes.map((n) => v.id + ": " + n.target.join(" ") + ": " + n.failureSummary))`

// findAxe is the source of axe-core.
func findAxe(t *testing.T) string {
	t.Helper()
	modules := os.Getenv("TRIBUTARY_NODE_MODULES")
	source, err := os.ReadFile(filepath.Join(modules, "axe-core", "axe.min.js"))
	if modules == "" || err != nil {
		redistest.Missing(t, "axe-core", "npm install --prefix DIR axe-core@4.14.1, and set TRIBUTARY_NODE_MODULES=DIR/node_modules")
	}
	return string(source)
}
