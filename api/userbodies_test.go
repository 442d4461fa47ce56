package api_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// whole is a user with all writable members.
const whole = `{"name":"Grace Hopper","username":"grace","email":"grace@example.com","phone":"+1 555 0100","website":"https://example.com/~grace",
	"address":{"street":"Fleet Street 1","suite":"Apt. 2","city":"Arlington","postal_code":"22201","latitude":38.88,"longitude":-77.07},"company":{"name":"Navy"}}`

// sameJSON reports whether two texts encode the same value.
func sameJSON(t *testing.T, a, b []byte) bool {
	t.Helper()
	var x, y any
	if err := json.Unmarshal(a, &x); err != nil {
		t.Fatalf("%v in %s", err, a)
	}
	if err := json.Unmarshal(b, &y); err != nil {
		t.Fatalf("%v in %s", err, b)
	}
	return string(mustJSON(t, x)) == string(mustJSON(t, y))
}

// data returns the data member as sent.
func (a *answer) data() []byte {
	a.t.Helper()
	return decode[struct{ Data json.RawMessage }](a).Data
}

func TestCreateUser(t *testing.T) {
	g := populated(t)
	a := g.call("POST", "/v1/users", whole)
	a.wantStatus(http.StatusCreated)
	a.wantHeader("Location", "/v1/users/4")
	a.wantHeader("Cache-Control", "private, no-cache")
	a.wantHeader("ETag", "")
	a.wantHeader("Idempotent-Replayed", "")
	a.wantState("directory", "live", "")
	if want := `{"id":4,` + whole[1:]; !sameJSON(t, a.data(), []byte(want)) {
		t.Errorf("%s: data %s, want %s", a.call, a.data(), want)
	}
	sent := g.directory.Last()
	for name, want := range map[string]string{"Content-Type": "application/json; charset=utf-8", "Accept": "application/json", "X-Api-Key": "", "Authorization": ""} {
		if got := sent.Header.Get(name); got != want {
			t.Errorf("the directory is sent %s: %q, want %q", name, got, want)
		}
	}
	if key := sentKey(sent.Header); key != "" {
		t.Errorf("the directory is sent the key %q, want none of our own", key)
	}
	if b := g.get(a.Header.Get("Location")); !sameJSON(t, a.data(), b.data()) {
		t.Errorf("%s: data %s, want %s", b.call, b.data(), a.data())
	}
	b := g.call("POST", "/v1/users", whole) // without a key it is another write
	b.wantHeader("Location", "/v1/users/5")
}

// nothing is a body with null for every member that may be null.
const nothing = `"username":null,"email":null,"phone":null,"website":null,"company":null,"address":null}`

func TestNullIsNothing(t *testing.T) {
	g := populated(t)
	for _, c := range []struct{ method, path, body, want string }{
		{"POST", "/v1/users", `{"name":"A",` + nothing, `{"id":4,"name":"A"}`},
		{"PUT", one, `{"name":"A",` + nothing, `{"id":1,"name":"A"}`},
		{"PATCH", "/v1/users/2", `{` + nothing, `{"id":2,"name":"Ervin Howell"}`},
		{"POST", "/v1/users", `{"name":"A","company":{"name":null},"address":{"street":null,"suite":null,"city":null,"postal_code":null,"latitude":null,"longitude":null}}`, `{"id":5,"name":"A"}`},
	} {
		if a := g.call(c.method, c.path, c.body); string(a.data()) != c.want {
			t.Errorf("%s %s: %s, want %s", a.call, c.body, a.body, c.want)
		}
	}
}

func TestReplaceUser(t *testing.T) {
	g := populated(t)
	for range 2 { // both answers are equal
		a := g.call("PUT", one, `{"name":"Leanne","email":null,"company":{"name":null}}`)
		a.wantStatus(http.StatusOK)
		a.wantHeader("Location", "")
		a.wantHeader("Cache-Control", "private, no-cache")
		if want := `{"id":1,"name":"Leanne"}`; string(a.data()) != want {
			t.Errorf("%s: data %s, want %s", a.call, a.data(), want)
		}
	}
	if g.directory.users[0]["email"] != nil || g.directory.users[0]["phone"] != nil {
		t.Errorf("the directory has %v, want what was left out gone", g.directory.users[0])
	}
}

