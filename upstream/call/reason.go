package call

import (
	"bytes"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"unicode"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// maxReason is the greatest number of characters that are shown of a provider's text.
const maxReason = 160

// emailAddress matches anything that may be an e-mail address.
var emailAddress = regexp.MustCompile(`\S+@\S+`)

// reason is what a provider says about a status of 400 to 499, in the members
// that providers use for it: reason (Open-Meteo), message (OpenWeather,
// GitHub), detail and title (RFC 9457), error. It is cut to one short line,
// without secrets and without e-mail addresses.
func reason(r Response, secrets []string) string {
	if r.Status >= 500 {
		return ""
	}
	var said struct {
		Reason  jsontext.Value `json:"reason"`
		Message jsontext.Value `json:"message"`
		Detail  jsontext.Value `json:"detail"`
		Title   jsontext.Value `json:"title"`
		Error   jsontext.Value `json:"error"`
	}
	if DecodeJSON(r.Body, '{', &said) != nil {
		return ""
	}
	for _, v := range []jsontext.Value{said.Reason, said.Message, said.Detail, said.Title, said.Error} {
		var text string
		if json.Unmarshal(v, &text, lenient) == nil && strings.TrimSpace(text) != "" {
			return clean(text, secrets)
		}
	}
	return ""
}

// clean makes somebody else's text fit to be shown and logged.
func clean(text string, secrets []string) string {
	for _, secret := range secrets {
		text = strings.ReplaceAll(text, secret, "[removed]")
	}
	text = emailAddress.ReplaceAllString(text, "[removed]")
	text = strings.Join(strings.FieldsFunc(strings.ToValidUTF8(text, ""), func(r rune) bool {
		return unicode.IsSpace(r) || !unicode.IsPrint(r)
	}), " ")
	if characters := []rune(text); len(characters) > maxReason {
		return strings.TrimSpace(string(characters[:maxReason])) + "…"
	}
	return text
}

// saysRateLimit reports whether a body mentions a rate limit. A 403 with such a body is
// not about our credentials.
func saysRateLimit(body []byte) bool {
	return bytes.Contains(bytes.ToLower(body), []byte("rate limit"))
}

// secretsOf returns the texts that credentials adds to a request, in the forms that a
// provider might quote.
func secretsOf(credentials func(*http.Request)) []string {
	if credentials == nil {
		return nil
	}
	r := &http.Request{Header: make(http.Header), URL: &url.URL{}}
	credentials(r)
	var secrets []string
	add := func(s string) {
		const shortest = 6 // a shorter one could be part of any word
		if len(s) >= shortest {
			secrets = append(secrets, s, url.QueryEscape(s), url.PathEscape(s))
		}
	}
	for _, values := range r.Header {
		for _, v := range values {
			add(v[strings.LastIndexByte(v, ' ')+1:]) // without "Bearer"
		}
	}
	for _, values := range r.URL.Query() {
		for _, v := range values {
			add(v)
		}
	}
	return secrets
}
