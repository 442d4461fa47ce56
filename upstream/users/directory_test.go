package users

import (
	"encoding/json"
	"strings"
	"testing"

	"tributary/upstream"
)

// ada is what a reader is told of testdata/user.json.
const ada = `{"id":7,"name":"Ada Example","username":"ada.example","email":"ada@example.org","phone":"1-770-736-8031 x56442",` +
	`"website":"ada.example.org","address":{"street":"Long Lane","suite":"Flat 3","city":"Exampleton","postal_code":"12345-678",` +
	`"latitude":-37.3159,"longitude":81.1496},"company":{"name":"Example \u0026 Daughters"}}`

func TestDirectoryRequests(t *testing.T) {
	for _, tt := range []struct{ got, want string }{
		{requested(t, directoryUser(), 7), "/users/7"},
		{requested(t, directoryPosts(), 7), "/users/7/posts"},
		{requested(t, directoryTodos(), 7), "/users/7/todos"},
		{requested(t, directoryList(), ListQuery{Page: 2, PerPage: 20}), "/users?_page=2&_limit=20"},
		{requested(t, directoryList(), ListQuery{Page: 1, PerPage: 5, Text: "a&b c"}), "/users?_page=1&_limit=5&q=a%26b+c"},
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
		"tells all that is known":                {testdata(t, "user.json"), ada},
		"leaves out what is unknown":             {`{"id":1,"name":"A","email":"","phone":null,"website":" ","address":{},"company":{"name":null}}`, `{"id":1,"name":"A"}`},
		"leaves out what is of another kind":     {`{"id":1,"name":"A","email":5,"username":["x"],"address":"here","company":[{"name":"x"}]}`, `{"id":1,"name":"A"}`},
		"keeps what stands beside the wrong":     {`{"id":1,"name":"A","address":{"street":1,"city":"C","geo":7}}`, `{"id":1,"name":"A","address":{"city":"C"}}`},
		"takes coordinates that are numbers":     {`{"id":1,"name":"A","address":{"geo":{"lat":-1.5,"lng":2}}}`, `{"id":1,"name":"A","address":{"latitude":-1.5,"longitude":2}}`},
		"does not tell the negative zero":        {`{"id":1,"name":"A","address":{"geo":{"lat":"-0","lng":-0.0}}}`, `{"id":1,"name":"A","address":{"latitude":0,"longitude":0}}`},
		"does not know half a place":             {`{"id":1,"name":"A","address":{"geo":{"lat":"1"}}}`, `{"id":1,"name":"A"}`},
		"does not know a place beyond the poles": {`{"id":1,"name":"A","address":{"geo":{"lat":"90.5","lng":"1"}}}`, `{"id":1,"name":"A"}`},
		"does not know a place that is no place": {`{"id":1,"name":"A","address":{"geo":{"lat":"NaN","lng":"Inf"}}}`, `{"id":1,"name":"A"}`},
		"takes an id with a fraction of nothing": {`{"id":1.0,"name":"A"}`, `{"id":1,"name":"A"}`},
		"takes the greatest id":                  {`{"id":9007199254740991,"name":"A"}`, `{"id":9007199254740991,"name":"A"}`},
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
		"without a name":         {`{"id":1}`, "name: missing"},
		"with a blank name":      {`{"id":1,"name":" "}`, "name: missing"},
		"with an empty object":   {`{}`, "id: missing"},
	} {
		t.Run("does not believe an answer "+name, func(t *testing.T) {
			_, err := decodeRecord(respond(200, tt.body))
			wantError(t, err, tt.want)
		})
	}
	t.Run("refuses garbage", func(t *testing.T) { refusesGarbage(t, decodeRecord, testdata(t, "user.json")) })
	t.Run("is not read from a memory that has something else", func(t *testing.T) {
		if err := json.Unmarshal([]byte(`{"id":0}`), new(Record)); err == nil {
			t.Error("no error")
		}
	})
}