func TestPatchUser(t *testing.T) {
	for _, c := range []struct{ name, patch, want string }{
		{"a field", `{"phone":"2"}`, `{"phone":"2"}`},
		{"a field away", `{"phone":null}`, `{"phone":null}`},
		{"a field that is not there away", `{"website":null}`, `{}`},
		{"a field of the address", `{"address":{"city":"Bern"}}`, `{"address":{"city":"Bern","street":"Kulas Light","postal_code":"92998","latitude":28.65,"longitude":77.23}}`},
		{"a field of the address away", `{"address":{"street":null}}`, `{"address":{"city":"Delhi","postal_code":"92998","latitude":28.65,"longitude":77.23}}`},
		{"the coordinates", `{"address":{"latitude":1,"longitude":2}}`, `{"address":{"city":"Delhi","street":"Kulas Light","postal_code":"92998","latitude":1,"longitude":2}}`},
		{"the coordinates away", `{"address":{"latitude":null,"longitude":null}}`, `{"address":{"city":"Delhi","street":"Kulas Light","postal_code":"92998"}}`},
		{"the address away", `{"address":null}`, `{"address":null}`},
		{"the company", `{"company":{"name":"Navy"}}`, `{"company":{"name":"Navy"}}`},
		{"nothing", `{}`, `{}`},
		{"nothing of the address", `{"address":{}}`, `{}`},
	} {
		for _, mediaType := range []string{"application/merge-patch+json", "application/json"} {
			t.Run("it changes "+c.name+" as "+mediaType, func(t *testing.T) {
				g := populated(t)
				var want, patch map[string]any
				if json.Unmarshal(g.get(one).data(), &want) != nil || json.Unmarshal([]byte(c.want), &patch) != nil {
					t.Fatal("not JSON")
				}
				for name, v := range patch {
					if want[name] = v; v == nil {
						delete(want, name)
					}
				}
				a := g.call("PATCH", one, c.patch, "Content-Type", mediaType)
				a.wantStatus(http.StatusOK)
				a.wantHeader("Cache-Control", "private, no-cache")
				if !sameJSON(t, a.data(), mustJSON(t, want)) {
					t.Errorf("%s %s: data %s, want %s", a.call, c.patch, a.data(), mustJSON(t, want))
				}
				if b := g.get(one); !sameJSON(t, b.data(), a.data()) {
					t.Errorf("%s: data %s, want what PATCH said", b.call, b.data())
				}
				if got := mustJSON(t, g.directory.users[0]["company"]); !strings.Contains(string(got), "e-markets") {
					t.Errorf("the directory's company is %s, want what we know nothing of still there", got)
				}
			})
		}
	}
}

func TestDeleteUser(t *testing.T) {
	g := populated(t)
	g.get("/v1/users")
	g.get(everything)
	a := g.call("DELETE", one, "", "Content-Type", "")
	a.wantStatus(http.StatusNoContent)
	a.wantHeader("Cache-Control", "no-store")
	a.wantHeader("Content-Type", "")
	if len(a.body) > 0 || a.Header.Get("Server-Timing") == "" {
		t.Errorf("%s: body %q, Server-Timing %q", a.call, a.body, a.Header.Get("Server-Timing"))
	}
	g.get(one).problem(http.StatusNotFound, "not_found")
	if got := g.get("/v1/users").list().Data; len(got) != 2 {
		t.Errorf("the list has %d users, want 2", len(got))
	}
	g.call("DELETE", one, "").problem(http.StatusNotFound, "not_found")
	g.call("DELETE", "/v1/users/2", "an ignored body", "Content-Type", "text/plain").wantStatus(http.StatusNoContent)
}

