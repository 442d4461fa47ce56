package api_test

import (
	"net/http"
	"strings"
	"testing"
)

func TestStreamsOfAUserThatIsWritten(t *testing.T) {
	writes := []struct {
		method, body string
		status       int
		event        string
	}{
		{"PATCH", `{"phone":"555"}`, 200, "answer"},
		{"PUT", `{"name":"Ada","phone":"555"}`, 200, "answer"},
		{"DELETE", "", 204, "problem"},
	}
	for _, c := range writes {
		it(t, "send what a "+c.method+" has changed at once", func(t *testing.T) {
			g := populated(t)
			s := g.listen(oneLive)
			s.event("answer")
			g.call(c.method, one, c.body).wantStatus(c.status)
			if e := s.event(c.event); e.after != 0 || c.event == "answer" && !strings.Contains(e.data, `"phone":"555"`) {
				t.Errorf("%s after %v: %s, want what was written at once", e.name, e.after, e.data)
			}
		})
	}
	it(t, "begin with the tag that a plain read has", func(t *testing.T) {
		g := populated(t)
		first := g.listen(oneLive)
		first.event("answer")
		g.call("PATCH", one, `{"phone":"555"}`).wantStatus(http.StatusOK)
		tag := g.get(one).opaqueTag()
		if e := g.listen(oneLive, "Last-Event-ID", tag).next(); !e.comment {
			t.Errorf("first event = %+v, want a comment, as the client has the current answer", e)
		}
		if e := g.listen(oneLive).event("answer"); e.id != tag {
			t.Errorf("id = %q, want %q", e.id, tag)
		}
	})
}
