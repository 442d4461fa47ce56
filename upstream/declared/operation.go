package declared

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// operation describes an endpoint as an operation of OpenAPI.
type operation struct {
	*Endpoint
	name    string     // of its schema; part of its operationId
	example *yaml.Node // an answer; nil: none
}

func (o *operation) describe() *yaml.Node {
	n := yamlMap(
		pair{"operationId", yamlText("get_" + o.name)},
		pair{"tags", yamlWords("declared")},
		pair{"summary", yamlText(o.summary())},
		pair{"description", yamlText(o.text())},
	)
	if !o.Deprecated.IsZero() {
		n.Content = append(n.Content, yamlText("deprecated"), yamlBool(true))
	}
	n.Content = append(n.Content,
		yamlText("security"), o.security(),
		yamlText("parameters"), o.parameters(),
		yamlText("responses"), o.responses(),
	)
	return n
}

func (o *operation) summary() string {
	if o.Summary != "" {
		return o.Summary
	}
	return o.Path
}

// text is the operator's description, then what the answer is made of and who may ask.
func (o *operation) text() string {
	var paragraphs []string
	if text := strings.TrimSpace(o.Description); text != "" {
		paragraphs = append(paragraphs, text)
	}
	paragraphs = append(paragraphs, o.partsText()+" "+o.scopeText())
	if !o.Deprecated.IsZero() || !o.Sunset.IsZero() {
		paragraphs = append(paragraphs, o.endText())
	}
	return strings.Join(paragraphs, "\n\n") + "\n"
}

func (o *operation) partsText() string {
	var texts []string
	for _, p := range o.listed() {
		text := "`" + p.name + "`"
		var notes []string
		if len(p.sources) > 1 {
			notes = append(notes, "the first of `"+strings.Join(p.sourceNames(), "`, `")+"` that answers")
		} else if name := p.sources[0].name; name != p.name {
			notes = append(notes, "source `"+name+"`")
		}
		if p.required {
			notes = append(notes, "required")
		}
		if len(notes) > 0 {
			text += " (" + strings.Join(notes, "; ") + ")"
		}
		texts = append(texts, text)
	}
	return "Made of " + strings.Join(texts, ", ") + "."
}

func (o *operation) scopeText() string {
	text := "Open to all."
	if o.Scope != OpenToAll {
		text = "Scope `" + o.Scope + "`."
	}
	if o.AsCaller() {
		text += " The caller's token is passed on, so a token is needed and an API key is not enough."
	}
	return text
}

func (o *operation) endText() string {
	var sentences []string
	if !o.Deprecated.IsZero() {
		sentences = append(sentences, "Deprecated since "+o.Deprecated.Format(time.DateOnly)+".")
	}
	if !o.Sunset.IsZero() {
		sentences = append(sentences, "It ends on "+o.Sunset.Format(time.DateOnly)+".")
	}
	if o.Successor != "" {
		sentences = append(sentences, "Use `"+o.Successor+"` instead.")
	}
	return strings.Join(sentences, " ")
}

// listed are the parts in the order of the file, which is that of meta.
func (e *Endpoint) listed() []*part {
	parts := slices.Clone(e.parts)
	slices.SortFunc(parts, func(a, b *part) int { return a.listed - b.listed })
	return parts
}

func (p *part) sourceNames() (names []string) {
	for _, s := range p.sources {
		names = append(names, s.name)
	}
	return names
}

// security is as for the built-in endpoints: the operator decides what callers without
// credentials may do, which is not known here.
func (o *operation) security() *yaml.Node {
	scopes := yamlWords()
	if o.Scope != OpenToAll {
		scopes = yamlWords(o.Scope)
	}
	token := yamlMap(pair{"bearer", scopes})
	if o.AsCaller() {
		return yamlList(token)
	}
	nobody := yamlMap()
	nobody.Style = yaml.FlowStyle
	return yamlList(nobody, yamlMap(pair{"apiKey", scopes}), token)
}

func (o *operation) parameters() *yaml.Node {
	n := yamlList()
	for _, p := range o.Parameters {
		n.Content = append(n.Content, p.describe())
	}
	for _, common := range []string{"IfNoneMatch", "RequestCacheControl", "RequestId", "TraceParent"} {
		n.Content = append(n.Content, yamlRef("parameters", common))
	}
	return n
}

// nothingFound is the response of declared endpoints when there is no such thing. The
// contract's own are about places and users.
const nothingFound = "NothingFound"

func (o *operation) responses() *yaml.Node {
	cacheControl, notModified, notFound := yamlRef("headers", "CacheControl"), yamlRef("responses", "NotModified"), yamlRef("responses", nothingFound)
	if o.Cache == CacheRevalidate {
		cacheControl, notModified = yamlRef("headers", "Personal"), yamlRef("responses", "UserNotModified")
	} else if o.AsCaller() {
		cacheControl, notModified = untilTheTokenEnds(), yamlMap(
			pair{"description", yamlText("The answer still has one of the entity tags in `If-None-Match`.")},
			pair{"headers", answerHeaders(untilTheTokenEnds())},
		)
	}
	if o.AsCaller() {
		notFound = notFoundResponse("It is not to be stored, as another caller may find something.", "NoStore")
	}
	content := yamlMap(pair{"schema", yamlRef("schemas", o.name)})
	if o.example != nil {
		content.Content = append(content.Content, yamlText("examples"),
			yamlMap(pair{"madeUp", yamlMap(pair{"summary", yamlText("An answer with made-up values")}, pair{"value", o.example})}))
	}
	shared := func(name string) *yaml.Node { return yamlRef("responses", name) }
	n := yamlMap(pair{"200", yamlMap(
		pair{"description", yamlText("The answer. A `degraded` answer is a 200 too: a part that is not required has failed, or a part is old.")},
		pair{"headers", answerHeaders(cacheControl)},
		pair{"content", yamlMap(pair{"application/json", content})},
	)})
	for _, r := range []struct {
		status int
		is     *yaml.Node
	}{
		{304, notModified}, {400, shared("InvalidParameters")}, {401, shared("Unauthorized")}, {403, shared("Forbidden")}, {404, notFound},
		{405, shared("MethodNotAllowed")}, {406, shared("NotAcceptable")}, {413, shared("BodyTooLarge")}, {429, shared("TooManyRequests")},
		{500, shared("InternalError")}, {501, shared("NotConfigured")}, {502, shared("SourcesFailed")}, {503, shared("SourcesRefused")}, {504, shared("SourcesTimedOut")},
	} {
		n.Content = append(n.Content, yamlText(fmt.Sprint(r.status)), r.is)
	}
	return n
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
		pair{"required", &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!bool", Value: "true"}},
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
