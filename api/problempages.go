package api

import (
	"cmp"
	"fmt"
	"html"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
)

// listProblems lists all types of problems, as a page or as JSON.
func (s *server) listProblems(w http.ResponseWriter, r *http.Request) error {
	asHTML, err := wantsHTML(w, r)
	if err != nil {
		return err
	}
	all := slices.SortedFunc(maps.Values(kinds), func(a, b kind) int {
		return cmp.Or(a.Status-b.Status, strings.Compare(a.Code, b.Code))
	})
	if !asHTML {
		return writeJSON(w, http.StatusOK, "max-age=86400", map[string]any{"problems": all})
	}
	var rows strings.Builder
	for _, k := range all {
		fmt.Fprintf(&rows, "<tr><td class=\"number\">%d</td><td><a href=\"%s\">%s</a></td><td class=\"mono\">%s</td></tr>\n", k.Status, k.Type, html.EscapeString(k.Title), k.Code)
	}
	return writeProblemPage(w, "Problems", `<p>Every error is a problem document (RFC 9457). Its <code>type</code> is the address of one of
these pages, its <code>code</code> is for programs.</p>
<div class="scroll" tabindex="0" role="region" aria-label="All types of problems"><table>
<thead><tr><th class="number">status</th><th>title</th><th>code</th></tr></thead>
<tbody>
`+rows.String()+`</tbody></table></div>`)
}

// explain serves the explanation of a problem type at its URI, as a page or as JSON.
func (s *server) explain(w http.ResponseWriter, r *http.Request) error {
	k, ok := kinds[pathParam(r, "slug")]
	if !ok {
		return notFound.with("no such problem type")
	}
	asHTML, err := wantsHTML(w, r)
	if err != nil {
		return err
	}
	if !asHTML {
		return writeJSON(w, http.StatusOK, "max-age=86400", struct {
			kind
			Explanation string `json:"explanation"`
		}{k, k.explanation})
	}
	return writeProblemPage(w, k.Title, fmt.Sprintf(`<p class="row"><code>%d %s</code> <code>%s</code></p>
<p>%s</p>
<p><a href="/problems">All types of problems</a></p>`, k.Status, http.StatusText(k.Status), k.Code, asCode(k.explanation)))
}

func writeProblemPage(w http.ResponseWriter, title, main string) error {
	frame, err := pages.ReadFile("pages/problem.html")
	if err != nil {
		return err
	}
	body := strings.NewReplacer("{{title}}", html.EscapeString(title), "{{main}}", main).Replace(string(frame))
	writeHTML(w, policy, "max-age=86400", body)
	return nil
}

var (
	inBackticks = regexp.MustCompile("`([^`]+)`")
	headerName  = regexp.MustCompile(`\b(Retry-After|RateLimit-Policy|RateLimit|Idempotency-Key|If-Match|If-None-Match|ETag|Accept-Encoding|Accept|Allow|Authorization|X-API-Key|Cache-Control|WWW-Authenticate)\b`)
)

// asCode is a text as HTML, with names of members and headers as code.
func asCode(text string) string {
	text = headerName.ReplaceAllString(html.EscapeString(text), "<code>$1</code>")
	return inBackticks.ReplaceAllString(text, "<code>$1</code>")
}