func TestDecodePage(t *testing.T) {
	list := `[{"id":1,"name":"A"},{"id":2,"name":"B","email":3}]`
	for name, tt := range map[string]struct{ body, total, want string }{
		"lists users":                       {list, "", `{"users":[{"id":1,"name":"A"},{"id":2,"name":"B"}]}`},
		"tells how many there are":          {list, "12", `{"users":[{"id":1,"name":"A"},{"id":2,"name":"B"}],"total":12}`},
		"does not believe too low a total":  {list, "1", `{"users":[{"id":1,"name":"A"},{"id":2,"name":"B"}]}`},
		"does not believe a total of words": {list, "many", `{"users":[{"id":1,"name":"A"},{"id":2,"name":"B"}]}`},
		"lists nobody":                      {`[]`, "0", `{"users":[],"total":0}`},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := decodePage(respond(200, tt.body, "X-Total-Count", tt.total))
			if err != nil || asJSON(t, got) != tt.want {
				t.Errorf("page = %s, %v; want %s", asJSON(t, got), err, tt.want)
			}
		})
	}
	for body, want := range map[string]string{
		`[{"id":1,"name":"A"},{"name":"B"}]`: "[1].id: missing",
		`[{"id":1,"name":"A"},null]`:         "[1].id: missing",
		`[5]`:                                "a JSON number that cannot be read",
		`{}`:                                 "body: does not begin with [",
	} {
		_, err := decodePage(respond(200, body))
		wantError(t, err, want)
	}
	refusesGarbage(t, decodePage, list)
}

func TestWindow(t *testing.T) {
	page := &Page{}
	for id := range int64(7) {
		page.Users = append(page.Users, User{ID: id + 1, Name: "x"})
	}
	for name, tt := range map[string]struct {
		q     ListQuery
		first int64 // 0: none
		count int
		cut   bool
	}{
		"it is the page when that fits":           {ListQuery{Page: 2, PerPage: 7}, 1, 7, false},
		"it is the beginning of all":              {ListQuery{Page: 1, PerPage: 3}, 1, 3, true},
		"it is the middle of all":                 {ListQuery{Page: 2, PerPage: 3}, 4, 3, true},
		"it is the rest":                          {ListQuery{Page: 3, PerPage: 3}, 7, 1, true},
		"it is empty after the last":              {ListQuery{Page: 4, PerPage: 3}, 0, 0, true},
		"it is empty far beyond the last":         {ListQuery{Page: 1<<63 - 1, PerPage: 3}, 0, 0, true},
		"it is empty right after a full last one": {ListQuery{Page: 8, PerPage: 1}, 0, 0, true},
	} {
		t.Run(name, func(t *testing.T) {
			got := page.window(tt.q)
			if len(got.Users) != tt.count || tt.count > 0 && got.Users[0].ID != tt.first {
				t.Errorf("users = %v, want %d from %d", got.Users, tt.count, tt.first)
			}
			if told := got.Total != nil; told != tt.cut || told && *got.Total != 7 {
				t.Errorf("total = %s, want it only where all were sent", asJSON(t, got.Total))
			}
			if len(page.Users) != 7 || page.Total != nil {
				t.Error("the page itself was changed")
			}
		})
	}
}

func TestDecodeActivity(t *testing.T) {
	posts := `[{"userId":7,"id":1,"title":"t"},{"userId":7,"id":2}]`
	if n, err := decodePosts(respond(200, posts)); n != 2 || err != nil {
		t.Errorf("posts = %d, %v; want 2", n, err)
	}
	if n, err := decodePosts(respond(200, `[]`)); n != 0 || err != nil {
		t.Errorf("posts = %d, %v; want 0", n, err)
	}
	todos := `[{"id":1,"completed":false},{"id":2,"completed":true},{"id":3,"completed":true}]`
	if got, err := decodeTodos(respond(200, todos)); got != (Todos{Open: 1, Done: 2}) || err != nil {
		t.Errorf("todos = %+v, %v; want 1 open, 2 done", got, err)
	}
	_, err := decodePosts(respond(200, `[{},null]`))
	wantError(t, err, "[1]: not a post")
	_, err = decodePosts(respond(200, `[1]`))
	wantError(t, err, "cannot be read")
	_, err = decodeTodos(respond(200, `[{"completed":true},{}]`))
	wantError(t, err, "[1].completed: missing")
	_, err = decodeTodos(respond(200, `[{"completed":"secret"}]`))
	wantError(t, err, "completed: a JSON string that cannot be read")
	if strings.Contains(err.Error(), "secret") {
		t.Errorf("error quotes a value: %v", err)
	}
	refusesGarbage(t, decodePosts, posts)
	refusesGarbage(t, decodeTodos, todos)
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
