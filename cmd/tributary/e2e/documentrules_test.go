package e2e_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// With what openapi.yaml lets a request be answered. Most of it is read from
// the document; what it says in words, and no schema can say, is here once
// more, in words.

// verdict is what the document thinks of one input.
type verdict int

const (
	forbidden verdict = iota
	unclear           // its words can be read either way
	allowed
)

// must is allowed or forbidden.
func must(ok bool) verdict {
	if ok {
		return allowed
	}
	return forbidden
}

// value is the verdict on a parameter's one value, in the path or the query.
func (p parameter) value(raw string) verdict {
	if !utf8.ValidString(raw) {
		return forbidden
	}
	var v any = raw
	switch p.Type[0] {
	case "boolean":
		if raw != "true" && raw != "false" {
			return forbidden
		}
		v = raw == "true"
	case "integer":
		if !wholeNumber.MatchString(raw) {
			return forbidden
		}
		v = json.Number(withoutZeros(raw))
	case "number":
		if !plainDecimal.MatchString(raw) {
			return forbidden
		}
		f, _ := strconv.ParseFloat(raw, 64) // digits, by the expression
		v = f
	}
	if p.valid(v) != nil {
		return forbidden
	}
	switch {
	case p.Name == "city" || p.Name == "q":
		return nameInWords(raw)
	case p.Name == "country":
		return countryInWords(raw)
	case p.Name == "place":
		return placeInWords(raw)
	}
	return allowed
}

var (
	wholeNumber  = regexp.MustCompile(`^[0-9]+$`)                                // "a whole number without a plus"
	plainDecimal = regexp.MustCompile(`^-?[0-9]{1,20}(\.[0-9]{1,20})?$`)         // of lat and lon
	keyInWords   = regexp.MustCompile(`^([ !#-\[\]-~]+|"[ !#-\[\]-~]{1,255}")$`) // "printable ASCII, without quotes or backslashes"; bare is let pass
	idInWords    = regexp.MustCompile(`^[A-Za-z0-9._~:/+=-]{1,128}$`)            // of X-Request-Id
)

func withoutZeros(digits string) string {
	if digits = strings.TrimLeft(digits, "0"); digits == "" {
		return "0"
	}
	return digits
}

// nameInWords: "not all of them white space, none of them a control character".
// The byte order mark is white space to JavaScript and to nobody else.
func nameInWords(s string) verdict {
	switch {
	case strings.ContainsFunc(s, unicode.IsControl) || strings.TrimSpace(s) == "":
		return forbidden
	case strings.Trim(strings.TrimSpace(s), "\ufeff") == "":
		return unclear
	}
	return allowed
}

// countryInWords: "ISO 3166-1 alpha-2". The whole list is the gateway's.
func countryInWords(s string) verdict {
	switch code := strings.ToUpper(s); {
	case slices.Contains([]string{"IN", "US", "GB", "DE", "FR", "JP", "XK"}, code):
		return allowed
	case slices.Contains([]string{"AA", "UK", "EU", "UN", "XX", "ZZ"}, code):
		return forbidden
	}
	return unclear
}

// placeInWords: "LAT,LON, each written like lat", of which the schema has the form only.
func placeInWords(s string) verdict {
	lat, lon, _ := strings.Cut(s, ",")
	north, _ := strconv.ParseFloat(lat, 64) // digits, by the schema
	east, _ := strconv.ParseFloat(lon, 64)
	return must(north >= -90 && north <= 90 && east >= -180 && east <= 180)
}

// text is the verdict on a text in a body, of which the schema is known to
// approve: "printable characters, as in all texts here, and not all blank".
func text(member, s string) verdict {
	if nameInWords(s) == forbidden || strings.ContainsFunc(s, func(r rune) bool { return unicode.In(r, unicode.Zl, unicode.Zp) }) {
		return forbidden
	}
	form, ok := formsInWords[member]
	switch {
	case ok && form.no.MatchString(s):
		return forbidden
	case ok && !form.yes.MatchString(s):
		return unclear
	case strings.ContainsFunc(s, func(r rune) bool { return r == utf8.RuneError || !unicode.IsPrint(r) && !unicode.IsSpace(r) }):
		return unclear // what is printable?
	}
	return allowed
}

