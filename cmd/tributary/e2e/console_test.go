package e2e_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// until waits in the page until an expression of JavaScript is true.
func (p *tab) until(expression string) {
	p.t.Helper()
	evaluate[bool](p, fmt.Sprintf(`() => new Promise((done, fail) => {
		const began = performance.now();
		const look = () => {
			if (%[1]s) done(true);
			else if (performance.now() - began > 120000) fail(new Error(%[2]q + " does not become true: " + document.body.innerText.slice(0, 2000)));
			else setTimeout(look, 50);
		};
		look();
	})`, expression, expression))
}

// press clicks the first element of a selector.
func (p *tab) press(selector string) {
	p.t.Helper()
	evaluate[bool](p, `(selector) => { document.querySelector(selector).click(); return true; }`, selector)
}

// reachable reports whether a simulated provider accepts connections.
func (d *running) reachable(provider string) bool {
	d.t.Helper()
	u, err := url.Parse(d.urls[provider])
	if err != nil {
		d.t.Fatal(err)
	}
	conn, err := net.Dial("tcp", u.Host)
	if err != nil {
		return false
	}
	conn.Close()
	return true
}

// TestConsole does in the page what operators do: read the state, ask, set faults and lift
// them.
func TestConsole(t *testing.T) {
	d := startDemo(t, nil)
	p := startChromium(t).open(t, d.urls["admin"]+"/console")
	p.until(`document.querySelector("#sentence").dataset.tone`)

	t.Run("shows every upstream and every endpoint", func(t *testing.T) {
		p.until(`document.querySelectorAll(".upstreams .node").length >= 6 && document.querySelectorAll(".endpoints .node").length >= 6`)
		names := evaluate[[]string](p, `() => [...document.querySelectorAll(".node .name")].map((n) => n.textContent)`)
		for _, want := range []string{"openmeteo", "metno", "directory", "/v1/weather", "/v1/users/{id}"} {
			if !slices.Contains(names, want) {
				t.Errorf("%s is not drawn, only %q", want, names)
			}
		}
	})

	t.Run("shows how many streams of an endpoint are open", func(t *testing.T) {
		ctx, leave := context.WithCancel(t.Context())
		defer leave()
		for range 2 {
			r, err := http.NewRequestWithContext(ctx, http.MethodGet, d.urls["api"]+"/v1/weather/stream?city=Oslo", nil)
			if err != nil {
				t.Fatal(err)
			}
			stream, err := d.http.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			defer stream.Body.Close()
		}
		p.until(`[...document.querySelectorAll(".endpoints .node")].some((n) => n.innerText.includes("/v1/weather/stream") && n.innerText.includes("2 open"))`)
	})

	t.Run("asks, and shows what each source gave", func(t *testing.T) {
		p.until(`document.querySelector("#ask-form select").value !== ""`)
		evaluate[bool](p, `() => {
			const operation = document.querySelector("#ask-form select");
			operation.value = [...operation.options].find((o) => o.textContent.startsWith("GET /v1/weather ")).value;
			operation.dispatchEvent(new Event("change"));
			document.querySelector('#ask-form [data-name="city"]').value = "Delhi";
			return true;
		}`)
		p.press("#ask-form button.primary")
		p.until(`document.querySelector("#answer .lanes")`)
		shown := evaluate[string](p, `() => document.querySelector("#answer").innerText`)
		a := d.get("/v1/weather?city=Delhi")
		for _, source := range a.Meta.Sources {
			if !strings.Contains(shown, source.Name) {
				t.Errorf("the answer on the page lacks %s:\n%s", source.Name, shown)
			}
		}
		if len(a.Meta.Sources) == 0 || !strings.Contains(shown, `"Delhi"`) {
			t.Errorf("the answer has %d sources; the page shows\n%s", len(a.Meta.Sources), shown)
		}
	})

	t.Run("explains an answer by its trace id", func(t *testing.T) {
		trace := evaluate[string](p, `() => document.querySelector("#answer .trace").textContent`)
		evaluate[bool](p, `(trace) => { document.querySelector("#explain-form input").value = trace; return true; }`, trace)
		p.press("#explain-form button.primary")
		p.until(fmt.Sprintf(`document.querySelector("#story .trace")?.textContent === %q`, trace))
	})

	t.Run("lists the answers that were not complete", func(t *testing.T) {
		d.get("/v1/nothing")
		p.press(`#explain-form input[type="checkbox"]`)
		p.until(`document.querySelector("#stories tbody").innerText.includes("404")`)
		rows := evaluate[string](p, `() => document.querySelector("#stories tbody").innerText`)
		if !strings.Contains(rows, "GET (unknown path)") || strings.Contains(rows, "200 complete") {
			t.Errorf("the list is\n%s\nwant the 404, and no complete answer", rows)
		}
	})

	t.Run("says which endpoint had only client errors", func(t *testing.T) {
		d.get("/v1/users/987654")
		p.until(`[...document.querySelectorAll(".endpoints .node")].some((n) => n.querySelector(".name").textContent === "/v1/users/{id}" && n.querySelector(".rate").textContent === "client errors")`)
	})

	t.Run("breaks an upstream, says so, and mends it", func(t *testing.T) {
		p.until(`document.querySelector('[aria-label="Fault of metno"]')`)
		p.press(`[aria-label="Fault of metno"] [data-mode="down"]`)
		p.until(`document.querySelector("#banner").innerText.includes("metno: down")`)
		p.until(`[...document.querySelectorAll("#events li")].some((e) => e.textContent.includes("metno"))`)
		if d.reachable("metno") {
			t.Error("metno still accepts connections")
		}
		p.press("#banner button")
		p.until(`document.querySelector("#banner").hidden`)
		if !d.reachable("metno") {
			t.Error("metno still refuses connections")
		}
	})

	t.Run("shows an outage of two upstreams while answers go on, and its end", func(t *testing.T) {
		asked := 0
		// elsewhere asks for the weather at a place that nobody has asked about.
		elsewhere := func() {
			asked++
			if a := d.get(fmt.Sprintf("/v1/weather?lat=%.2f&lon=%.2f", float64(asked%80), float64(asked%170)/2)); a.status != http.StatusOK {
				t.Fatalf("in the outage: %v, want an answer", a)
			}
		}
		unwell := func() []string {
			return evaluate[[]string](p, `() => [...document.querySelectorAll(".upstreams .node[data-unwell] .name")].map((n) => n.textContent).sort()`)
		}
		p.press(`[aria-label="Fault of metno"] [data-mode="down"]`)
		p.press(`[aria-label="Fault of openmeteo"] [data-mode="reset"]`)
		p.until(`document.querySelector("#banner").innerText.includes("metno: down") && document.querySelector("#banner").innerText.includes("openmeteo: reset")`)
		eventually(t, "the page shows two upstreams that are not well", func() bool {
			elsewhere()
			return slices.Equal(unwell(), []string{"metno", "openmeteo"})
		})
		p.until(`document.querySelector("#sentence").innerText.startsWith("2 of 7 upstreams are failing")`)
		p.until(`document.querySelector('.rivers path[data-state="failed"]')`)
		p.press("#ask-form button.primary") // Delhi
		p.until(`document.querySelector("#answer").innerText.includes("200")`)
		p.press("#banner button")
		eventually(t, "the page shows that all are well", func() bool {
			elsewhere()
			return len(unwell()) == 0
		})
		p.until(`!document.querySelector("#sentence").innerText.includes("failing")`)
	})

	t.Run("opens an upstream with the keyboard, and gives the focus back", func(t *testing.T) {
		evaluate[bool](p, `() => { document.querySelector(".upstreams .press").focus(); return true; }`)
		p.do(chromedp.KeyEvent("\r"))
		p.until(`!document.querySelector("#upstream").hidden && document.activeElement.id === "upstream"`)
		p.do(chromedp.KeyEvent("\x1b"))
		p.until(`document.querySelector("#upstream").hidden && document.activeElement.classList.contains("press")`)
	})

	t.Run("is no wider than a phone", func(t *testing.T) {
		p.do(chromedp.EmulateViewport(360, 740))
		p.until(`document.querySelector(".rivers").hasAttribute("data-list")`)
		p.until(`document.querySelector(".column.sources").offsetWidth === document.querySelector(".rivers").clientWidth`)
		if wide := evaluate[int](p, `() => document.documentElement.scrollWidth`); wide > 360 {
			t.Errorf("the page is %d px wide on a phone of 360 px", wide)
		}
	})

	asked, complaints := p.heard()
	if len(complaints) > 0 {
		t.Errorf("the browser complains of %q", complaints)
	}
	for _, asked := range asked {
		if !strings.HasPrefix(asked, d.urls["admin"]+"/console") {
			t.Errorf("the page asks for %s", asked)
		}
	}
}
