package users

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"tributary/upstream"
)

// recorded is an answer of a real service, shortened, with its origin.
func recorded(t *testing.T, name string) upstream.Response {
	t.Helper()
	var answer struct {
		Status int               `json:"status"`
		Header map[string]string `json:"header"`
		Body   json.RawMessage   `json:"body"`
	}
	if err := json.Unmarshal([]byte(testdata(t, "recorded/"+name+".json")), &answer); err != nil {
		t.Fatal(err)
	}
	r := upstream.Response{Status: answer.Status, Header: http.Header{}, Body: answer.Body, At: now}
	for name, value := range answer.Header {
		r.Header.Set(name, value)
	}
	return r
}

func TestRecordedDirectory(t *testing.T) {
	list := recorded(t, "directory-users")
	page, err := decodeList(list)
	if err != nil {
		t.Fatal(err)
	}
	if len(page.Users) != 2 || page.Total != nil {
		t.Errorf("users = %d, total %v; want 2 and an unknown total", len(page.Users), page.Total)
	}
	const leanne = `{"id":1,"name":"Leanne Graham","username":"Bret","email":"Sincere@april.biz","phone":"1-770-736-8031 x56442","website":"hildegard.org",` +
		`"address":{"street":"Kulas Light","suite":"Apt. 556","city":"Gwenborough","postal_code":"92998-3874","latitude":-37.3159,"longitude":81.1496},` +
		`"company":{"name":"Romaguera-Crona"}}`
	if got := asJSON(t, page.Users[0]); got != leanne {
		t.Errorf("user = %s, want %s", got, leanne)
	}

	var each []json.RawMessage
	if err := json.Unmarshal(list.Body, &each); err != nil {
		t.Fatal(err)
	}
	for i, body := range each {
		got := record(t, string(body))
		if asJSON(t, got.User) != asJSON(t, page.Users[i]) {
			t.Errorf("user = %s alone, %s in the list", asJSON(t, got.User), asJSON(t, page.Users[i]))
		}
		writable(t, got.User) // the rules accept the directory's users
	}

	posts, err := directoryPosts().Decode(recorded(t, "directory-posts"))
	if err != nil || posts.counted() != 3 {
		t.Errorf("posts = %+v, %v; want 3", posts, err)
	}
	todos, err := directoryTodos().Decode(recorded(t, "directory-todos"))
	if err != nil || todos.counted() != 9 || todos.Done != 2 {
		t.Errorf("todos = %+v, %v; want 2 done of 9", todos, err)
	}
}

// writable checks that a user in the form of the API can be written.
func writable(t *testing.T, u User) Change {
	t.Helper()
	c, err := ParseUser([]byte(withoutID(t, u)))
	if err != nil {
		t.Fatalf("ParseUser(%s) = %v", withoutID(t, u), err)
	}
	return c
}

func withoutID(t *testing.T, u User) string {
	t.Helper()
	_, rest, _ := strings.Cut(asJSON(t, u), ",")
	return "{" + rest
}

func TestRecordedGitHub(t *testing.T) {
	for name, want := range map[string]string{
		"github-organization": `{"login":"octokit-fixture-org","url":"https://github.com/octokit-fixture-org",` +
			`"avatar_url":"https://avatars.githubusercontent.com/u/31898100?v=4","public_repos":316,"followers":0,"created_at":"2017-09-12T16:55:36Z"}`,
		"github-unknown": "",
		"github-quota":   "",
	} {
		t.Run(name, func(t *testing.T) {
			got, err := decodeGitHub(recorded(t, name))
			if (err != nil) != (want == "") || err == nil && asJSON(t, got) != want {
				t.Errorf("account = %s, %v; want %s", asJSON(t, got), err, want)
			}
		})
	}
	for name, want := range map[string]time.Duration{
		"github-limit-primary":     time.Minute,
		"github-limit-secondary":   time.Minute,
		"github-limit-retry-after": 8 * time.Second,
		"github-unknown":           0,
		"github-bad-credentials":   0,
	} {
		t.Run(name, func(t *testing.T) {
			e := gitHubRefusal(recorded(t, name))
			if (e != nil) != (want > 0) || e != nil && (e.Code != upstream.CodeRateLimited || e.RetryAfter != want) {
				t.Errorf("refusal = %+v, want a wait of %v", e, want)
			}
		})
	}
}