// formsInWords are texts of which the document wants a form that it does not
// define; yes are those that anybody would take, no those that nobody would.
var formsInWords = map[string]struct{ yes, no *regexp.Regexp }{
	"username": {regexp.MustCompile(`^[\p{L}\p{Nd}._\[\]-]+$`), regexp.MustCompile(`[^\p{L}\p{N}\p{M}._\[\]-]`)},
	"email":    {regexp.MustCompile(`^[a-z0-9]{1,64}@[a-z]{1,60}(\.[a-z]{1,60}){1,5}$`), regexp.MustCompile(`^[^@]*$|\s|^@|@$`)},
	"website":  {regexp.MustCompile(`^(https?://)?[a-z]{1,60}(\.[a-z]{1,60}){1,3}(/[a-z0-9/]*)?$`), regexp.MustCompile(`\s|^(ftp|file|javascript)://|^[^.]*$`)},
}

// madeUp is a request that was made up.
type madeUp struct {
	op     *operation // which was had in mind
	method string
	path   string // escaped
	query  string // raw
	header http.Header
	body   []byte
	chunks bool // its length is not told
}

// String is the request for people who want to repeat it.
func (a *madeUp) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s", a.method, a.path)
	if a.query != "" {
		b.WriteString("?" + a.query)
	}
	for _, name := range slices.Sorted(maps.Keys(a.header)) {
		for _, v := range a.header[name] {
			fmt.Fprintf(&b, "\n  %s: %q", name, v)
		}
	}
	if len(a.body) > 0 {
		fmt.Fprintf(&b, "\n  %d bytes: %.1000q", len(a.body), a.body)
	}
	return b.String()
}

// expectation is how the document lets a request be answered.
type expectation struct {
	op      *operation     // which the request is for; nil: there is none
	methods []string       // of its path
	must    map[int]string // statuses for which there are reasons; if there is one, success is out of the question
	may     map[int]string // statuses for which there may be
	blamed  []string       // parameters and pointers that the answer has to name, if it names any
}

func (e *expectation) refuse(status int, format string, args ...any) {
	e.must[status] = fmt.Sprintf(format, args...)
}

// denied reports whether the caller may not do this, and is to learn nothing
// else.
func (e *expectation) denied() bool {
	return e.must[http.StatusUnauthorized] != "" || e.must[http.StatusForbidden] != ""
}

// weigh refuses what is forbidden, and lets be refused what is unclear.
func (e *expectation) weigh(v verdict, status int, format string, args ...any) {
	switch v {
	case forbidden:
		e.refuse(status, format, args...)
	case unclear:
		e.may[status] = fmt.Sprintf(format, args...)
	}
}

// access is who may do what, which is for the operator to say: the scopes of
// API keys, and those of everybody.
type access struct {
	keys      map[string][]string
	anonymous []string
}

// withoutSlash is the path of a page that is the same with a slash at its end.
func withoutSlash(path string) string {
	if path == "/docs/" || path == "/problems/" {
		return strings.TrimSuffix(path, "/")
	}
	return path
}