func TestWritesAreSeenAtOnce(t *testing.T) {
	it(t, "by one user and by lists", func(t *testing.T) {
		g := populated(t)
		name := func(path string) string { return g.get(path).user(http.StatusOK).Data.Name }
		first := func() string { return g.get("/v1/users?per_page=1").list().Data[0].Name }
		name(one)
		first()
		g.get("/v1/users/4").problem(http.StatusNotFound, "not_found") // and the 404 is cached
		for n, write := range []func(string) *answer{
			func(body string) *answer { return g.call("PATCH", one, body) },
			func(body string) *answer { return g.call("PUT", one, body) },
		} {
			want := "Name " + strconv.Itoa(n)
			write(`{"name":"` + want + `"}`).wantStatus(http.StatusOK)
			if got, listed := name(one), first(); got != want || listed != want {
				t.Errorf("after write %d: %q, listed %q, want %q", n, got, listed, want)
			}
		}
		g.call("POST", "/v1/users", `{"name":"New"}`).wantStatus(http.StatusCreated)
		if got := name("/v1/users/4"); got != "New" {
			t.Errorf("the new user is called %q", got)
		}
		g.get("/v1/users?per_page=1").wantHeader("X-Total-Count", "4")
		g.directory.Now(refuses)
		time.Sleep(time.Hour)
		if got := name(one); got != "Name 1" {
			t.Errorf("an hour later, with the directory down: %q, want what was written", got)
		}
	})
}

func TestWritesOfUnknownUsers(t *testing.T) {
	g := populated(t)
	for _, call := range [][2]string{{"PUT", whole}, {"PATCH", `{"phone":"1"}`}, {"PATCH", `{}`}, {"DELETE", ""}} {
		a := g.call(call[0], "/v1/users/99", call[1])
		if p := a.problem(http.StatusNotFound, "not_found"); p.Outcome != "" || p.RetrySafe != nil {
			t.Errorf("%s: outcome %q, want none: nothing is unclear", a.call, p.Outcome)
		}
		a.wantHeader("Cache-Control", "max-age=30")
	}
}

func TestBodiesThatBreakRules(t *testing.T) {
	g := populated(t)
	mistakes := func(a *answer) (got []string) {
		t.Helper()
		for _, e := range a.problem(http.StatusUnprocessableEntity, "invalid_fields").Errors {
			got = append(got, e.Pointer+" "+e.Detail)
		}
		return got
	}
	long := func(n int) string { return strings.Repeat("ü", n) }
	for _, c := range []struct {
		name, body string
		whole      []string // for POST and PUT
		patch      []string
	}{
		{"no name", `{}`, []string{"/name is required"}, nil},
		{"a null for a name", `{"name":null}`, []string{"/name is required"}, []string{"/name cannot be removed"}},
		{"an empty name", `{"name":""}`, []string{"/name must have 1 to 200 characters"}, []string{"/name must have 1 to 200 characters"}},
		{"a blank name", `{"name":"  "}`, []string{"/name must not be blank"}, []string{"/name must not be blank"}},
		{"a name of 201 characters", `{"name":"` + long(201) + `"}`, []string{"/name must have 1 to 200 characters"}, []string{"/name must have 1 to 200 characters"}},
		{"a number for a name", `{"name":1}`, []string{"/name must be a string"}, []string{"/name must be a string"}},
		{"a name with a line break", `{"name":"a\nb"}`, []string{"/name must have printable characters only"}, []string{"/name must have printable characters only"}},
		{"half a place", `{"name":"a","address":{"latitude":1}}`, []string{"/address/longitude goes together with the other coordinate"}, []string{"/address/longitude goes together with the other coordinate"}},
		{"text for a coordinate", `{"name":"a","address":{"latitude":"1","longitude":1}}`, []string{"/address/latitude must be a number"}, []string{"/address/latitude must be a number"}},
		{"a place beyond the pole", `{"name":"a","address":{"latitude":90.1,"longitude":1}}`, []string{"/address/latitude must be from -90 to 90"}, []string{"/address/latitude must be from -90 to 90"}},
		{"a list for an address", `{"name":"a","address":[]}`, []string{"/address must be an object"}, []string{"/address must be an object"}},
		{"read-only fields", `{"name":"a","id":1,"github":{},"activity":{},"weather":{}}`,
			[]string{"/activity is read-only", "/github is read-only", "/id is read-only", "/weather is read-only"},
			[]string{"/activity is read-only", "/github is read-only", "/id is read-only", "/weather is read-only"}},
		{"unknown fields", `{"name":"a","nick":1,"a/b~c":2,"company":{"bs":"x"}}`,
			[]string{"/a~1b~0c is not a field that is known", "/company/bs is not a field that is known", "/nick is not a field that is known"},
			[]string{"/a~1b~0c is not a field that is known", "/company/bs is not a field that is known", "/nick is not a field that is known"}},
		{"every field wrong", `{"name":1,"username":"a b","email":"a","phone":"","website":"ftp://a.b","address":{"city":1},"company":{"name":" "}}`,
			[]string{"/address/city must be a string", "/company/name must not be blank", "/email must look like an email address", "/name must be a string", "/phone must have 1 to 50 characters", "/username must have letters, digits and - _ . [ ] only", "/website must be an http or https URL, or a host name"},
			[]string{"/address/city must be a string", "/company/name must not be blank", "/email must look like an email address", "/name must be a string", "/phone must have 1 to 50 characters", "/username must have letters, digits and - _ . [ ] only", "/website must be an http or https URL, or a host name"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			for method, path := range map[string]string{"POST": "/v1/users", "PUT": one} {
				if a := g.call(method, path, c.body); !slices.Equal(mistakes(a), c.whole) {
					t.Errorf("%s %s: mistakes %q, want %q", a.call, c.body, mistakes(a), c.whole)
				}
			}
			if c.patch == nil {
				return
			}
			if a := g.call("PATCH", one, c.body); !slices.Equal(mistakes(a), c.patch) {
				t.Errorf("%s %s: mistakes %q, want %q", a.call, c.body, mistakes(a), c.patch)
			}
		})
	}
	if n := g.directory.Sent(); n != 0 {
		t.Errorf("the directory is asked %d times for what breaks rules", n)
	}
	g.call("POST", "/v1/users", `{"name":"`+long(200)+`"}`).wantStatus(http.StatusCreated)
}

