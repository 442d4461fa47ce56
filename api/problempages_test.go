package api_test

import (
	"html"
	"net/http"
	"strings"
	"testing"
)

func TestProblemPages(t *testing.T) {
	g := newGateway(t)
	type explained struct{ Type, Title, Code, Explanation string }
	list := decode[struct{ Problems []explained }](g.get("/problems"))
	if len(list.Problems) < 20 {
		t.Fatalf("%d types of problems are listed, want all", len(list.Problems))
	}
	index := g.get("/problems", "Accept", "text/html")
	index.wantSecure()
	index.wantLinks()
	for _, p := range list.Problems {
		if !strings.Contains(string(index.body), `href="`+p.Type+`"`) {
			t.Errorf("the page of all problems does not lead to %s", p.Type)
		}
		asJSON, asPage := g.get(p.Type), g.get(p.Type, "Accept", "text/html,*/*;q=0.8")
		asJSON.wantHeader("Content-Type", "application/json")
		asJSON.wantHeader("Vary", "Accept")
		asPage.wantHeader("Content-Type", "text/html; charset=utf-8")
		asPage.wantHeader("Cache-Control", "max-age=86400")
		asPage.wantHeader("Vary", "Accept")
		asPage.wantSecure()
		asPage.wantLinks()
		text := withoutTags(asPage.body)
		for _, want := range []string{p.Title, p.Code, strings.ReplaceAll(decode[explained](asJSON).Explanation, "`", "")} {
			if want == "" || !strings.Contains(text, want) {
				t.Errorf("%s as a page lacks %q: %s", p.Type, want, text)
			}
		}
	}
	for _, path := range []string{"/problems", "/problems/not-found"} {
		g.get(path, "Accept", "image/png").problem(http.StatusNotAcceptable, "not_acceptable")
	}
}

func withoutTags(page []byte) string {
	var b strings.Builder
	for _, part := range strings.Split(string(page), "<") {
		_, text, _ := strings.Cut(part, ">")
		b.WriteString(text)
	}
	return html.UnescapeString(b.String())
}
