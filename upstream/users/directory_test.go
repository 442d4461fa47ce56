package users

import (
	"encoding/json"
	"testing"

	"tributary/upstream"
	"tributary/upstream/upstreamtest"
)

// ada is testdata/user.json in the form of the API.
const ada = `{"id":7,"name":"Ada Example","username":"ada.example","email":"ada@example.org","phone":"1-770-736-8031 x56442",` +
	`"website":"ada.example.org","address":{"street":"Long Lane","suite":"Flat 3","city":"Exampleton","postal_code":"12345-678",` +
	`"latitude":-37.3159,"longitude":81.1496},"company":{"name":"Example \u0026 Daughters"}}`

func TestDirectoryRequests(t *testing.T) {
	for _, tt := range []struct{ got, want string }{
		{upstreamtest.Requested(t, directoryUser(), 7), "/users/7"},
		{upstreamtest.Requested(t, directoryPosts(), activityQuery{user: 7}), "/users/7/posts"},
		{upstreamtest.Requested(t, directoryTodos(), activityQuery{7, "_page=2&a=%20"}), "/users/7/todos?_page=2&a=%20"},
		{upstreamtest.Requested(t, directoryList(), ListQuery{Page: 2, PerPage: 20}), "/users?_page=2&_limit=20"},
		{upstreamtest.Requested(t, directoryList(), ListQuery{Page: 1, PerPage: 5, Text: "a&b c"}), "/users?_page=1&_limit=5&q=a%26b+c"},
	} {
		if tt.got != tt.want {
			t.Errorf("asks for %s, want %s", tt.got, tt.want)
		}
	}
	keys := map[string]bool{}
	for _, q := range []ListQuery{{1, 20, ""}, {2, 20, ""}, {1, 2, "0:"}, {1, 20, "a"}, {12, 0, ""}} {
		keys[directoryList().Key(q)] = true
	}
	if len(keys) != 5 {
		t.Errorf("keys = %v, want one for each question", keys)
	}
}

