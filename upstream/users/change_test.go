package users

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

func TestParseUser(t *testing.T) {
	for name, tt := range map[string]struct{ body, want string }{
		"converts all fields to the directory's names": {
			`{"name":"Ada","username":"ada-l","email":"ada@example.org","phone":"+44 (0)20 x1","website":"https://example.org/ada",` +
				`"address":{"street":"S","suite":"1","city":"C","postal_code":"12","latitude":-37.25,"longitude":1e1},"company":{"name":"E"}}`,
			`{"address":{"city":"C","geo":{"lat":"-37.25","lng":"10"},"street":"S","suite":"1","zipcode":"12"},"company":{"name":"E"},` +
				`"email":"ada@example.org","name":"Ada","phone":"+44 (0)20 x1","username":"ada-l","website":"https://example.org/ada"}`,
		},
		"takes a name alone":       {`{"name":"A"}`, `{"name":"A"}`},
		"takes a name of 200":      {`{"name":"` + strings.Repeat("é", 200) + `"}`, `{"name":"` + strings.Repeat("é", 200) + `"}`},
		"takes null for absence":   {`{"name":"A","email":null,"address":null,"company":{"name":null}}`, `{"name":"A"}`},
		"takes an empty object":    {`{"name":"A","address":{}}`, `{"name":"A"}`},
		"takes coordinates unset":  {`{"name":"A","address":{"latitude":null}}`, `{"name":"A"}`},
		"writes no negative zero":  {`{"name":"A","address":{"latitude":-0.0,"longitude":-180}}`, `{"address":{"geo":{"lat":"0","lng":"-180"}},"name":"A"}`},
		"takes a host for website": {`{"name":"A","website":"example.org"}`, `{"name":"A","website":"example.org"}`},
		"takes other scripts":      {`{"name":"नाम","website":"пример.рф","username":"用户"}`, `{"name":"नाम","username":"用户","website":"пример.рф"}`},
		"takes white space around": {" \n" + `{"name":"A"}` + "\t", `{"name":"A"}`},
	} {
		t.Run(name, func(t *testing.T) {
			c, err := ParseUser([]byte(tt.body))
			if err != nil {
				t.Fatal(err)
			}
			if got := string(c.Wire()); got != tt.want {
				t.Errorf("wire = %s, want %s", got, tt.want)
			}
		})
	}
}

