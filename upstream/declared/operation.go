package declared

import (
	"fmt"
	"net/http"
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
		yamlText("parameters"), o.parameters("IfNoneMatch", "RequestCacheControl", "RequestId", "TraceParent"),
		yamlText("responses"), o.responses(),
	)
	return n
}

// describeStream describes the stream of the endpoint's answers.
func (o *operation) describeStream() *yaml.Node {
	text := fmt.Sprintf("The answers of `GET %s` with the same parameters, as they change: see *Streams*. %s\n", o.Path, o.scopeText())
	n := yamlMap(
		pair{"operationId", yamlText("stream_" + o.name)},
		pair{"tags", yamlWords("declared")},
		pair{"summary", yamlText(o.summary() + ", as it changes")},
		pair{"description", yamlText(text)},
	)
	if !o.Deprecated.IsZero() {
		n.Content = append(n.Content, yamlText("deprecated"), yamlBool(true))
	}
	responses := yamlMap(pair{"200", yamlRef("responses", "Stream")})
	for _, r := range o.problems() {
		switch r.status {
		case http.StatusTooManyRequests:
			r.is = yamlRef("responses", "TooManyStreams")
		case http.StatusServiceUnavailable:
			r.is = yamlRef("responses", "StreamRefused")
		}
		responses.Content = append(responses.Content, yamlText(fmt.Sprint(r.status)), r.is)
	}
	n.Content = append(n.Content,
		yamlText("security"), o.security(),
		yamlText("parameters"), o.parameters("LastEventId", "RequestId", "TraceParent"),
		yamlText("responses"), responses,
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

func (o *operation) parameters(common ...string) *yaml.Node {
	n := yamlList()
	for _, p := range o.Parameters {
		n.Content = append(n.Content, p.describe())
	}
	for _, name := range common {
		n.Content = append(n.Content, yamlRef("parameters", name))
	}
	return n
}
