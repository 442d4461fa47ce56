package e2e_test

import (
	"context"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// beforeScripts runs a script in each page that the tab opens, before the page's own.
func beforeScripts(source string) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: source})
		return err
	})
}

const contentWidth = `() => document.documentElement.scrollWidth`

// The console fits its window also while it waits for its first state.
func TestConsoleFitsWhileItConnects(t *testing.T) {
	d := startDemo(t, nil)
	for name, width := range map[string]int64{"on a desk": 1300, "on a phone": 360} {
		t.Run(name, func(t *testing.T) {
			p := startChromium(t).open(t, "about:blank")
			p.do(beforeScripts(`window.fetch = () => new Promise(() => {})`), // the gateway never answers
				chromedp.EmulateViewport(width, 900), chromedp.Navigate(d.urls["admin"]+"/console"))
			p.until(`document.querySelectorAll(".rivers .heading").length === 3`)
			p.until(`document.querySelector(".rivers").hasAttribute("data-list") || document.querySelector(".column.endpoints").offsetWidth > 0`)
			if sentence := evaluate[string](p, `() => document.querySelector("#sentence").innerText`); sentence != "Connecting…" {
				t.Errorf("the page says %q: it has a state", sentence)
			}
			if wide := evaluate[int64](p, contentWidth); wide > width {
				t.Errorf("the page is %d px wide in a window of %d px", wide, width)
			}
		})
	}
}

// The pages of the simulator and of the admin listener have a style, which their policy
// allows, and are no wider than a phone.
func TestSmallPagesFitAPhone(t *testing.T) {
	b, d := startChromium(t), startDemo(t, nil)
	for name, url := range map[string]string{
		"the simulator's faults": d.urls["sim"] + "/",
		"a simulated provider":   d.urls["openmeteo"] + "/",
		"what operators find":    d.urls["admin"] + "/",
	} {
		t.Run(name, func(t *testing.T) {
			p := b.open(t, "about:blank")
			p.do(chromedp.EmulateViewport(360, 740), chromedp.Navigate(url))
			if wide := evaluate[int](p, contentWidth); wide > 360 {
				t.Errorf("the page is %d px wide on a phone of 360 px", wide)
			}
			if margin := evaluate[string](p, `() => getComputedStyle(document.body).paddingLeft`); margin == "0px" {
				t.Error("the page's style is not used")
			}
			if _, complaints := p.heard(); len(complaints) > 0 {
				t.Errorf("the browser complains of %q", complaints)
			}
		})
	}
}
