package users

import (
	"encoding/json"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"

	"tributary/upstream"
)

// checkError checks that a decoder's error is short and does not quote the body.
func checkError(t *testing.T, err error) {
	t.Helper()
	if typed, ok := errors.AsType[*upstream.Error](err); ok || len(err.Error()) > 100 {
		t.Errorf("error = %v, %v", err, typed)
	}
}

func FuzzRecord(f *testing.F) {
	f.Add([]byte(testdata(f, "user.json")))
	f.Add([]byte(`{"id":1,"name":"A","address":{"geo":{"lat":"-0","lng":1e2}},"company":null}`))
	f.Add([]byte(`{"ID":1,"Name":"\ud800","id":2,"address":7}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		got, err := decodeRecord(respond(200, string(body)))
		if err != nil {
			checkError(t, err)
			return
		}
		checkUser(t, got.User)
		var again *Record
		if err := json.Unmarshal([]byte(asJSON(t, got)), &again); err != nil {
			t.Fatalf("stored, but not read again: %v", err)
		}
		if !reflect.DeepEqual(again.User, got.User) {
			t.Errorf("stored as %s, read again as %s", asJSON(t, got.User), asJSON(t, again.User))
		}
		page, err := decodeList(respond(200, "["+string(body)+"]"))
		if err != nil || len(page.Users) != 1 || !reflect.DeepEqual(*page.Users[0], got.User) {
			t.Errorf("in a list: %v, %v; want %s", page, err, asJSON(t, got.User))
		}
	})
}

// checkUser checks what every decoded user must satisfy.
func checkUser(t *testing.T, u User) {
	t.Helper()
	if u.ID < 1 || u.ID > maxInteger || strings.TrimSpace(u.Name) == "" {
		t.Errorf("user = %s, want an id and a name", asJSON(t, u))
	}
	if a := u.Address; a != nil {
		if (a.Latitude == nil) != (a.Longitude == nil) || *a == (Address{}) {
			t.Errorf("address = %s, want something, and no half place", asJSON(t, a))
		}
		if place, ok := u.place(); ok && !(place.Latitude >= -90 && place.Latitude <= 90 && place.Longitude >= -180 && place.Longitude <= 180) {
			t.Errorf("place = %+v is not on Earth", place)
		}
	}
}

func FuzzList(f *testing.F) {
	f.Add([]byte("["+testdata(f, "user.json")+"]"), "12", "", 1, 20)
	f.Add([]byte(`[{"id":1,"name":"A"},{"id":2,"name":"B"},null]`), "", `</users?_page=2>; rel="next"`, 2, 2)
	f.Fuzz(func(t *testing.T, body []byte, total, link string, page, perPage int) {
		got, err := decodeList(respond(200, string(body), "X-Total-Count", total, "Link", link))
		if err != nil {
			checkError(t, err)
			return
		}
		for _, u := range got.Users {
			if u != nil {
				checkUser(t, *u)
			}
		}
		if (got.fault() != "") != slices.Contains(got.Users, nil) || len(got.fault()) > 150 {
			t.Errorf("fault = %q of %s", got.fault(), asJSON(t, got))
		}
		var again *listed
		if err := json.Unmarshal([]byte(asJSON(t, got)), &again); err != nil || !reflect.DeepEqual(again, got) {
			t.Errorf("stored as %s, read again as %s, %v", asJSON(t, got), asJSON(t, again), err)
		}
		q := ListQuery{Page: max(1, page), PerPage: min(max(1, perPage), 100)}
		shown := paginate(q, got, func(int) *listed { return got })
		if len(shown.Users) > q.PerPage || shown.Total != nil && *shown.Total < int64(len(shown.Users)) {
			t.Errorf("%+v shows %d of %s users", q, len(shown.Users), asJSON(t, shown.Total))
		}
	})
}

func FuzzActivity(f *testing.F) {
	f.Add([]byte(`[{"id":1,"completed":false},{"id":2,"completed":true},{"completed":"1"}]`), "3", `<?_page=2>; rel=next`)
	f.Add([]byte(`[{"id":1}]`), "3", `<?_page=2 rel=n>; rel=next`)
	f.Add([]byte(`[{},null]`), "", "")
	f.Fuzz(func(t *testing.T, body []byte, total, link string) {
		r := respond(200, string(body), "X-Total-Count", total, "Link", link)
		for name, decode := range map[string]func(upstream.Response) (count, error){"posts": directoryPosts().Decode, "todos": directoryTodos().Decode} {
			got, err := decode(r)
			if err != nil {
				checkError(t, err)
				continue
			}
			if got.Done < 0 || got.Done > got.counted() || got.LeftOut < 0 || got.LeftOut > 0 && got.counted() < 1 || got.Total != nil && *got.Total < int64(got.Items) {
				t.Errorf("%s = %+v", name, got)
			}
			query, ok := queryOf(got.Next, "/users/1/"+name)
			if ok && (query == "" || strings.ContainsAny(query, "# \r\n")) {
				t.Errorf("%s: the next page has the query %q", name, query)
			}
		}
	})
}

func FuzzGitHub(f *testing.F) {
	f.Add([]byte(testdata(f, "github.json")))
	f.Add([]byte(`{"login":"a","created_at":"0000-01-01T00:00:00+01:00","followers":1e300}`))
	f.Add([]byte(`{"message":"You have exceeded a secondary rate limit"}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		if e := gitHubRefusal(respond(403, string(body))); e != nil && (e.Code != upstream.CodeRateLimited || e.RetryAfter <= 0) {
			t.Errorf("refusal = %+v", e)
		}
		got, err := decodeGitHub(respond(200, string(body)))
		if err != nil {
			checkError(t, err)
			return
		}
		var again *GitHub
		if err := json.Unmarshal([]byte(asJSON(t, got)), &again); err != nil {
			t.Fatalf("stored, but not read again: %v", err)
		}
		if !reflect.DeepEqual(again, got) {
			t.Errorf("stored as %s, read again as %s", asJSON(t, got), asJSON(t, again))
		}
	})
}

