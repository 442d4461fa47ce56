package users

import (
	"encoding/json"
	"testing"

	"tributary/upstream/upstreamtest"
)

func TestDecodeList(t *testing.T) {
	list := `[{"id":1,"name":"A"},{"id":2,"name":"B","email":[]}]`
	const both = `"users":[{"id":1,"name":"A"},{"id":2,"name":"B"}]`
	for name, tt := range map[string]struct{ body, total, link, want string }{
		"lists users":                            {list, "", "", `{` + both + `}`},
		"has the total":                          {list, "12", "", `{` + both + `,"total":12}`},
		"ignores a total that is too low":        {list, "1", "", `{` + both + `}`},
		"ignores a total that is not a number":   {list, "many", "", `{` + both + `}`},
		"accepts an empty list":                  {`[]`, "0", "", `{"users":[],"total":0}`},
		"has the links to other pages":           {list, "", `</users?_page=1>; rel="prev", </users?_page=3>; rel="next"`, `{` + both + `,"linked":true,"prev":true,"next":true}`},
		"knows the older name of prev":           {list, "", `</users?_page=1>; rel=previous`, `{` + both + `,"linked":true,"prev":true}`},
		"does not take another Link for a pager": {list, "", `</docs>; rel="help"`, `{` + both + `}`},
		"leaves out a user without an id":        {`[{"name":"B"},{"id":1,"name":"A"}]`, "2", "", `{"users":[null,{"id":1,"name":"A"}],"fault":"[0].id: missing, or not a positive integer below 2^53 in decimal digits","total":2}`},
		"leaves out a user without a name":       {`[{"id":1,"name":"A"},{"id":2}]`, "", "", `{"users":[{"id":1,"name":"A"},null],"fault":"[1].name: missing or blank"}`},
		"leaves out an invalid user":             {`[5,{"id":1,"name":"A"},null,"x",[],true]`, "", "", `{"users":[null,{"id":1,"name":"A"},null,null,null,null],"fault":"[0]: not an object"}`},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := decodeList(respond(200, tt.body, "X-Total-Count", tt.total, "Link", tt.link))
			if err != nil || asJSON(t, got) != tt.want {
				t.Fatalf("list = %s, %v; want %s", asJSON(t, got), err, tt.want)
			}
			var again *listed
			if err := json.Unmarshal([]byte(asJSON(t, got)), &again); err != nil || asJSON(t, again) != tt.want {
				t.Errorf("stored and read again: %s, %v; want %s", asJSON(t, again), err, tt.want)
			}
		})
	}
	for body, want := range map[string]string{
		`[{"name":"B"}]`:         "1 of 1 left out: [0].id: missing",
		`[null,{"id":1},[]]`:     "3 of 3 left out: [0]: not an object",
		`{}`:                     "body: not a JSON array",
		`[{"id":1,"name":"A"},]`: "body: not JSON",
	} {
		_, err := decodeList(respond(200, body))
		wantError(t, err, want)
	}
	upstreamtest.RefusesGarbage(t, decodeList, respond(200, list))
}
