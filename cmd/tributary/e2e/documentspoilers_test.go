package e2e_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/pb33f/libopenapi/datamodel/high/base"
)

// spoilers do something to a good request that the document may forbid.
// Whether it does is for others to say.
var spoilers = []func(*maker, *madeUp){
	(*maker).spoilParameter, (*maker).spoilParameter, (*maker).spoilParameter, (*maker).spoilParameter,
	(*maker).repeatParameter, (*maker).dropParameter, (*maker).addParameter, (*maker).spoilQuery,
	(*maker).spoilMember, (*maker).spoilMember, (*maker).spoilMember, (*maker).spoilMember, (*maker).spoilText, (*maker).spoilText,
	(*maker).spoilContentType, (*maker).spoilCredentials, (*maker).spoilMethod, (*maker).spoilAccept, (*maker).spoilPath, (*maker).spoilKey, (*maker).addBody, (*maker).addHeader,
}

// near are texts at the bounds of a schema: on them, and one off.
func (m *maker) near(s *base.Schema) (texts []string) {
	for _, bound := range []*float64{s.Minimum, s.Maximum} {
		if bound != nil {
			for _, by := range []float64{-1, 0, 1} {
				texts = append(texts, strconv.FormatFloat(*bound+by, 'f', -1, 64))
			}
			texts = append(texts, strconv.FormatFloat(*bound, 'f', -1, 64)+".0000001", strconv.FormatFloat(*bound, 'e', 2, 64))
		}
	}
	for _, bound := range []*int64{s.MinLength, s.MaxLength} {
		if bound != nil {
			for _, by := range []int64{-1, 0, 1} {
				texts = append(texts, m.letters(int(max(0, *bound+by))))
				for _, e := range s.Examples {
					texts = append(texts, stretched(e.Value, int(*bound+by), "."), stretched(e.Value, int(*bound+by), "/"))
				}
			}
		}
	}
	for _, e := range s.Enum {
		texts = append(texts, e.Value, strings.ToUpper(e.Value), e.Value+" ", " "+e.Value, e.Value+","+e.Value)
	}
	return texts
}

// stretched is a text made so long, with more behind a mark, as domains and
// paths have it.
func stretched(text string, length int, mark string) string {
	for len(text) < length {
		text += mark + strings.Repeat("a", min(50, max(1, length-len(text)-len(mark))))
	}
	return text
}

// badText is one that a schema may not like: near its bounds, or something else
// altogether.
func (m *maker) badText(s *base.Schema) string {
	if near := m.near(s); len(near) > 0 && m.IntN(2) == 0 {
		return pick(m, near)
	}
	return pick(m, odd)
}

// spoilParameter gives one parameter a value that may be wrong.
func (m *maker) spoilParameter(a *madeUp) {
	if len(a.op.parameters) > 0 {
		p := pick(m, a.op.parameters)
		m.set(a, p, m.badText(p.member.Schema))
	}
}

// set gives a parameter a value, in the place of what it has.
func (m *maker) set(a *madeUp, p parameter, value string) {
	switch p.In {
	case "path":
		if segment := m.segment(value); segment != "" && value != "." && value != ".." {
			fixed, _, _ := strings.Cut(a.op.path, "{")
			a.path = fixed + segment
		}
	case "query":
		m.pairs = slices.DeleteFunc(m.pairs, func(q pair) bool { return q.name == p.Name })
		m.pairs = append(m.pairs, pair{name: p.Name, value: value})
	case "header":
		if p.Name != "Idempotency-Key" {
			a.header.Set(p.Name, m.headerText(p, value))
		}
	}
}

// single is one thing to do to a good request.
type single struct {
	op    *operation
	spoil func(*maker, *madeUp)
}

// singlesApart brings a few of every kind in few requests. It is prime, and so
// leaves none out.
const singlesApart = 7919

