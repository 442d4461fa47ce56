package console

import (
	"net/http"
	"strconv"

	"github.com/go-chi/chi/v5"
	"go.opentelemetry.io/otel/trace"

	"tributary/telemetry/story"
)

const (
	storiesListed    = 50
	maxStoriesListed = 500
)

// stories is GET /console/stories. With complete=false it leaves out complete answers.
func (c *Console) stories(w http.ResponseWriter, r *http.Request) {
	limit := storiesListed
	if text := r.URL.Query().Get("limit"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > maxStoriesListed {
			badRequest("limit must be from 1 to " + strconv.Itoa(maxStoriesListed)).write(w)
			return
		}
		limit = n
	}
	complete := r.URL.Query().Get("complete")
	if complete != "" && complete != "true" && complete != "false" {
		badRequest("complete must be true or false").write(w)
		return
	}
	list := []story.View{}
	for s := range c.Stories.Latest {
		if len(list) == limit {
			break
		}
		if v := s.Short(); complete != "false" || v.Outcome != "complete" {
			list = append(list, v)
		}
	}
	writeJSON(w, map[string]any{"stories": list})
}

// story is GET /console/stories/{trace}.
func (c *Console) story(w http.ResponseWriter, r *http.Request) {
	id, err := trace.TraceIDFromHex(chi.URLParam(r, "trace"))
	if err != nil {
		badRequest("a trace id has 32 hexadecimal digits in lower case, which are not all 0").write(w)
		return
	}
	s := c.Stories.Story(id)
	if s == nil {
		p := notFound
		p.Detail = "there is no story of this trace: it is too old, or of another replica"
		p.write(w)
		return
	}
	writeJSON(w, s.View())
}