// expect is the document's word on a request. Of several mistakes it does not
// say which is told first.
func (d *document) expect(a *madeUp, who access) *expectation {
	e := &expectation{must: map[int]string{}, may: map[int]string{}}
	if len(a.body) > 1<<20 {
		if a.chunks {
			e.may[http.StatusRequestEntityTooLarge] = "the body has more than 1 MiB"
		} else {
			e.refuse(http.StatusRequestEntityTooLarge, "the body has more than 1 MiB")
		}
	}
	path := withoutSlash(a.path)
	for _, o := range d.operations {
		if !matches(o.path, path) {
			continue
		}
		if e.methods = append(e.methods, o.method); o.method == http.MethodGet {
			e.methods = append(e.methods, http.MethodHead)
		}
		if o.method == a.method || o.method == http.MethodGet && a.method == http.MethodHead {
			e.op = o
		}
	}
	switch {
	case a.method == http.MethodOptions: // which the document has in words only
		if a.header.Get("Access-Control-Request-Method") != "" {
			e.may[http.StatusNoContent] = "what a page may do is for the operator to say"
		}
		if e.methods == nil {
			e.may[http.StatusNotFound] = "no such path"
		} else {
			e.may[http.StatusNoContent] = "OPTIONS"
		}
		return e
	case e.methods == nil:
		e.refuse(http.StatusNotFound, "no such path")
		return e
	case e.op == nil:
		e.refuse(http.StatusMethodNotAllowed, "no such method")
		return e
	}
	e.expectAccess(a, who)
	if e.op.declares(http.StatusNotAcceptable) {
		e.weigh(acceptable(a.header["Accept"], e.op.offers()), http.StatusNotAcceptable, "Accept")
	}
	e.expectParameters(a)
	if e.op.body != nil {
		e.expectBody(a)
	}
	if e.op.takes("If-Match") && len(a.header["If-Match"])+len(a.header["If-None-Match"]) > 0 {
		e.may[http.StatusPreconditionFailed] = "the user may have another tag"
	}
	if len(e.must) == 0 && e.op.declares(http.StatusNotFound) && (len(e.op.in("path")) > 0 || e.op.method == http.MethodGet) {
		e.may[http.StatusNotFound] = "it may not exist" // which nobody can know beforehand
	}
	return e
}

// matches reports whether a path, escaped, is one of a template.
func matches(template, path string) bool {
	fixed, _, variable := strings.Cut(template, "{")
	segment, begins := strings.CutPrefix(path, fixed)
	return path == template || variable && begins && segment != "" && !strings.Contains(segment, "/")
}

// expectAccess: "wrong credentials are a 401 even where none are needed".
func (e *expectation) expectAccess(a *madeUp, who access) {
	if !e.op.secured {
		return
	}
	sent := slices.Clone(a.header["X-Api-Key"])
	for _, v := range a.header["Authorization"] {
		scheme, key, _ := strings.Cut(v, " ")
		if !strings.EqualFold(scheme, "Bearer") {
			key = ""
		}
		sent = append(sent, strings.TrimSpace(key))
	}
	scopes := who.anonymous
	if len(sent) > 0 {
		own, known := who.keys[sent[0]]
		if scopes = slices.Concat(own, who.anonymous); !known || len(slices.Compact(slices.Clone(sent))) > 1 || len(a.header["X-Api-Key"]) > 1 || len(a.header["Authorization"]) > 1 {
			e.refuse(http.StatusUnauthorized, "credentials that are no good")
			return
		}
	}
	switch {
	case e.op.scope == "" || slices.Contains(scopes, e.op.scope):
	case len(sent) == 0:
		e.refuse(http.StatusUnauthorized, "no credentials, where %s is needed", e.op.scope)
	default:
		e.refuse(http.StatusForbidden, "the key lacks %s", e.op.scope)
	}
}

// acceptable is the verdict on Accept, by RFC 9110. It stays out of what is
// malformed, and of parameters other than q.
func acceptable(accept []string, offers []string) verdict {
	list := strings.Join(accept, ",")
	if strings.Trim(list, " ,") == "" {
		return allowed // an empty list is none (RFC 9110 §5.6.1)
	}
	best, specific := map[string]float64{}, map[string]int{}
	for part := range strings.SplitSeq(list, ",") {
		m := mediaRange.FindStringSubmatch(part)
		if m == nil {
			return unclear
		}
		q := 1.0
		if m[2] != "" {
			q, _ = strconv.ParseFloat(m[2], 64) // by the expression
		}
		for _, offer := range offers {
			group, _, _ := strings.Cut(offer, "/")
			rank := slices.Index([]string{"*/*", group + "/*", offer}, strings.ToLower(m[1])) + 1
			if rank == specific[offer] && rank > 0 && q != best[offer] {
				return unclear // said twice
			}
			if rank > specific[offer] {
				best[offer], specific[offer] = q, rank
			}
		}
	}
	return must(slices.ContainsFunc(offers, func(offer string) bool { return best[offer] > 0 }))
}