// singles are all values that are odd, or near a bound, and a few that are
// good, for each parameter and each member of a body in turn.
func (d *document) singles() (all []single) {
	m := &maker{Rand: rand.New(rand.NewPCG(0, 0))} // for how many there are, which is always the same
	for _, op := range d.operations {
		for _, p := range slices.Concat(op.in("path"), op.in("query")) { // in headers hardly anything is forbidden
			for i := range len(m.near(p.member.Schema)) + len(odd) {
				all = append(all, single{op, func(m *maker, a *madeUp) {
					m.set(a, p, append(m.near(p.member.Schema), odd...)[i])
				}})
			}
			for range 10 {
				all = append(all, single{op, func(m *maker, a *madeUp) {
					m.set(a, p, m.goodText(p.member, m.examples(p)))
				}})
			}
		}
		if op.body == nil {
			continue
		}
		for _, path := range leaves(op.body[op.media[0]]) {
			for i := range len(m.candidates(path.member)) {
				all = append(all, single{op, func(m *maker, a *madeUp) {
					if object, ok := m.value.(map[string]any); ok {
						put(object, path.names, m.candidates(path.member)[i])
					}
				}})
			}
		}
	}
	return all
}

// leaf is a member of a body, or of one of its objects.
type leaf struct {
	names  []string
	member *member
}

func leaves(s *member) (all []leaf) {
	for _, name := range slices.Sorted(maps.Keys(s.members)) {
		all = append(all, leaf{[]string{name}, s.members[name]})
		for _, inner := range leaves(s.members[name]) {
			all = append(all, leaf{slices.Concat([]string{name}, inner.names), inner.member})
		}
	}
	return all
}

// put sets a member, with the objects on the way.
func put(object map[string]any, names []string, v any) {
	for _, name := range names[:len(names)-1] {
		nested, ok := object[name].(map[string]any)
		if !ok {
			nested = map[string]any{}
			object[name] = nested
		}
		object = nested
	}
	object[names[len(names)-1]] = v
}

// candidates are all values to try in the place of a member.
func (m *maker) candidates(s *member) (all []any) {
	one := s.one()
	for _, v := range values {
		all = append(all, v)
	}
	for _, bound := range []*float64{one.Minimum, one.Maximum} {
		for _, by := range []float64{-1, -0.000001, 0, 0.000001, 1} {
			if bound != nil {
				all = append(all, json.Number(strconv.FormatFloat(*bound+by, 'f', -1, 64)))
			}
		}
	}
	for _, text := range append(m.near(one), odd...) {
		all = append(all, strings.ToValidUTF8(text, "\ufffd"))
	}
	return all
}

func (m *maker) repeatParameter(a *madeUp) {
	if len(m.pairs) > 0 {
		again := pick(m, m.pairs)
		if m.IntN(2) == 0 && !again.raw {
			again.value = pick(m, odd)
		}
		m.pairs = append(m.pairs, again)
	}
}

func (m *maker) dropParameter(a *madeUp) {
	if len(m.pairs) > 0 {
		i := m.IntN(len(m.pairs))
		m.pairs = slices.Delete(m.pairs, i, i+1)
	}
}

// addParameter adds one of another operation, or of none.
func (m *maker) addParameter(a *madeUp) {
	other := pick(m, m.d.operations)
	if query := other.in("query"); len(query) > 0 {
		p := pick(m, query)
		m.pairs = append(m.pairs, pair{name: p.Name, value: m.goodText(p.member, m.examples(p))})
		return
	}
	m.pairs = append(m.pairs, pair{name: pick(m, unknown), value: pick(m, odd)})
}

// spoilQuery writes it strangely.
func (m *maker) spoilQuery(a *madeUp) {
	m.pairs = append(m.pairs, pair{raw: true, value: pick(m, []string{
		"", "&", "&&=&", "=", "x", "=x", "a;b", ";", "x=%", "x=%zz", "%zz=x", "x=%u1234", "x=1?y=2", "x=a=b", "q", "city", "lat=", "%63ity=Oslo", "x=ü", "limit=%31", "page=%2B1", "per_page=1+", "units=metric%00", "x=" + strings.Repeat("%41", 2000),
	})})
	if m.IntN(2) == 0 {
		m.Shuffle(len(m.pairs), func(i, j int) { m.pairs[i], m.pairs[j] = m.pairs[j], m.pairs[i] })
	}
}

// spoilMember puts something else in the place of one member of the body.
func (m *maker) spoilMember(a *madeUp) {
	object, ok := m.value.(map[string]any)
	if !ok {
		return
	}
	at := pick(m, leaves(a.op.body[a.op.media[0]]))
	switch m.IntN(8) {
	case 0:
		delete(object, at.names[0])
	case 1:
		put(object, at.names, nil)
	case 2:
		unknown := pick(m, []string{"id", "github", "activity", "weather", "nick", "", "Name", "a/b~c", "\u0000", "__proto__", strings.Repeat("x", 300)})
		put(object, append(slices.Clone(at.names[:len(at.names)-1]), unknown), pick(m, values))
	default:
		put(object, at.names, pick(m, m.candidates(at.member)))
	}
}

