package e2e_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/url"
	"regexp/syntax"
	"slices"
	"strconv"
	"strings"
)

// maker makes a request up from the document.
type maker struct {
	*rand.Rand

	d   *document
	n   int
	who access

	pairs []pair // of the query
	value any    // of the body; nil: it is the text that counts
}

// pair is a parameter in a query; raw is not to be encoded.
type pair struct {
	name, value string
	raw         bool
}

// request makes the nth request up. It is the same again for the same seed and
// number, whatever was asked before and by whom.
func (f *fuzzer) request(n int) *madeUp {
	m := &maker{Rand: rand.New(rand.NewPCG(f.seed, uint64(n))), d: f.document, n: n, who: f.access}
	if n%2 == 1 { // one input at a time, until all have been tried, and from the beginning then
		one := f.singles[n/2*singlesApart%len(f.singles)]
		a := m.good(one.op)
		one.spoil(m, a)
		m.write(a)
		return a
	}
	a := m.good(m.operation())
	if m.IntN(100) < 40 {
		return a
	}
	for range 1 + m.IntN(3) {
		pick(m, spoilers)(m, a)
	}
	m.write(a)
	return a
}

func pick[T any](m *maker, of []T) T { return of[m.IntN(len(of))] }

// operation is one of all, those with more to get wrong more often.
func (m *maker) operation() *operation {
	weight := func(o *operation) int {
		w := 3 + 2*len(o.parameters)
		if o.body != nil {
			w += 8
		}
		return w
	}
	all := 0
	for _, o := range m.d.operations {
		all += weight(o)
	}
	n := m.IntN(all)
	for _, o := range m.d.operations {
		if n -= weight(o); n < 0 {
			return o
		}
	}
	panic("unreachable")
}

// good is a request in which the document sees nothing wrong. What the
// document has in words only comes about by trying.
func (m *maker) good(op *operation) *madeUp {
	for range 1000 {
		a := &madeUp{op: op, method: op.method, path: op.path, header: http.Header{}}
		m.pairs, m.value = nil, nil
		for _, p := range op.parameters {
			required := p.Required != nil && *p.Required
			switch {
			case p.In == "path":
				fixed, _, _ := strings.Cut(op.path, "{")
				a.path = fixed + m.segment(m.goodText(p.member, m.examples(p)))
			case !required && m.IntN(2) == 0:
			case p.In == "query":
				m.pairs = append(m.pairs, pair{name: p.Name, value: m.goodText(p.member, m.examples(p))})
				for p.list && m.IntN(3) > 0 {
					m.pairs = append(m.pairs, pair{name: p.Name, value: m.goodText(p.member, m.examples(p))})
				}
			case p.In == "header":
				a.header.Set(p.Name, m.headerText(p, m.goodText(p.member, m.examples(p))))
			}
		}
		if m.IntN(8) == 0 {
			m.Shuffle(len(m.pairs), func(i, j int) { m.pairs[i], m.pairs[j] = m.pairs[j], m.pairs[i] })
		}
		if op.method == http.MethodGet && m.IntN(12) == 0 {
			a.method = http.MethodHead
		}
		m.goodCredentials(a)
		m.decorate(a)
		if op.body != nil {
			mediaType := pick(m, op.media)
			a.header.Set("Content-Type", mediaType+pick(m, []string{"", "", "", "; charset=utf-8", ";charset=UTF-8", `; charset="utf-8"`, "; charset=Utf-8", " ; x=y"}))
			m.value = m.goodValue(op.body[mediaType], true)
			if example := m.bodyExample(op, mediaType); example != nil && m.IntN(4) == 0 {
				m.value = example
			}
		}
		m.write(a)
		if e := m.d.expect(a, m.who); len(e.must) == 0 {
			return a
		}
	}
	panic("no good request to " + op.OperationId)
}