func TestBodiesThatAreNotJSON(t *testing.T) {
	g := populated(t)
	for name, body := range map[string]string{
		"nothing": "", "blanks": "  \n", "half of one": `{"name":"a"`, "two of them": `{"name":"a"}{"name":"b"}`, "something behind": `{"name":"a"} x`,
		"a name twice": `{"name":"a","name":"b"}`, "broken UTF-8": "{\"name\":\"\xff\"}",
		"a comment": `{"name":"a"/**/}`, "a comma too many": `{"name":"a",}`, "a form": "name=a", "too deep": `{"name":` + strings.Repeat("[", 20) + strings.Repeat("]", 20) + "}",
	} {
		t.Run(name, func(t *testing.T) {
			for method, path := range map[string]string{"POST": "/v1/users", "PUT": one, "PATCH": one} {
				a := g.call(method, path, body)
				if p := a.problem(http.StatusBadRequest, "invalid_body"); len(p.Errors) > 0 {
					t.Errorf("%s: errors %v, want none: there is no member to point to", a.call, p.Errors)
				}
				a.wantHeader("Cache-Control", "no-store")
			}
		})
	}
	if n := g.directory.Sent(); n != 0 {
		t.Errorf("the directory is asked %d times for what is no JSON", n)
	}
}

func TestBodiesThatAreNotObject(t *testing.T) {
	g := populated(t)
	for name, body := range map[string]string{"a list": `[{"name":"a"}]`, "an empty list": "[]", "null": "null", "text": `"name"`, "a number": "1", "a boolean": " true "} {
		t.Run(name, func(t *testing.T) {
			for method, path := range map[string]string{"POST": "/v1/users", "PUT": one, "PATCH": one} {
				a := g.call(method, path, body)
				p := a.problem(http.StatusUnprocessableEntity, "invalid_fields")
				if len(p.Errors) != 1 || p.Errors[0].Detail != "must be a JSON object" || !strings.Contains(string(a.body), `"errors":[{"pointer":"","detail"`) {
					t.Errorf("%s %s: %s, want one mistake about the whole body", a.call, body, a.body)
				}
			}
		})
	}
	if n := g.directory.Sent(); n != 0 {
		t.Errorf("the directory is asked %d times for what is no object", n)
	}
}