// values are of every type.
var values = []json.RawMessage{
	[]byte(`null`), []byte(`true`), []byte(`false`), []byte(`0`), []byte(`-1`), []byte(`1.5`), []byte(`1e400`), []byte(`90.0000001`), []byte(`123456789012345678901234567890`),
	[]byte(`""`), []byte(`"text"`), []byte(`"5"`), []byte(`[]`), []byte(`["a"]`), []byte(`{}`), []byte(`{"name":"x"}`), []byte(`[[[[[[[[]]]]]]]]`),
}

// spoilText does to the body's text what no schema speaks of.
func (m *maker) spoilText(a *madeUp) {
	if a.op.body == nil {
		return
	}
	if m.value != nil {
		a.body, m.value = encoded(m.value), nil
	}
	member := func(text string) []byte { // as the first one
		return append([]byte("{"+text), bytes.TrimPrefix(bytes.TrimPrefix(a.body, []byte("{")), []byte("}"))...)
	}
	deep := m.IntN(40)
	a.body = pick(m, []func() []byte{
		func() []byte { return nil },
		func() []byte {
			return []byte(pick(m, []string{" ", "null", "true", "1", `"text"`, "[]", "[{}]", "{", "}", "{]", `{"name"}`, `{'name':'x'}`, `{name:1}`, "NaN", "name=x", "<name/>", "\x00", "{}", "{}{}"}))
		},
		func() []byte { return a.body[:m.IntN(len(a.body)+1)] },
		func() []byte {
			return append(slices.Clone(a.body), pick(m, []string{"x", ",", "{}", "\x00", " \r\n\t", "//"})...)
		},
		func() []byte { return append([]byte(pick(m, []string{" \r\n\t", "\ufeff", "\v", "/**/"})), a.body...) },
		func() []byte { return member(`"name":"a","name":"b",`) },
		func() []byte { return member(`"address":{"city":"a","city":"a"},`) },
		func() []byte { return member(`"n\u0061me":"a",`) },
		func() []byte { return member(`"phone":"\ud800",`) },
		func() []byte { return member(`"phone":"` + "\xff" + `",`) },
		func() []byte { return member(`"phone":"\u0000\u202e\u2028",`) },
		func() []byte { return member(`"phone":"` + "\x01" + `",`) },
		func() []byte { return member(`"x":` + strings.Repeat("[", deep) + strings.Repeat("]", deep) + `,`) },
		func() []byte {
			return member(`"x":` + strings.Repeat(`{"x":`, deep) + "1" + strings.Repeat("}", deep) + `,`)
		},
		func() []byte { return member(`"x":` + strings.Repeat("[", 20_000) + strings.Repeat("]", 20_000) + `,`) },
		func() []byte { return member(`"website":"` + strings.Repeat("a", 100_000) + `",`) },
		func() []byte { return bytes.ReplaceAll(a.body, []byte(`":`), []byte("\" :\n\t")) },
		func() []byte { return bytes.ReplaceAll(a.body, []byte(`e`), []byte(`\u0065`)) },
	})()
}

func (m *maker) spoilContentType(a *madeUp) {
	a.header["Content-Type"] = pick(m, [][]string{
		nil, {""}, {"text/plain"}, {"application/xml"}, {"application/x-www-form-urlencoded"}, {"application/json; charset=iso-8859-1"}, {"application/json; charset=utf8"}, {"application/json; charset=utf-16"},
		{"application/json;charset"}, {"application/json; charset=utf-8; charset=utf-8"}, {"Application/JSON"}, {"application/merge-patch+json"}, {"application/json-patch+json"}, {"application/*"}, {"*/*"}, {"application/json,text/plain"},
		{"json"}, {"application/json", "text/plain"}, {"application/json/"}, {"\xff"}, {"application/vnd.api+json"},
	})
}