func TestRefusedFields(t *testing.T) {
	long := strings.Repeat("x", 201)
	for name, tt := range map[string]struct{ members, want string }{
		"an empty name":              {`"name":""`, "/name must have 1 to 200 characters"},
		"a blank name":               {`"name":"  "`, "/name must not be blank"},
		"too long a name":            {`"name":"` + long + `"`, "/name must have 1 to 200 characters"},
		"a number for a name":        {`"name":5`, "/name must be a string"},
		"a name of two lines":        {`"name":"a\nb"`, "/name must have printable characters only"},
		"a name that turns around":   {`"name":"a\u202eb"`, "/name must have printable characters only"},
		"half a character":           {`"name":"\ud800"`, "/name must have printable characters only"},
		"a username with a space":    {`"username":"a b"`, "/username must have letters, digits and - _ . [ ] only"},
		"too long a username":        {`"username":"` + long[:40] + `"`, "/username must have 1 to 39 characters"},
		"an email without a host":    {`"email":"ada@"`, "/email must look like an email address"},
		"an email without a dot":     {`"email":"ada@here"`, "/email must look like an email address"},
		"an email of two":            {`"email":"a@b.c, d@e.f"`, "/email must look like an email address"},
		"an email with a name":       {`"email":"Ada <ada@example.org>"`, "/email must look like an email address"},
		"too long a phone":           {`"phone":"` + long[:51] + `"`, "/phone must have 1 to 50 characters"},
		"a website that runs":        {`"website":"javascript:alert(1)"`, "/website must be an http or https URL, or a host name"},
		"a website of files":         {`"website":"file://example.org/etc"`, "/website must be an http or https URL, or a host name"},
		"a website with a password":  {`"website":"https://a:b@example.org"`, "/website must be an http or https URL, or a host name"},
		"a website of one label":     {`"website":"home"`, "/website must be an http or https URL, or a host name"},
		"a website with bad labels":  {`"website":"-a.b-.org"`, "/website must be an http or https URL, or a host name"},
		"an address in a line":       {`"address":"here"`, "/address must be an object"},
		"a street of a number":       {`"address":{"street":1}`, "/address/street must be a string"},
		"a latitude in quotes":       {`"address":{"latitude":"1","longitude":1}`, "/address/latitude must be a number"},
		"a latitude beyond the pole": {`"address":{"latitude":90.1,"longitude":1}`, "/address/latitude must be from -90 to 90"},
		"an endless longitude":       {`"address":{"latitude":1,"longitude":1e999}`, "/address/longitude must be from -180 to 180"},
		"a latitude alone":           {`"address":{"latitude":1}`, "/address/longitude goes together with the other coordinate"},
		"a longitude alone":          {`"address":{"longitude":1}`, "/address/latitude goes together with the other coordinate"},
		"a longitude beside null":    {`"address":{"longitude":1,"latitude":null}`, "/address/latitude goes together with the other coordinate"},
		"a latitude beside null":     {`"address":{"longitude":null,"latitude":1}`, "/address/longitude goes together with the other coordinate"},
		"a company that is a list":   {`"company":[]`, "/company must be an object"},
		"an unknown field":           {`"nick":1`, "/nick is not a field that is known"},
		"a field in other case":      {`"Email":"a@example.org"`, "/Email is not a field that is known"},
		"an unknown field within":    {`"company":{"bs":"x"}`, "/company/bs is not a field that is known"},
		"a name made for confusion":  {`"a/b~c":1`, "/a~1b~0c is not a field that is known"},
		"an id":                      {`"id":1`, "/id is read-only"},
		"an account":                 {`"github":{}`, "/github is read-only"},
		"air quality":                {`"air_quality":{}`, "/air_quality is read-only"},
		"an activity":                {`"activity":null`, "/activity is read-only"},
		"weather":                    {`"weather":{}`, "/weather is read-only"},
		"coordinates at the top":     {`"latitude":1`, "/latitude is not a field that is known"},
	} {
		t.Run("refuses "+name, func(t *testing.T) {
			for kind, parse := range map[string]func([]byte) (Change, error){"user": ParseUser, "patch": ParsePatch} {
				members := tt.members
				if !strings.HasPrefix(members, `"name"`) {
					members = `"name":"A",` + members
				}
				_, err := parse([]byte("{" + members + "}"))
				invalid, ok := errors.AsType[*InvalidError](err)
				if !ok || err.Error() != tt.want || len(invalid.Fields) != 1 {
					t.Errorf("%s: error = %v, want %s", kind, err, tt.want)
				}
			}
		})
	}
	t.Run("reports all mistakes in order", func(t *testing.T) {
		_, err := ParseUser([]byte(`{"website":"x","id":4,"address":{"zip":1,"latitude":100},"email":7}`))
		want := "/address/latitude must be from -90 to 90; /address/longitude goes together with the other coordinate; " +
			"/address/zip is not a field that is known; /email must be a string; /id is read-only; /name is required; " +
			"/website must be an http or https URL, or a host name"
		if err == nil || err.Error() != want {
			t.Errorf("error = %v, want %s", err, want)
		}
	})
	t.Run("limits the number of mistakes", func(t *testing.T) {
		var body strings.Builder
		for i := range 1000 {
			fmt.Fprintf(&body, `"x%d":1,`, i)
		}
		_, err := ParseUser([]byte("{" + body.String() + `"name":"A"}`))
		if invalid, ok := errors.AsType[*InvalidError](err); !ok || len(invalid.Fields) != maxMistakes {
			t.Errorf("error has %d bytes, want %d mistakes", len(err.Error()), maxMistakes)
		}
	})
	t.Run("requires a name of a user", func(t *testing.T) {
		for _, body := range []string{`{}`, `{"name":null}`} {
			if _, err := ParseUser([]byte(body)); err == nil || err.Error() != "/name is required" {
				t.Errorf("ParseUser(%s) = %v, want that name is required", body, err)
			}
		}
	})
	t.Run("rejects removing a name or one coordinate", func(t *testing.T) {
		for body, want := range map[string]string{
			`{"name":null}`:                               "/name cannot be removed",
			`{"address":{"latitude":null}}`:               "/address/longitude goes together with the other coordinate",
			`{"address":{"longitude":null}}`:              "/address/latitude goes together with the other coordinate",
			`{"address":{"latitude":1}}`:                  "/address/longitude goes together with the other coordinate",
			`{"address":{"latitude":1,"longitude":null}}`: "/address/longitude goes together with the other coordinate",
		} {
			if _, err := ParsePatch([]byte(body)); err == nil || err.Error() != want {
				t.Errorf("ParsePatch(%s) = %v, want %s", body, err, want)
			}
		}
	})
}