// write puts query and body into the request.
func (m *maker) write(a *madeUp) {
	encode := pick(m, []func(string) string{url.QueryEscape, url.QueryEscape, everyByte, func(s string) string {
		return strings.ReplaceAll(url.QueryEscape(s), "+", "%20")
	}})
	var query []string
	for _, p := range m.pairs {
		if p.raw {
			query = append(query, p.name+p.value)
		} else {
			query = append(query, encode(p.name)+"="+encode(p.value))
		}
	}
	a.query = strings.Join(query, "&")
	if m.value != nil {
		a.body = encoded(m.value)
	}
}

// encoded is JSON, with the characters as they are.
func encoded(v any) []byte {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		panic(err)
	}
	return bytes.TrimSpace(b.Bytes())
}

func everyByte(s string) string {
	var b strings.Builder
	for i := range len(s) {
		fmt.Fprintf(&b, "%%%02x", s[i])
	}
	return b.String()
}

// segment is a value in a path, in one way of writing it or another. A slash
// cannot be in one.
func (m *maker) segment(value string) string {
	value = strings.ReplaceAll(value, "/", "")
	if m.IntN(6) == 0 {
		return everyByte(value)
	}
	return url.PathEscape(value)
}

// examples are the document's own, in a parameter.
func (m *maker) examples(p parameter) (texts []string) {
	if p.Example != nil {
		texts = append(texts, p.Example.Value)
	}
	for _, e := range p.Examples.FromOldest() {
		for _, one := range e.Value.Content { // of a list
			texts = append(texts, one.Value)
		}
		if len(e.Value.Content) == 0 {
			texts = append(texts, e.Value.Value)
		}
	}
	return texts
}

func (m *maker) bodyExample(op *operation, mediaType string) (v any) {
	for _, e := range op.RequestBody.Content.GetOrZero(mediaType).Examples.FromOldest() {
		if err := e.Value.Decode(&v); err != nil {
			panic(err)
		}
	}
	return v
}

// goodText is a text of which its schema has nothing bad to say.
func (m *maker) goodText(s *member, examples []string) string {
	for range 20 {
		text := m.likelyText(s, examples)
		if s.valid(s.read(text)) == nil {
			return text
		}
	}
	return pick(m, examples)
}

// read is the value that a parameter's text stands for.
func (s *member) read(text string) any {
	switch s.Type[0] {
	case "string":
		return text
	case "boolean":
		return text == "true"
	}
	return json.Number(text)
}

func (m *maker) likelyText(s *member, examples []string) string {
	switch {
	case len(s.Enum) > 0:
		return pick(m, s.Enum).Value
	case len(examples) > 0 && m.IntN(3) == 0:
		return pick(m, examples)
	case s.Default != nil && m.IntN(4) == 0:
		return s.Default.Value
	case s.Type[0] == "boolean":
		return pick(m, []string{"false", "true"})
	case s.Type[0] == "integer":
		return strconv.FormatInt(m.integer(s), 10)
	case s.Type[0] == "number":
		return m.decimal(s)
	case s.Pattern != "" && m.IntN(2) == 0:
		re, err := syntax.Parse(s.Pattern, syntax.Perl)
		if err != nil {
			panic(err)
		}
		return m.matching(re)
	}
	return m.letters(m.length(s))
}

// integer is within the bounds, most often near the lower one, where things
// are.
func (m *maker) integer(s *member) int64 {
	low, high := int64(0), int64(1<<53)
	if s.Minimum != nil {
		low = int64(*s.Minimum)
	}
	if s.Maximum != nil {
		high = int64(*s.Maximum)
	}
	switch m.IntN(8) {
	case 0:
		return low
	case 1:
		return high
	case 2:
		return low + m.Int64N(high-low+1)
	}
	return low + m.Int64N(min(high-low+1, 300))
}

