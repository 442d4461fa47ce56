package declared

import (
	"fmt"

	"go.yaml.in/yaml/v3"
)

// nothingFound is the response of declared endpoints when there is no such thing. The
// contract's own are about places and users.
const nothingFound = "NothingFound"

func (o *operation) responses() *yaml.Node {
	cacheControl, notModified := yamlRef("headers", "CacheControl"), yamlRef("responses", "NotModified")
	if o.Cache == CacheRevalidate {
		cacheControl, notModified = yamlRef("headers", "Personal"), yamlRef("responses", "UserNotModified")
	} else if o.AsCaller() {
		cacheControl, notModified = untilTheTokenEnds(), yamlMap(
			pair{"description", yamlText("The answer still has one of the entity tags in `If-None-Match`.")},
			pair{"headers", answerHeaders(untilTheTokenEnds())},
		)
	}
	content := yamlMap(pair{"schema", yamlRef("schemas", o.name)})
	if o.example != nil {
		content.Content = append(content.Content, yamlText("examples"),
			yamlMap(pair{"madeUp", yamlMap(pair{"summary", yamlText("An answer with made-up values")}, pair{"value", o.example})}))
	}
	n := yamlMap(pair{"200", yamlMap(
		pair{"description", yamlText("The answer. A `degraded` answer is a 200 too: a part that is not required has failed, or a part is old.")},
		pair{"headers", answerHeaders(cacheControl)},
		pair{"content", yamlMap(pair{"application/json", content})},
	)})
	n.Content = append(n.Content, yamlText("304"), notModified)
	for _, r := range o.problems() {
		n.Content = append(n.Content, yamlText(fmt.Sprint(r.status)), r.is)
	}
	return n
}

// response is a status and its description.
type response struct {
	status int
	is     *yaml.Node
}

// problems are the errors that the endpoint may answer.
func (o *operation) problems() []response {
	shared := func(name string) *yaml.Node { return yamlRef("responses", name) }
	notFound := shared(nothingFound)
	if o.AsCaller() {
		notFound = notFoundResponse("It is not to be stored, as another caller may find something.", "NoStore")
	}
	return []response{
		{400, shared("InvalidParameters")}, {401, shared("Unauthorized")}, {403, shared("Forbidden")}, {404, notFound},
		{405, shared("MethodNotAllowed")}, {406, shared("NotAcceptable")}, {413, shared("BodyTooLarge")}, {429, shared("TooManyRequests")},
		{500, shared("InternalError")}, {501, shared("NotConfigured")}, {502, shared("SourcesFailed")}, {503, shared("SourcesRefused")}, {504, shared("SourcesTimedOut")},
	}
}

// answerHeaders are the headers of an answer.
func answerHeaders(cacheControl *yaml.Node) *yaml.Node {
	return yamlMap(
		pair{"Cache-Control", cacheControl},
		pair{"ETag", yamlRef("headers", "ETag")},
		pair{"Vary", yamlRef("headers", "Vary")},
		pair{"Cache-Status", yamlRef("headers", "CacheStatus")},
		pair{"Server-Timing", yamlRef("headers", "ServerTiming")},
		pair{"X-Request-Id", yamlRef("headers", "RequestId")},
	)
}

// untilTheTokenEnds is the Cache-Control of answers that were asked for with the
// caller's token.
func untilTheTokenEnds() *yaml.Node {
	return yamlMap(
		pair{"required", yamlBool(true)},
		pair{"description", yamlText("How long the caller may keep the answer, in seconds: never longer than its token is valid.")},
		pair{"schema", yamlMap(pair{"type", yamlText("string")}, pair{"pattern", yamlText("^private, max-age=[0-9]+$")})},
	)
}

func notFoundResponse(cached, cacheControl string) *yaml.Node {
	required := yamlMap(pair{"required", yamlWords("sources")})
	return yamlMap(
		pair{"description", yamlText("What was asked for does not exist: a required part, or every part, was not found. " + cached + " `sources` lists the parts.")},
		pair{"headers", yamlMap(
			pair{"Cache-Control", yamlRef("headers", cacheControl)},
			pair{"Vary", yamlRef("headers", "Vary")},
			pair{"Server-Timing", yamlRef("headers", "ServerTimingOfProblem")},
			pair{"X-Request-Id", yamlRef("headers", "RequestId")},
		)},
		pair{"content", yamlMap(pair{"application/problem+json", yamlMap(
			pair{"schema", yamlMap(pair{"allOf", yamlList(yamlRef("schemas", "Problem"), required)})},
		)})},
	)
}