func TestDecodeRecord(t *testing.T) {
	for name, tt := range map[string]struct{ body, want string }{
		"has all known fields":                         {testdata(t, "user.json"), ada},
		"leaves out what is unknown":                   {`{"id":1,"name":"A","email":"","phone":null,"website":" ","address":{},"company":{"name":null}}`, `{"id":1,"name":"A"}`},
		"leaves out what is of another kind":           {`{"id":1,"name":"A","email":true,"username":["x"],"address":"here","company":[{"name":"x"}]}`, `{"id":1,"name":"A"}`},
		"keeps what stands beside the wrong":           {`{"id":1,"name":"A","address":{"street":{},"city":"C","geo":7}}`, `{"id":1,"name":"A","address":{"city":"C"}}`},
		"reads a number in a text field as its digits": {`{"id":1,"name":42,"username":7,"phone":15550100,"address":{"zipcode":90210,"suite":1.50}}`, `{"id":1,"name":"42","username":"7","phone":"15550100","address":{"suite":"1.50","postal_code":"90210"}}`},
		"keeps all digits of a number for text":        {`{"id":1,"name":"A","phone":123456789012345678901234567890,"website":-0,"email":1e5}`, `{"id":1,"name":"A","email":"1e5","phone":"123456789012345678901234567890","website":"-0"}`},
		"takes an id in a string":                      {`{"id":"7","name":"A"}`, `{"id":7,"name":"A"}`},
		"treats names as case-sensitive":               {`{"ID":2,"id":1,"Id":3,"NAME":"B","name":"A","Name":"C","Email":"x","eMail":"y"}`, `{"id":1,"name":"A"}`},
		"treats nested names as case-sensitive":        {`{"id":1,"name":"A","address":{"City":"C","zipcode":"1","ZipCode":"2","geo":{"Lat":9,"lat":1,"lng":2,"LNG":8}},"company":{"Name":"N"}}`, `{"id":1,"name":"A","address":{"postal_code":"1","latitude":1,"longitude":2}}`},
		"does not know a place in hexadecimal":         {`{"id":1,"name":"A","address":{"geo":{"lat":"0x1p3","lng":"1_0"}}}`, `{"id":1,"name":"A"}`},
		"takes coordinates that are numbers":           {`{"id":1,"name":"A","address":{"geo":{"lat":-1.5,"lng":2}}}`, `{"id":1,"name":"A","address":{"latitude":-1.5,"longitude":2}}`},
		"does not tell the negative zero":              {`{"id":1,"name":"A","address":{"geo":{"lat":"-0","lng":-0.0}}}`, `{"id":1,"name":"A","address":{"latitude":0,"longitude":0}}`},
		"does not know half a place":                   {`{"id":1,"name":"A","address":{"geo":{"lat":"1"}}}`, `{"id":1,"name":"A"}`},
		"does not know a place beyond the poles":       {`{"id":1,"name":"A","address":{"geo":{"lat":"90.5","lng":"1"}}}`, `{"id":1,"name":"A"}`},
		"leaves out coordinates out of range":          {`{"id":1,"name":"A","address":{"geo":{"lat":"NaN","lng":"Inf"}}}`, `{"id":1,"name":"A"}`},
		"takes the greatest id":                        {`{"id":9007199254740991,"name":"A"}`, `{"id":9007199254740991,"name":"A"}`},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := decodeRecord(respond(200, tt.body))
			if err != nil {
				t.Fatal(err)
			}
			if user := asJSON(t, got.User); user != tt.want {
				t.Errorf("user = %s, want %s", user, tt.want)
			}
			var again *Record
			if err := json.Unmarshal([]byte(asJSON(t, got)), &again); err != nil {
				t.Fatal(err)
			}
			if asJSON(t, again.User) != tt.want || asJSON(t, again) != asJSON(t, got) {
				t.Errorf("stored and read again: %s, want %s", asJSON(t, again), asJSON(t, got))
			}
		})
	}
	for name, tt := range map[string]struct{ body, want string }{
		"without an id":          {`{"name":"A"}`, "id: missing"},
		"with the id 0":          {`{"id":0,"name":"A"}`, "id: missing"},
		"with a negative id":     {`{"id":-1,"name":"A"}`, "id: missing"},
		"with a fraction for id": {`{"id":1.5,"name":"A"}`, "id: missing"},
		"with too great an id":   {`{"id":9007199254740992,"name":"A"}`, "id: missing"},
		"with null for an id":    {`{"id":null,"name":"A"}`, "id: missing"},
		"with a decimal point":   {`{"id":7.0,"name":"A"}`, "id: missing"},
		"with an exponent":       {`{"id":1e1,"name":"A"}`, "id: missing"},
		"with a text exponent":   {`{"id":"12e1","name":"A"}`, "id: missing"},
		"with hexadecimal":       {`{"id":"0x1","name":"A"}`, "id: missing"},
		"with a plus":            {`{"id":"+7","name":"A"}`, "id: missing"},
		"with a blank":           {`{"id":" 7","name":"A"}`, "id: missing"},
		"with an empty id":       {`{"id":"","name":"A"}`, "id: missing"},
		"with digits elsewhere":  {`{"id":"٧","name":"A"}`, "id: missing"},
		"with true for an id":    {`{"id":true,"name":"A"}`, "id: missing"},
		"with ID for id":         {`{"ID":1,"name":"A"}`, "id: missing"},
		"with Name for name":     {`{"id":1,"Name":"A"}`, "name: missing"},
		"with true for a name":   {`{"id":1,"name":true}`, "name: missing"},
		"without a name":         {`{"id":1}`, "name: missing"},
		"with a blank name":      {`{"id":1,"name":" "}`, "name: missing"},
		"with an empty object":   {`{}`, "id: missing"},
	} {
		t.Run("rejects an answer "+name, func(t *testing.T) {
			_, err := decodeRecord(respond(200, tt.body))
			wantError(t, err, tt.want)
		})
	}
	t.Run("refuses garbage", func(t *testing.T) {
		upstreamtest.RefusesGarbage(t, decodeRecord, respond(200, testdata(t, "user.json")))
	})
	t.Run("is not read from a memory that has something else", func(t *testing.T) {
		if err := json.Unmarshal([]byte(`{"id":0}`), new(Record)); err == nil {
			t.Error("no error")
		}
	})
}

func TestSpecsAgreeWithTheContract(t *testing.T) {
	type named struct{ name, route string }
	for _, tt := range []struct{ got, want named }{
		{named{directoryUser().Name, directoryUser().Route}, named{"directory", "/users/{id}"}},
		{named{directoryList().Name, directoryList().Route}, named{"directory", "/users"}},
		{named{directoryPosts().Name, directoryPosts().Route}, named{"activity", "/users/{id}/posts"}},
		{named{directoryTodos().Name, directoryTodos().Route}, named{"activity", "/users/{id}/todos"}},
		{named{gitHubUser().Name, gitHubUser().Route}, named{"github", "/users/{login}"}},
	} {
		if tt.got != tt.want {
			t.Errorf("spec = %+v, want %+v", tt.got, tt.want)
		}
	}
	var _ upstream.Spec[int64, *Record] = directoryUser()
}