func (m *maker) decimal(s *member) string {
	low, high := *s.Minimum, *s.Maximum
	switch m.IntN(8) {
	case 0:
		return strconv.FormatFloat(low, 'f', -1, 64)
	case 1:
		return strconv.FormatFloat(high, 'f', m.IntN(4), 64)
	case 2:
		return pick(m, []string{"0", "-0", "0.0", "-0.000", "00.5", "0.00000000000000000001"})
	case 3:
		return strconv.FormatFloat(low+m.Float64()*(high-low), 'f', 15, 64)
	}
	return strconv.FormatFloat(low+m.Float64()*(high-low), 'f', m.IntN(3), 64)
}

// length is one of a text: the least, the greatest, or between.
func (m *maker) length(s *member) int {
	low, high := 1, 40
	if s.MinLength != nil {
		low = int(*s.MinLength)
	}
	if s.MaxLength != nil {
		high = int(*s.MaxLength)
	}
	switch m.IntN(6) {
	case 0:
		return low
	case 1:
		return high
	}
	return low + m.IntN(min(high-low+1, 30))
}

// letters is a text of so many characters.
func (m *maker) letters(n int) string {
	alphabet := []rune(pick(m, []string{"abcdefghijklmnopqrstuvwxyz", "ABC xyz", "abc", "äöüßéñ", "دلهي", "Москва", "東京都", "a🙂🌧", "0123456789", "a-'.,", "+&=;%#?"}))
	text := make([]rune, n)
	for i := range text {
		text[i] = pick(m, alphabet)
	}
	return string(text)
}

// matching is a text that a regular expression matches.
func (m *maker) matching(re *syntax.Regexp) string {
	times := func(low, high int) string {
		if high < 0 {
			high = low + 5
		}
		var b strings.Builder
		for range low + m.IntN(high-low+1) {
			b.WriteString(m.matching(re.Sub[0]))
		}
		return b.String()
	}
	switch re.Op {
	case syntax.OpLiteral:
		return string(re.Rune)
	case syntax.OpCharClass:
		return string(m.runeIn(re.Rune))
	case syntax.OpConcat:
		var b strings.Builder
		for _, sub := range re.Sub {
			b.WriteString(m.matching(sub))
		}
		return b.String()
	case syntax.OpAlternate:
		return m.matching(pick(m, re.Sub))
	case syntax.OpCapture:
		return m.matching(re.Sub[0])
	case syntax.OpStar:
		return times(0, -1)
	case syntax.OpPlus:
		return times(1, -1)
	case syntax.OpQuest:
		return times(0, 1)
	case syntax.OpRepeat:
		return times(re.Min, re.Max)
	}
	return "" // what matches between characters
}

// runeIn is one of a class, given as pairs; mostly one that can be typed.
func (m *maker) runeIn(class []rune) rune {
	var typed []rune
	for c := ' '; c <= '~'; c++ {
		for i := 0; i < len(class); i += 2 {
			if class[i] <= c && c <= class[i+1] {
				typed = append(typed, c)
			}
		}
	}
	if len(typed) > 0 && m.IntN(10) > 0 {
		return pick(m, typed)
	}
	i := 2 * m.IntN(len(class)/2)
	return class[i] + m.Int32N(class[i+1]-class[i]+1)
}

// goodValue is a value for a body of which its schema has nothing bad to say.
func (m *maker) goodValue(s *member, required bool) any {
	for range 20 {
		if v := m.likelyValue(s, required); s.valid(v) == nil {
			return v
		}
	}
	return nil
}

func (m *maker) likelyValue(s *member, required bool) any {
	one := s.one()
	if !required && m.IntN(8) == 0 {
		return nil
	}
	inner := &member{Schema: one, members: s.members, valid: s.valid}
	var examples []string
	for _, e := range one.Examples {
		examples = append(examples, e.Value)
	}
	switch {
	case len(s.members) > 0:
		object := map[string]any{}
		for _, name := range slices.Sorted(maps.Keys(s.members)) {
			needed := slices.Contains(one.Required, name)
			if needed || m.IntN(2) == 0 {
				object[name] = m.goodValue(s.members[name], needed || name == "name" && required)
			}
		}
		return object
	case one.Type[0] == "string":
		if text, ok := m.special(examples); ok {
			return text
		}
		return m.likelyText(inner, examples)
	}
	return json.Number(pick(m, []string{m.jsonNumber(inner), strconv.Itoa(m.IntN(80)), "-1.5e1", "1E1", "-0.0", "0.1e+1"}))
}

