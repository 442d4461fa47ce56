package api_test

import (
	"net/http"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/prototext"

	"tributary/telemetry"
	"tributary/telemetry/story"
)

// TestPeopleStayOutOfLogsAndSpans reads, writes and fails, and then searches logs and
// spans for personal data and keys.
func TestPeopleStayOutOfLogsAndSpans(t *testing.T) {
	var log logbook
	spans := collect(t)
	stories := story.NewRecorder()
	tel := spans.telemetry(t, func(c *telemetry.Config) { c.Stories = stories })
	g := populated(t, func(s *setup) {
		s.logTo, s.Telemetry, s.tracer, s.stories = &log, tel, tel.Tracer(), stories
	})
	bodies := []string{
		`{"name":"Grace Hopper","username":"gracie","email":"amazing@navy.example","phone":"555-0100","address":{"city":"Arlington","street":"Fleet Street"}}`,
		`{"name":"Grace Hopper","email":"amazing-navy.example","nickname":"Amazing"}`,
		`{"name":"Grace Hopper"`,
	}
	g.get(everything).wantStatus(http.StatusOK)
	g.get("/v1/users?q=Leanne").wantStatus(http.StatusOK)
	g.get("/v1/users?q=Leanne%00").wantStatus(http.StatusBadRequest)
	g.get("/v1/users/Leanne").wantStatus(http.StatusBadRequest)
	for _, faults := range []behaviour{g.directory.serve, answers(422, bodies[0]), answers(200, bodies[0]), answers(200, "<html>Grace Hopper"), answers(500, bodies[0]), resets} {
		g.directory.setWrites(faults)
		for _, body := range bodies {
			g.call("POST", "/v1/users", body, "Idempotency-Key", `"hopper-secret"`)
			g.call("POST", "/v1/users", body)
			g.call("PUT", one, body)
			g.call("PATCH", one, body)
		}
	}
	g.directory.Now(answers(200, `{"id":1,"name":{"first":"Grace Hopper"}`))
	g.get("/v1/users/2")
	g.get("/v1/users?q=Hopper")
	g.github.Now(answers(403, `{"message":"Leanne Graham may not"}`))
	g.get(one + "?include=github")
	if err := tel.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}

	var recorded strings.Builder
	for _, line := range log.lines(t) {
		recorded.Write(mustJSON(t, line))
	}
	lines := recorded.Len()
	for _, span := range spans.spans {
		recorded.WriteString(prototext.Format(span))
	}
	told := 0
	for s := range stories.Latest {
		told++
		recorded.Write(mustJSON(t, s.View()))
	}
	events, _ := stories.Events(0)
	recorded.Write(mustJSON(t, events))
	recorded.Write(mustJSON(t, stories.Upstream("directory").Failures()))
	if lines == 0 || told == 0 || spans.named("GET /v1/users/{id}") == nil || spans.named("directory") == nil || spans.named("github") == nil {
		t.Fatal("there are no log lines, or spans of the gateway or of its sources: nothing was looked at")
	}
	for _, secret := range []string{"Leanne", "Graham", "april.biz", "736-8031", "Kulas", "Grace", "Hopper", "gracie", "amazing", "Amazing", "555-0100", "Arlington", "Fleet", "writer-key", "hopper-secret"} {
		if at := strings.Index(recorded.String(), secret); at >= 0 {
			t.Errorf("%q was recorded: %s", secret, recorded.String()[max(0, at-200):min(recorded.Len(), at+100)])
		}
	}
	if !strings.Contains(recorded.String()[lines:], "/users/1") {
		t.Error("no span has the id of a user, which it may")
	}
}

func TestProblemsDoNotQuote(t *testing.T) {
	g := populated(t)
	g.directory.setWrites(answers(422, `{"error":"Grace is taken"}`))
	for _, a := range []*answer{
		g.call("POST", "/v1/users", `{"name":"Grace"}`), g.call("POST", "/v1/users", `{"name":"Grace","email":"Grace"}`),
		g.call("POST", "/v1/users", `{"name":"Grace"`), g.get("/v1/users?q=Grace%00"),
	} {
		if strings.Contains(string(a.body), "Grace") {
			t.Errorf("%s quotes: %s", a.call, a.body)
		}
	}
}