func TestBodiesInAContentCoding(t *testing.T) {
	g := populated(t)
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	if _, err := w.Write([]byte(`{"name":"a"}`)); err != nil || w.Close() != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, body string
		coding     []string // one for each header line
		refused    bool
	}{
		{"gzip", packed.String(), []string{"gzip"}, true},
		{"gzip that is none", `{"name":"a"}`, []string{"gzip"}, true},
		{"another coding", `{"name":"a"}`, []string{"br"}, true},
		{"an unknown coding", `{"name":"a"}`, []string{"x"}, true},
		{"a coding in a list", `{"name":"a"}`, []string{"identity, zstd"}, true},
		{"a coding in a second line", `{"name":"a"}`, []string{"identity", "deflate"}, true},
		{"none", `{"name":"a"}`, []string{"identity"}, false},
		{"none in capitals", `{"name":"a"}`, []string{"Identity"}, false},
		{"an empty header", `{"name":"a"}`, []string{""}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			for method, path := range map[string]string{"POST": "/v1/users", "PUT": one, "PATCH": one} {
				for _, key := range []string{"", `"coded"`} {
					r, err := http.NewRequest(method, "http://gateway.test"+path, strings.NewReader(c.body))
					if err != nil {
						t.Fatal(err)
					}
					r.Header = http.Header{"Content-Type": {"application/json"}, "X-Api-Key": {"writer-key"}, "Content-Encoding": c.coding}
					if key != "" && c.refused {
						r.Header.Set("Idempotency-Key", key)
					}
					a := g.do(r)
					if !c.refused {
						if a.StatusCode != http.StatusOK && a.StatusCode != http.StatusCreated {
							t.Errorf("%s: status = %d, want it done; body %s", a.call, a.StatusCode, a.body)
						}
						continue
					}
					a.problem(http.StatusUnsupportedMediaType, "unsupported_media_type")
					a.wantHeader("Accept-Encoding", "identity")
					a.wantHeader("Accept", "")
				}
			}
		})
	}
	g.call("POST", "/v1/users", `{"name":"a"}`, "Idempotency-Key", `"coded"`).wantStatus(http.StatusCreated) // nothing was stored under the key
}

// stalling is a body that never ends: no error and no last byte.
type stalling struct {
	beginning io.Reader
	end       chan struct{}
}

func (s stalling) Read(p []byte) (int, error) {
	if n, err := s.beginning.Read(p); n > 0 || err == nil {
		return n, nil
	}
	<-s.end
	return 0, io.ErrUnexpectedEOF
}

func (s stalling) Close() error { return nil }

func TestBodiesThatStall(t *testing.T) {
	for method, path := range map[string]string{"POST": "/v1/users", "PUT": one, "PATCH": one} {
		for _, key := range []string{"", `"stalled"`} {
			for _, length := range []int64{-1, 100} {
				it(t, fmt.Sprintf("%s with the key %s and length %d is a 408", method, key, length), func(t *testing.T) {
					g := populated(t)
					r, err := http.NewRequest(method, "http://gateway.test"+path, nil)
					if err != nil {
						t.Fatal(err)
					}
					body := stalling{strings.NewReader(`{"na`), make(chan struct{})}
					defer close(body.end)
					r.Body, r.ContentLength = body, length
					r.Header = http.Header{"Content-Type": {"application/json"}, "X-Api-Key": {"writer-key"}}
					if key != "" {
						r.Header.Set("Idempotency-Key", key)
					}
					start := time.Now()
					a := g.do(r)
					a.problem(http.StatusRequestTimeout, "request_timeout")
					a.wantHeader("Cache-Control", "no-store")
					if !a.Close {
						t.Errorf("%s: the connection stays open, with a body on its way", a.call)
					}
					if took := time.Since(start); took != 5*time.Second {
						t.Errorf("%s: answered after %v, want REQUEST_TIMEOUT", a.call, took)
					}
					if n := g.directory.Sent(); n != 0 {
						t.Errorf("the directory is asked %d times", n)
					}
					if key != "" && method == "POST" { // nothing was stored under the key
						g.carry(write{method, path, `{"name":"Grace"}`, key}).wantStatus(http.StatusCreated)
					}
				})
			}
		}
	}
}

// cutOff ends before it should, and then cancels the request's context as net/http does
// where a client has closed the connection, or only its own half of it.
type cutOff struct{ cancel context.CancelFunc }

func (c cutOff) Read([]byte) (int, error) {
	c.cancel()
	return 0, io.ErrUnexpectedEOF
}