// checkRefused checks the error of a rejected body.
func checkRefused(t *testing.T, err error) {
	t.Helper()
	var (
		malformed *MalformedError
		invalid   *InvalidError
	)
	switch {
	case errors.As(err, &malformed):
		if len(malformed.Detail) > 100 {
			t.Errorf("error = %v, want no body in it", err)
		}
	case errors.As(err, &invalid):
		seen := map[string]bool{}
		for _, e := range invalid.Fields {
			if e.Pointer != "" && !strings.HasPrefix(e.Pointer, "/") || e.Detail == "" || len(e.Detail) > 100 || seen[e.Pointer] {
				t.Errorf("mistake = %+v, want a pointer that is told once", e)
			}
			seen[e.Pointer] = true
		}
		if len(seen) == 0 {
			t.Error("refused for nothing")
		}
	default:
		t.Errorf("error = %T, want one for 400 or 422", err)
	}
}

// A user that was written is decoded as it was meant, and can be written again.
func FuzzParseUser(f *testing.F) {
	f.Add([]byte(`{"name":"A","email":"a@b.c","address":{"postal_code":"1","latitude":-0.0,"longitude":1e2},"company":{"name":"x"}}`))
	f.Add([]byte(`{"name":"A","address":null,"company":{},"website":"http://a.b/?<>&"}`))
	f.Add([]byte(`{"name":"A","name":"B"}`))
	f.Add([]byte(`{"id":1,"a/b":{}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		c, err := ParseUser(body)
		if err != nil {
			checkRefused(t, err)
			return
		}
		wire := string(c.Wire())
		stored := record(t, `{"id":1,`+strings.TrimPrefix(wire, "{"))
		checkUser(t, stored.User)
		if again := string(writable(t, stored.User).Wire()); again != wire {
			t.Errorf("%s is read as %s and written as %s", wire, asJSON(t, stored.User), again)
		}
	})
}

// Applying a patch in the directory, whether it merges or replaces objects, changes the
// user that a reader sees as RFC 7396 says.
func FuzzParsePatch(f *testing.F) {
	for _, body := range []string{
		testdata(f, "user.json"),
		`{"id":1,"name":"A"}`,
		`{"id":1,"name":"A","email":5,"address":"here","company":[1]}`,
		`{"id":1,"name":"A","address":{"geo":null,"city":{"x":1}},"company":{"name":1,"bs":[1.50]}}`,
		`{"id":1,"name":"A","address":{"geo":{"lat":"1"},"zipcode":12},"company":null}`,
		`{"id":1,"name":"A","address":{"geo":{"lat":1.0,"lng":-0.0,"alt":7}}}`,
	} {
		for _, patch := range []string{
			`{}`, `{"name":"B"}`, `{"email":"b@example.org","phone":null}`, `{"address":null,"company":null}`, `{"address":{},"company":{}}`,
			`{"address":{"city":"C","suite":null}}`, `{"address":{"latitude":5,"longitude":6}}`, `{"address":{"latitude":null,"longitude":null}}`,
			`{"address":{"street":"S","suite":"1","city":"C","postal_code":"Z","latitude":-0.0,"longitude":1e2}}`, `{"company":{"name":null}}`, `{"company":{"name":"N"}}`,
		} {
			f.Add([]byte(body), []byte(patch))
		}
	}
	f.Fuzz(func(t *testing.T, body, patch []byte) {
		stored, err := readRecord(body)
		if err != nil || ambiguous(body) {
			return
		}
		c, err := ParsePatch(patch)
		if err != nil {
			checkRefused(t, err)
			return
		}
		var directory, change, reader, wanted any
		unmarshal(t, stored.raw, &directory)
		unmarshal(t, c.Apply(stored), &change)
		unmarshal(t, []byte(asJSON(t, stored.User)), &reader)
		unmarshal(t, patch, &wanted)

		meant := asJSON(t, mergePatch(reader, wanted))
		want := record(t, wireOf(t, meant)).User
		for way, result := range map[string]any{"merged": mergePatch(directory, change), "exchanged": exchange(directory, change)} {
			after := record(t, asJSON(t, result))
			if asJSON(t, after.User) != asJSON(t, want) {
				t.Errorf("%s: %s, want %s", way, asJSON(t, after.User), asJSON(t, want))
			}
			if way == "merged" && strings.Contains(string(stored.raw), "null") {
				continue // the exception described at Apply
			}
			var again any
			unmarshal(t, c.Apply(after), &again)
			if asJSON(t, again) != asJSON(t, change) {
				t.Errorf("%s: repeated, it sends %s, want %s", way, asJSON(t, again), asJSON(t, change))
			}
		}
	})
}

// ambiguous reports whether a body has a name twice: the model here and the directory
// may use different ones.
func ambiguous(body []byte) bool {
	_, err := strictObject(body)
	return err != nil
}

func unmarshal(t *testing.T, b []byte, into *any) {
	t.Helper()
	if err := json.Unmarshal(b, into); err != nil {
		t.Skipf("a number that only text can hold: %v", err)
	}
}

// wireOf converts a user from the API's field names to the directory's.
func wireOf(t *testing.T, reader string) string {
	t.Helper()
	var u User
	if err := json.Unmarshal([]byte(reader), &u); err != nil {
		t.Fatal(err)
	}
	wire := map[string]any{"id": u.ID, "name": u.Name, "username": u.Username, "email": u.Email, "phone": u.Phone, "website": u.Website, "company": u.Company}
	if a := u.Address; a != nil {
		wire["address"] = map[string]any{"street": a.Street, "suite": a.Suite, "city": a.City, "zipcode": a.PostalCode, "geo": map[string]any{"lat": a.Latitude, "lng": a.Longitude}}
	}
	return asJSON(t, wire)
}

// mergePatch is the algorithm of RFC 7396.
func mergePatch(target, patch any) any {
	changes, ok := patch.(map[string]any)
	if !ok {
		return patch
	}
	old, _ := target.(map[string]any)
	result := map[string]any{}
	for name, v := range old {
		result[name] = v
	}
	for name, v := range changes {
		if v == nil {
			delete(result, name)
		} else {
			result[name] = mergePatch(result[name], v)
		}
	}
	return result
}

// exchange applies a PATCH as json-server does.
func exchange(target, change any) any {
	result := map[string]any{}
	for name, v := range target.(map[string]any) {
		result[name] = v
	}
	for name, v := range change.(map[string]any) {
		result[name] = v
	}
	return result
}