func TestMalformed(t *testing.T) {
	for name, tt := range map[string]struct{ body, want string }{
		"nothing":                   {"", "the body is empty"},
		"white space":               {" \n", "the body is empty"},
		"words":                     {"name=Ada", "the body is not JSON"},
		"an end too soon":           {`{"name":"A"`, "the body is not JSON"},
		"two objects":               {`{"name":"A"}{"name":"B"}`, "the body is not JSON"},
		"more after it":             {`{"name":"A"} x`, "the body is not JSON"},
		"a comma too many":          {`{"name":"A",}`, "the body is not JSON"},
		"a byte order mark":         {"\ufeff" + `{"name":"A"}`, "the body is not JSON"},
		"another encoding":          {"{\"name\":\"\xe9\"}", "the body is not UTF-8"},
		"a name twice":              {`{"name":"A","name":"B"}`, "two members of one name"},
		"a name twice, in disguise": {`{"name":"A","n\u0061me":"B"}`, "two members of one name"},
		"a name twice within":       {`{"name":"A","address":{"city":"A","city":"B"}}`, "two members of one name"},
		"a name twice in a list":    {`{"name":"A","x":[1,{"a":1,"a":2}]}`, "two members of one name"},
		"depth":                     {`{"x":` + strings.Repeat("[", 8) + strings.Repeat("]", 8) + `}`, "nests more than 8 deep"},
		"an abyss":                  {`{"x":` + strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000) + `}`, "the body is not JSON"},
	} {
		t.Run("refuses "+name, func(t *testing.T) {
			for _, parse := range []func([]byte) (Change, error){ParseUser, ParsePatch} {
				_, err := parse([]byte(tt.body))
				if _, ok := errors.AsType[*MalformedError](err); !ok || !strings.Contains(err.Error(), tt.want) {
					t.Errorf("error = %T %v, want a MalformedError: %s", err, err, tt.want)
				}
			}
		})
	}
	if _, err := ParsePatch([]byte(`{"x":` + strings.Repeat("[", 7) + strings.Repeat("]", 7) + `}`)); err == nil || err.Error() != "/x is not a field that is known" {
		t.Errorf("error at the greatest depth = %v, want only that x is unknown", err)
	}
}

func TestApply(t *testing.T) {
	const company = `{"catchPhrase":"We count","name":"Example \u0026 Daughters"}`
	for name, tt := range map[string]struct{ patch, want string }{
		"sends what changes alone":           {`{"email":"b@example.org"}`, `{"email":"b@example.org"}`},
		"sends null for what goes":           {`{"email":null,"address":null}`, `{"address":null,"email":null}`},
		"sends what is the same already":     {`{"name":"Ada Example"}`, `{"name":"Ada Example"}`},
		"keeps what is beside it":            {`{"address":{"city":"Newtown"}}`, `{"address":{"city":"Newtown","floor":3,"geo":{"lat":"-37.3159","lng":"81.1496","datum":"WGS84"},"street":"Long Lane","suite":"Flat 3","zipcode":"12345-678"}}`},
		"keeps what is deeper":               {`{"address":{"latitude":1,"longitude":2}}`, `{"address":{"city":"Exampleton","floor":3,"geo":{"datum":"WGS84","lat":"1","lng":"2"},"street":"Long Lane","suite":"Flat 3","zipcode":"12345-678"}}`},
		"takes a place away":                 {`{"address":{"latitude":null,"longitude":null}}`, `{"address":{"city":"Exampleton","floor":3,"geo":{"datum":"WGS84","lat":null,"lng":null},"street":"Long Lane","suite":"Flat 3","zipcode":"12345-678"}}`},
		"takes one thing away":               {`{"company":{"name":null}}`, `{"company":{"catchPhrase":"We count","name":null}}`},
		"keeps unknown members of an object": {`{"company":{}}`, `{"company":` + company + `}`},
		"sends nothing for nothing":          {`{}`, `{}`},
	} {
		t.Run(name, func(t *testing.T) {
			c, err := ParsePatch([]byte(tt.patch))
			if err != nil {
				t.Fatal(err)
			}
			if c.Empty() != (tt.patch == `{}`) {
				t.Errorf("empty = %t", c.Empty())
			}
			to := record(t, testdata(t, "user.json"))
			before := asJSON(t, to)
			if got := string(c.Apply(to)); got != tt.want {
				t.Errorf("sends %s, want %s", got, tt.want)
			}
			if asJSON(t, to) != before {
				t.Error("the record was changed")
			}
		})
	}
	t.Run("begins an object where there is none", func(t *testing.T) {
		c, err := ParsePatch([]byte(`{"address":{"latitude":1,"longitude":2}}`))
		if err != nil {
			t.Fatal(err)
		}
		for _, address := range []string{`null`, `"here"`, `{"geo":[1]}`} {
			want := `{"address":{"geo":{"lat":"1","lng":"2"}}}`
			if got := string(c.Apply(record(t, `{"id":1,"name":"A","address":`+address+`}`))); got != want {
				t.Errorf("to %s sends %s, want %s", address, got, want)
			}
		}
	})
}

func TestBodiesThatAreNotObjects(t *testing.T) {
	for _, body := range []string{`[{"name":"A"}]`, `null`, `"A"`, `5`, ` true `, `[]`} {
		for name, parse := range map[string]func([]byte) (Change, error){"ParseUser": ParseUser, "ParsePatch": ParsePatch} {
			_, err := parse([]byte(body))
			invalid, ok := errors.AsType[*InvalidError](err)
			if !ok || len(invalid.Fields) != 1 || invalid.Fields[0] != (FieldError{Pointer: "", Detail: "must be a JSON object"}) {
				t.Errorf("%s(%s) = %v, want one mistake about the whole body", name, body, err)
			}
		}
	}
}