func TestBodiesThatEndEarly(t *testing.T) {
	g := populated(t)
	for _, key := range []string{"", `"k"`} {
		for method, path := range map[string]string{"POST": "/v1/users", "PUT": one, "PATCH": one} {
			ctx, cancel := context.WithCancel(t.Context())
			r := httptest.NewRequestWithContext(ctx, method, path, io.MultiReader(strings.NewReader(whole[:20]), cutOff{cancel}))
			r.Header = http.Header{"Content-Type": {"application/json"}, "X-Api-Key": {"writer-key"}}
			if key != "" {
				r.Header.Set("Idempotency-Key", key)
			}
			w := httptest.NewRecorder()
			g.handler.ServeHTTP(w, r)
			checkContract(t, r, w.Result(), w.Body.Bytes())
			if w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), "invalid_body") {
				t.Errorf("%s %s: %d %s, want 400", method, path, w.Code, w.Body)
			}
		}
	}
	g.carry(keyedPost).wantStatus(http.StatusCreated) // nothing was stored under the key
}

func TestBodiesOfAnotherType(t *testing.T) {
	g := populated(t)
	for _, c := range []struct {
		mediaType   string
		whole, part int
	}{
		{"", 415, 415},
		{"text/plain", 415, 415},
		{"application/x-www-form-urlencoded", 415, 415},
		{"application/json-patch+json", 415, 415},
		{"application/json; charset=latin1", 415, 415},
		{"application/json, text/plain", 415, 415},
		{"json", 415, 415},
		{"application/merge-patch+json", 415, 200},
		{"application/merge-patch+json; charset=utf-8", 415, 200},
		{"application/json", 200, 200},
		{"Application/JSON; Charset=UTF-8", 200, 200},
		{`application/json; charset="Utf-8"`, 200, 200},
	} {
		t.Run(c.mediaType, func(t *testing.T) {
			put, patch := g.call("PUT", one, `{"name":"a"}`, "Content-Type", c.mediaType), g.call("PATCH", one, `{"name":"a"}`, "Content-Type", c.mediaType)
			put.wantStatus(c.whole)
			patch.wantStatus(c.part)
			if c.whole == 415 {
				put.problem(415, "unsupported_media_type")
				put.wantHeader("Accept", "application/json")
				g.call("POST", "/v1/users", `{"name":"a"}`, "Content-Type", c.mediaType).problem(415, "unsupported_media_type")
			}
			if c.part == 415 {
				patch.wantHeader("Accept", "application/merge-patch+json | application/json")
			}
		})
	}
}

func TestWritesAcceptJSON(t *testing.T) {
	g := populated(t)
	for _, call := range [][2]string{{"POST", "/v1/users"}, {"PUT", one}, {"PATCH", one}} {
		a := g.call(call[0], call[1], whole, "Accept", "text/html")
		a.problem(http.StatusNotAcceptable, "not_acceptable")
		a.wantHeader("Vary", "Accept")
	}
	if n := g.directory.Sent(); n != 0 {
		t.Errorf("%d calls for answers that callers do not accept", n)
	}
	g.call("PUT", one, whole, "Accept", "application/*;q=0.1").wantHeader("Vary", "Accept")
	g.call("DELETE", one, "", "Accept", "text/html").wantStatus(http.StatusNoContent) // a 204 has no body
}

func TestBodiesThatAreTooLarge(t *testing.T) {
	const mebibyte = 1 << 20
	g := populated(t)
	for _, key := range []string{"", `"large"`} {
		for method, path := range map[string]string{"POST": "/v1/users", "PUT": one, "PATCH": one} {
			for _, announced := range []bool{true, false} {
				r, err := http.NewRequest(method, "http://gateway.test"+path, nil)
				if err != nil {
					t.Fatal(err)
				}
				r.Body, r.ContentLength = io.NopCloser(strings.NewReader(strings.Repeat(" ", mebibyte+1))), -1
				if announced {
					r.ContentLength = mebibyte + 1
				}
				r.Header = http.Header{"Content-Type": {"application/json"}, "X-Api-Key": {"writer-key"}, "Expect": {"100-continue"}}
				if key != "" {
					r.Header.Set("Idempotency-Key", key)
				}
				a := g.do(r)
				a.problem(http.StatusRequestEntityTooLarge, "body_too_large")
				if !a.Close {
					t.Errorf("%s, announced %t: the connection stays open, with a body on its way", a.call, announced)
				}
			}
		}
	}
	fits := strings.Repeat(" ", mebibyte-len(whole)) + whole
	g.call("POST", "/v1/users", fits, "Idempotency-Key", `"large"`).wantStatus(http.StatusCreated) // nothing was stored under the key
}