// special varies an example, as most texts are not what wants a form of its
// own.
func (m *maker) special(examples []string) (string, bool) {
	if len(examples) == 0 || m.IntN(2) == 0 {
		return "", false
	}
	return pick(m, examples), true
}

func (m *maker) jsonNumber(s *member) string {
	f, err := strconv.ParseFloat(m.decimal(s), 64)
	if err != nil {
		panic(err)
	}
	return strconv.FormatFloat(f, 'g', -1, 64)
}

// headerText makes a value fit for a header. Keys are a request's own: what
// was answered to another request would be given again.
func (m *maker) headerText(p parameter, value string) string {
	value = strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return -1
		}
		return r
	}, value)
	if p.Name == "Idempotency-Key" {
		return fmt.Sprintf(pick(m, []string{`"request %d"`, "request-%d", `"%d!#$%%&'()*+,-./:;<=>?@[]^_{|}~"`}), m.n)
	}
	return value
}

func (m *maker) goodCredentials(a *madeUp) {
	if !a.op.secured || a.op.scope == "" && m.IntN(2) == 0 || slices.Contains(m.who.anonymous, a.op.scope) && m.IntN(2) == 0 {
		return
	}
	for _, key := range slices.Sorted(maps.Keys(m.who.keys)) {
		if a.op.scope == "" || slices.Contains(m.who.keys[key], a.op.scope) {
			m.show(a, key)
			return
		}
	}
}

func (m *maker) show(a *madeUp, key string) {
	if way := m.IntN(5); way != 0 {
		a.header.Set("X-Api-Key", key)
		if way == 1 {
			a.header.Set("Authorization", "Bearer "+key)
		}
		return
	}
	a.header.Set("Authorization", pick(m, []string{"Bearer ", "bearer ", "BEARER   "})+key)
}

// decorate adds what makes no difference to whether a request is good.
func (m *maker) decorate(a *madeUp) {
	if m.IntN(3) == 0 {
		a.header["Accept"] = pick(m, [][]string{{"*/*"}, {""}, {"application/json"}, {"application/*;q=0.5"}, {"text/html;q=0.2, */*;q=0.1"}, {"text/html", "application/json;q=0.001"}, {"APPLICATION/JSON"}})
	}
	if m.IntN(5) == 0 {
		a.header.Set("Accept-Encoding", pick(m, []string{"identity", "gzip", "gzip, deflate", "gzip;q=0", "br;q=0.5, gzip", "*;q=0, identity", "zstd", "gzip;q=0.5, zstd", "zstd;q=0, gzip", "*"}))
	}
	if m.IntN(6) == 0 {
		header := pick(m, harmless)
		a.header.Set(header[0], header[1])
	}
	if m.IntN(6) == 0 {
		m.pairs = append(m.pairs, pair{name: pick(m, unknown), value: pick(m, odd)})
	}
	for _, v := range variations {
		if a.header.Get(v.header) != "" && m.IntN(2) == 0 {
			a.header.Set(v.header, pick(m, v.values))
		}
	}
}