var mediaRange = regexp.MustCompile(`^\s*([A-Za-z0-9*+.-]+/[A-Za-z0-9*+.-]+)\s*(?:;\s*q=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?))?\s*$`)

// expectParameters: "one that is listed may be given once", and all mistakes
// are told at once.
func (e *expectation) expectParameters(a *madeUp) {
	for _, p := range e.op.in("path") {
		fixed, _, _ := strings.Cut(e.op.path, "{")
		raw, _ := url.PathUnescape(strings.TrimPrefix(a.path, fixed))
		v := p.value(raw)
		if p.Type[0] == "string" { // any name will do for what does not exist
			e.may[http.StatusNotFound] = "there may be no such " + p.Name
			continue
		}
		e.weigh(v, http.StatusBadRequest, "%s in the path", p.Name)
		if v == forbidden && e.op.method == http.MethodGet {
			e.blamed = append(e.blamed, p.Name)
		}
	}
	for _, p := range e.op.in("header") {
		given := a.header.Values(p.Name)
		if p.Name == "Idempotency-Key" && len(given) > 0 {
			key := strings.Trim(given[0], " \t")
			e.weigh(must(len(given) == 1 && p.valid(key) == nil && keyInWords.MatchString(key) && len(strings.Trim(key, `"`)) <= 255), http.StatusBadRequest, "%s", p.Name)
		}
	}
	parameters := e.op.in("query")
	if len(parameters) == 0 {
		return
	}
	values, err := url.ParseQuery(a.query)
	if err != nil {
		e.refuse(http.StatusBadRequest, "the query cannot be read")
		e.blamed = nil // "as a whole": of the rest nothing is said
		return
	}
	for _, p := range parameters {
		given := values[p.Name]
		if p.list {
			e.expectList(p, given)
			continue
		}
		v := allowed
		switch len(given) {
		case 0:
			v = must(p.Required == nil || !*p.Required)
		case 1:
			v = p.value(given[0])
		default:
			v = forbidden
		}
		e.weigh(v, http.StatusBadRequest, "%s in the query", p.Name)
		if v == forbidden {
			e.blamed = append(e.blamed, p.Name)
		}
	}
	if together, ok := togetherInWords[e.op.OperationId]; ok {
		e.weigh(must(together(values)), http.StatusBadRequest, "parameters that do not go together")
	}
}

// expectList: "up to 50 are answered at once", and an error names the entry.
func (e *expectation) expectList(p parameter, given []string) {
	if len(given) > 50 {
		e.refuse(http.StatusBadRequest, "%s in the query, %d times", p.Name, len(given))
		e.blamed = append(e.blamed, p.Name)
		return
	}
	for i, raw := range given {
		v := p.value(raw)
		e.weigh(v, http.StatusBadRequest, "%s[%d] in the query", p.Name, i)
		if v == forbidden {
			e.blamed = append(e.blamed, fmt.Sprintf("%s[%d]", p.Name, i))
		}
	}
}

// togetherInWords are rules for parameters that go together or do not, by
// operation.
var togetherInWords = map[string]func(url.Values) bool{
	// "Give exactly one of city, or lat and lon together"; country "only
	// together with city".
	"getWeather":    onePlace,
	"getForecast":   onePlace,
	"getAirQuality": onePlace,
	// "include is refused here".
	"listUsers": func(q url.Values) bool { return !q.Has("include") && (!q.Has("id") || isBatch(q)) },
}