func (m *maker) spoilCredentials(a *madeUp) {
	a.header.Del("X-Api-Key")
	a.header.Del("Authorization")
	key := pick(m, slices.Sorted(maps.Keys(m.who.keys)))
	switch m.IntN(6) {
	case 0: // none
	case 1, 2:
		m.show(a, key)
	case 3:
		a.header["X-Api-Key"] = pick(m, [][]string{{""}, {"wrong"}, {key, key}, {key, "x"}, {strings.ToUpper(key)}, {key + "\xff"}, {"a.b.c"}, {strings.Repeat("k", 5000)}})
	case 4:
		a.header["Authorization"] = pick(m, [][]string{{""}, {"Bearer"}, {"Bearer wrong"}, {"Basic ZGVtbzpkZW1v"}, {key}, {"Bearer " + key, "Bearer " + key}, {"Token " + key}, {"Bearer a.b.c"}, {"Bearer e30.e30."}})
	case 5:
		a.header.Set("X-Api-Key", key)
		a.header.Set("Authorization", "Bearer "+pick(m, slices.Sorted(maps.Keys(m.who.keys)))+pick(m, []string{"", "x"}))
	}
}

// spoilMethod takes one that the path may not have.
func (m *maker) spoilMethod(a *madeUp) {
	a.method = pick(m, []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "QUERY", "get", "FOO", "M-SEARCH"})
	if a.method == http.MethodOptions && m.IntN(2) == 0 {
		a.header.Set("Origin", "https://example.com")
		a.header.Set("Access-Control-Request-Method", pick(m, []string{"GET", "PUT", "FOO"}))
	}
}

func (m *maker) spoilAccept(a *madeUp) {
	a.header["Accept"] = pick(m, [][]string{
		{"text/html"}, {"text/*"}, {"application/xml, text/plain;q=0.9"}, {"*/*;q=0"}, {"application/json;q=0"}, {"application/json;q=0, */*"}, {"application/*;q=0, */*;q=0.1"}, {"application/json;q=0.000"},
		{"*/*, application/json;q=0"}, {"application/problem+json"}, {"application/yaml"}, {"json"}, {"application/json;q=x"}, {"application/json;q=2"}, {"application/json;version=1"}, {",,,"}, {"application/json;"}, {"text/html;q=1", "application/json;q=0.5"}, {"\xff/\xff"},
	})
}

// spoilPath leads somewhere else.
func (m *maker) spoilPath(a *madeUp) {
	a.path = pick(m, []string{
		a.path + "/", a.path + "/x", "/" + a.path, strings.ToUpper(a.path), a.path + "%20", a.path + ";x=y", "/v2" + a.path, "/v1", "/v1/", "/%2e%2e" + a.path, a.path + "%00", "/nothing", "/" + url.PathEscape(pick(m, []string{"🙂", "\xff", "a b", "%"})), "/robots.txt", "/v1/users//", "/problems/", "/docs/",
	})
}

// spoilKey sends an Idempotency-Key that may be wrong, or may not belong there.
func (m *maker) spoilKey(a *madeUp) {
	own := fmt.Sprintf("%d", m.n)
	a.header["Idempotency-Key"] = pick(m, [][]string{
		{""}, {`""`}, {`"`}, {" "}, {`"unclosed ` + own}, {own + `"`}, {`"` + own + `\"`}, {`a"b` + own}, {own, own}, {"\xc3\xa9" + own}, {`"` + own + `";a=b`}, {strings.Repeat("k", 255-len(own)) + own}, {strings.Repeat("k", 256-len(own)) + own},
		{`"` + strings.Repeat("k", 255-len(own)) + own + `"`}, {`"` + strings.Repeat("k", 256-len(own)) + own + `"`}, {own + " with blanks"},
	})
}

// addBody sends one where there may be no use for it, or one too large.
func (m *maker) addBody(a *madeUp) {
	m.value = nil
	a.chunks = m.IntN(3) == 0
	switch m.IntN(12) {
	case 0:
		a.body = bytes.Repeat([]byte(" "), 1<<20+pick(m, []int{0, 1, 4000}))
		a.chunks = a.chunks && a.op.body != nil
	case 1:
		a.body = []byte("\xff\x00")
	default:
		a.body = []byte(`{"name":"Ada"}`)
	}
}

func (m *maker) addHeader(a *madeUp) {
	header := pick(m, harmless)
	a.header.Set(header[0], header[1])
	for _, v := range variations {
		if m.IntN(6) == 0 {
			a.header.Set(v.header, pick(m, v.values))
		}
	}
}