// variations are of headers of which the document says that anything goes.
var variations = []struct {
	header string
	values []string
}{
	{"If-Match", []string{"*", `W/"x.y"`, `"x", W/"y"`, `"unclosed`, "no tag", `,,"",`, `W/`}},
	{"If-None-Match", []string{"*", `W/"x"`, `"x", W/"y"`, `"unclosed`, "no tag", `,,"",`, `W/`, strings.Repeat(`W/"abc", `, 50), `"` + "\xe9" + `"`}},
	{"Cache-Control", []string{"no-cache", "no-store", "max-age=0", "only-if-cached", "only-if-cached, max-age=5", "max-age=30", "max-stale", "min-fresh=10", "no-transform", "NO-CACHE, x=y", `max-age="1"`, "max-age=-1", "=,;", "max-age=99999999999999999999"}},
	{"X-Request-Id", []string{"a", strings.Repeat("x", 128), strings.Repeat("x", 129), "", "two words", `<script>`, "\xff", "a.b_c~d:e/f+g=h-i"}},
	{"Traceparent", []string{"00-00000000000000000000000000000000-0000000000000000-00", "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01", "x", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-extra"}},
}

// harmless are headers that the document does not know.
var harmless = [][2]string{
	{"Range", "bytes=0-9"}, {"Range", "bytes=-1"}, {"Range", "bytes=99999999-"}, {"Range", "bytes=0-0,2-3"}, {"If-Range", `"x"`},
	{"If-Match", `"x"`}, {"If-Modified-Since", "Thu, 01 Jan 2099 00:00:00 GMT"}, {"If-Unmodified-Since", "Thu, 01 Jan 1970 00:00:00 GMT"},
	{"Origin", "https://example.com"}, {"Origin", "null"}, {"Referer", "https://example.com/?a=b"}, {"Cookie", "a=b; c"}, {"X-Forwarded-For", "1.2.3.4, x"}, {"Forwarded", "for=x"},
	{"X-Http-Method-Override", "DELETE"}, {"User-Agent", "\xf0\x9f\x99\x82"}, {"Te", "trailers"}, {"Accept-Language", "de, *;q=0"}, {"Prefer", "return=minimal"}, {"Tracestate", "a=b,=,"},
	{"Baggage", "a=b"}, {"Pragma", "no-cache"}, {"Expect", "100-continue"}, {"Content-Language", "xx"}, {"Content-Encoding", "identity"}, {"X-Long", strings.Repeat("x", 4000)},
}

// unknown are names of parameters that no operation has.
var unknown = []string{"x", "City", "LAT", "city[]", "q[]", "", " city", "units ", "_", "callback", "fields", "🙂", "\xff", "a.b", "per-page", "apikey", "__proto__"}

// odd is what may stand where something else should.
var odd = []string{
	"", " ", "  \t ", "abc", "-1", "+1", "1.5", "1.", ".5", "1.0", "007", "1e1", "1E400", "0x10", "0b1", "1_000", "1,5", "NaN", "Infinity", "-inf", "-0", "٣", "½", "true", "null", "undefined", "[]", "{}", "[1]",
	"99999999999999999999", "-99999999999999999999", "9007199254740993", "9223372036854775808", "18446744073709551616", "1" + strings.Repeat("0", 400), "0." + strings.Repeat("1", 21), strings.Repeat("0", 19) + "5", strings.Repeat("0", 20) + "5", strings.Repeat("0", 30) + "5",
	"🙂", "👩‍👩‍👧", "e\u0301", "\u0301", "دلهي", "\u202eabc", "\u200b", "\u00a0", "\u2028", "\u3000", "\ufeff", "\ufffd", "\U000e0001", "\U0010ffff", "ſ", "ı",
	"\xff", "a\xc3", "\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\x00", "a\x00b", "\x07", "a\tb", "a\nb", "a\r\nX: y", "\x7f", "\u0085",
	"a;b", "a+b", "a&b=c", "a%20b", "%", "%zz", "'\"<>", "' OR 1=1 --", "../../etc/passwd", "$(id)", "{{7*7}}", "${jndi:ldap://x}", "a,b", ",", "#", "?", "ada@example.com",
	strings.Repeat("x", 41), strings.Repeat("ü", 101), strings.Repeat("🙂", 100), strings.Repeat("a", 3000),
}