func onePlace(q url.Values) bool {
	if q.Has("place") {
		return isBatch(q)
	}
	return q.Has("city") != q.Has("lat") && q.Has("lat") == q.Has("lon") && (q.Has("city") || !q.Has("country"))
}

// isBatch: "a batch beside parameters for one place or a page is a 400".
func isBatch(q url.Values) bool {
	return !slices.ContainsFunc([]string{"city", "lat", "lon", "country", "page", "per_page", "q", "include"}, q.Has)
}

// expectBody: what is no JSON is a 400, JSON that is no object or breaks a rule
// a 422, and what is not said to be JSON in UTF-8 a 415.
func (e *expectation) expectBody(a *madeUp) {
	schema := e.op.body[e.op.media[0]]
	mediaType, parameters, err := mime.ParseMediaType(a.header.Get("Content-Type"))
	charset := parameters["charset"]
	switch known := e.op.body[mediaType]; {
	case err != nil || known == nil || charset != "" && !strings.EqualFold(charset, "utf-8"):
		e.refuse(http.StatusUnsupportedMediaType, "Content-Type %q", a.header.Get("Content-Type"))
	case len(a.header["Content-Type"]) > 1:
		e.may[http.StatusUnsupportedMediaType] = "several Content-Types"
		fallthrough
	default:
		schema = known
	}
	if len(a.header["Idempotency-Key"]) > 0 {
		e.may[http.StatusUnprocessableEntity] = "the key may have come before"
		e.may[http.StatusConflict] = "the key may be in use"
	}
	if !utf8.Valid(a.body) || !json.Valid(a.body) {
		e.refuse(http.StatusBadRequest, "the body is not JSON")
		return
	}
	if !bytes.HasPrefix(bytes.TrimLeft(a.body, " \t\r\n"), []byte("{")) {
		e.refuse(http.StatusUnprocessableEntity, "the body is not an object")
		return
	}
	twice, depth := shape(a.body)
	if twice || depth > 8 {
		e.refuse(http.StatusBadRequest, "two members of one name, or too deep")
	}
	var v map[string]any
	decoder := json.NewDecoder(bytes.NewReader(a.body))
	decoder.UseNumber()
	if err := decoder.Decode(&v); err != nil {
		e.refuse(http.StatusBadRequest, "the body cannot be read: %v", err)
		return
	}
	if err := schema.valid(v); err != nil {
		e.refuse(http.StatusUnprocessableEntity, "the body breaks its schema")
	}
	e.expectMembers("", schema, v)
}

// expectMembers looks for the members that are to blame.
func (e *expectation) expectMembers(pointer string, object *member, members map[string]any) {
	for name, v := range members {
		at := pointer + "/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(name)
		schema, ok := object.members[name]
		nested, isObject := v.(map[string]any)
		s, isText := v.(string)
		switch {
		case !ok:
			e.refuse(http.StatusUnprocessableEntity, "there is no member %s", at)
			e.blamed = append(e.blamed, at)
		case isObject && len(schema.members) > 0:
			e.expectMembers(at, schema, nested)
		case v == nil && name != "name", v == nil && pointer != "":
			// null is everywhere allowed, but in pairs
		case schema.valid(v) != nil:
			e.refuse(http.StatusUnprocessableEntity, "%s breaks its schema", at)
			e.blamed = append(e.blamed, at)
		case isText:
			verdict := text(name, s)
			e.weigh(verdict, http.StatusUnprocessableEntity, "%s is %q", at, s)
			if verdict == forbidden {
				e.blamed = append(e.blamed, at)
			}
		}
	}
}

