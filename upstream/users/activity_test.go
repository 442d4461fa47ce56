package users

import (
	"encoding/json"
	"strings"
	"testing"

	"tributary/upstream/upstreamtest"
)

func TestDecodeActivity(t *testing.T) {
	posts, todos := directoryPosts().Decode, directoryTodos().Decode
	for name, tt := range map[string]struct {
		body, total, link string
		posts, todos      string
	}{
		"counts":                                   {`[{"id":1,"completed":false},{"id":2,"completed":true},{"id":3,"completed":true}]`, "", "", `{"items":3}`, `{"items":3,"done":2}`},
		"counts nothing":                           {`[]`, "0", "", `{"items":0,"total":0}`, `{"items":0,"total":0}`},
		"takes 0 and 1 for a boolean":              {`[{"completed":0},{"completed":1},{"completed":"0"},{"completed":"true"}]`, "", "", `{"items":4}`, `{"items":4,"done":2}`},
		"treats names as case-sensitive":           {`[{"completed":false,"Completed":true}]`, "", "", `{"items":1}`, `{"items":1}`},
		"knows the total and the next page":        {`[{"completed":true}]`, "7", `</users/1/x?p=2>; rel="next"`, `{"items":1,"total":7,"next":"/users/1/x?p=2"}`, `{"items":1,"done":1,"total":7,"next":"/users/1/x?p=2"}`},
		"ignores a total that is too small":        {`[{"completed":true},{"completed":true}]`, "1", "", `{"items":2}`, `{"items":2,"done":2}`},
		"leaves out an item that is not an object": {`[{"completed":true},null,3,"x",[]]`, "", "", `{"items":5,"left_out":4,"fault":"[1]: not an object"}`, `{"items":5,"done":1,"left_out":4,"fault":"[1]: not an object"}`},
		"leaves out a todo that is neither":        {`[{"completed":true},{},{"completed":"secret"}]`, "", "", `{"items":3}`, `{"items":3,"done":1,"left_out":2,"fault":"[1].completed: missing, or not true or false"}`},
	} {
		t.Run(name, func(t *testing.T) {
			r := respond(200, tt.body, "X-Total-Count", tt.total, "Link", tt.link)
			if got, err := posts(r); err != nil || asJSON(t, got) != tt.posts {
				t.Errorf("posts = %s, %v; want %s", asJSON(t, got), err, tt.posts)
			}
			got, err := todos(r)
			if err != nil || asJSON(t, got) != tt.todos {
				t.Errorf("todos = %s, %v; want %s", asJSON(t, got), err, tt.todos)
			}
			var again count
			if err := json.Unmarshal([]byte(asJSON(t, got)), &again); err != nil || asJSON(t, again) != tt.todos {
				t.Errorf("stored and read again: %s, %v; want %s", asJSON(t, again), err, tt.todos)
			}
		})
	}
	_, err := posts(respond(200, `[1,null]`))
	wantError(t, err, "2 of 2 left out: [0]: not an object")
	_, err = todos(respond(200, `[{"completed":"secret"}]`))
	wantError(t, err, "1 of 1 left out: [0].completed: missing")
	if strings.Contains(err.Error(), "secret") {
		t.Errorf("error quotes a value: %v", err)
	}
	good := `[{"id":1,"completed":false},{"id":2,"completed":true}]`
	upstreamtest.RefusesGarbage(t, posts, respond(200, good))
	upstreamtest.RefusesGarbage(t, todos, respond(200, good))

	keys := map[string]bool{}
	for _, q := range []activityQuery{{user: 1}, {user: 11}, {1, "_page=2"}, {1, "_page=3"}, {11, "_page=2"}} {
		keys[directoryPosts().Key(q)] = true
	}
	if len(keys) != 5 {
		t.Errorf("keys = %v, want one for each question", keys)
	}
}