// shape is whether an object in a JSON text has two members of one name, and
// how deep the text nests.
func shape(body []byte) (twice bool, deepest int) {
	type level struct {
		names  map[string]bool // nil: an array
		inName bool
	}
	var levels []level
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	for {
		token, err := decoder.Token()
		if err != nil {
			return twice, deepest
		}
		if top := len(levels) - 1; token == json.Delim('}') || token == json.Delim(']') {
			levels = levels[:top]
			continue
		} else if top >= 0 && levels[top].names != nil {
			if levels[top].inName = !levels[top].inName; levels[top].inName {
				name, _ := token.(string)
				twice = twice || levels[top].names[name]
				levels[top].names[name] = true
				continue
			}
		}
		switch token {
		case json.Delim('{'):
			levels = append(levels, level{names: map[string]bool{}})
		case json.Delim('['):
			levels = append(levels, level{})
		}
		deepest = max(deepest, len(levels))
	}
}

// TestExpectations is about the test's own judge: what it lets through, the
// requests would be let through with.
func TestExpectations(t *testing.T) {
	d, err := readDocument()
	if err != nil {
		t.Fatal(err)
	}
	const valid = `{"name":"Ada"}`
	for _, c := range []struct {
		method, path, query, body string
		header                    http.Header
		must                      []int
	}{
		{"GET", "/v1/weather", "city=Delhi", "", nil, nil},
		{"GET", "/v1/weather", "city=%20", "", nil, []int{400}},
		{"GET", "/v1/weather", "lat=1e1&lon=0", "", nil, []int{400}},
		{"GET", "/v1/weather", "lat=1", "", nil, []int{400}},
		{"GET", "/v1/weather", "city=a;b", "", nil, []int{400}},
		{"HEAD", "/v1/users", "page=2147483648", "", nil, []int{400}},
		{"GET", "/v1/users", "page=2147483647&x=1&x=2", "", nil, nil},
		{"GET", "/v1/users/9007199254740992", "", "", nil, []int{400}},
		{"GET", "/v1/status", "x=%", "", http.Header{"X-Api-Key": {"wrong"}}, []int{401}},
		{"GET", "/livez", "", "", http.Header{"X-Api-Key": {"wrong"}}, nil},
		{"GET", "/v1/users/", "", "", nil, []int{404}},
		{"PUT", "/v1/users", "", "", nil, []int{405}},
		{"GET", "/", "", "", http.Header{"Accept": {"image/*"}}, []int{406}},
		{"POST", "/v1/users", "", valid, nil, []int{401, 415}},
		{"POST", "/v1/users", "", valid, http.Header{"X-Api-Key": {"reader-key"}, "Content-Type": {"application/json"}}, []int{403}},
		{"POST", "/v1/users", "", valid, http.Header{"X-Api-Key": {demoKey}, "Content-Type": {"application/json"}}, nil},
		{"POST", "/v1/users", "", `{"name":"a","name":"b"}`, http.Header{"X-Api-Key": {demoKey}, "Content-Type": {"application/json"}}, []int{400}},
		{"POST", "/v1/users", "", `[]`, http.Header{"X-Api-Key": {demoKey}, "Content-Type": {"application/json"}}, []int{422}},
		{"POST", "/v1/users", "", `[`, http.Header{"X-Api-Key": {demoKey}, "Content-Type": {"application/json"}}, []int{400}},
		{"POST", "/v1/users", "", `{"name":"\u0000"}`, http.Header{"X-Api-Key": {demoKey}, "Content-Type": {"application/json"}}, []int{422}},
		{"POST", "/v1/users", "", `{"name":"a","company":{"nick":1}}`, http.Header{"X-Api-Key": {demoKey}, "Content-Type": {"application/json"}}, []int{422}},
	} {
		a := &madeUp{method: c.method, path: c.path, query: c.query, body: []byte(c.body), header: c.header}
		e := d.expect(a, access{keys: fuzzKeys, anonymous: []string{"weather:read", "users:read"}})
		if got := slices.Sorted(maps.Keys(e.must)); !slices.Equal(got, c.must) {
			t.Errorf("%s: must be refused with %v %v, want %v", a, got, e.must, c.must)
		}
	}
}
