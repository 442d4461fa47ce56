package users

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tributary/upstream"
)

// Recorded answers of the live services are not part of this project. Where a
// folder of them is at hand, what comes out of them is compared with what a
// person read in them. Each lies beside a description of the request,
// NAME.meta.json.
func recorded(t *testing.T, provider, name string) upstream.Response {
	t.Helper()
	root := os.Getenv("TRIBUTARY_FIXTURES")
	if root == "" {
		root = filepath.Join("..", "..", "..", "shared", "fixtures")
	}
	file := filepath.Join(root, provider, name)
	if _, err := os.Stat(filepath.Join(root, provider)); err != nil {
		t.Skipf("no recorded answers: set TRIBUTARY_FIXTURES to a folder with %s in it", provider)
	}
	body, err := os.ReadFile(file + ".json")
	if err != nil {
		t.Fatal(err)
	}
	described, err := os.ReadFile(file + ".meta.json")
	if err != nil {
		t.Fatal(err)
	}
	var meta struct {
		Status  int         `json:"status"`
		Headers [][2]string `json:"headers"`
	}
	if err := json.Unmarshal(described, &meta); err != nil {
		t.Fatal(err)
	}
	r := upstream.Response{Status: meta.Status, Header: http.Header{}, Body: body, At: now}
	for _, h := range meta.Headers {
		r.Header.Add(h[0], h[1])
	}
	return r
}

func TestRecordedDirectory(t *testing.T) {
	list := recorded(t, "jsonplaceholder", "users-1-6")
	page, err := decodePage(list)
	if err != nil {
		t.Fatal(err)
	}
	if len(page.Users) != 6 || page.Total != nil {
		t.Errorf("users = %d, total %v; want 6 and none told", len(page.Users), page.Total)
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
		writable(t, got.User) // the rules let through what is there
	}

	if n, err := decodePosts(recorded(t, "jsonplaceholder", "posts-1-60")); n != 60 || err != nil {
		t.Errorf("posts = %d, %v; want 60", n, err)
	}
	todos, err := decodeTodos(recorded(t, "jsonplaceholder", "todos-1-120"))
	if err != nil || todos.Open+todos.Done != 120 || todos.Done != 50 {
		t.Errorf("todos = %+v, %v; want 50 done of 120", todos, err)
	}
}

// writable wants that what a reader is told can be written.
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
		"user-chew-2020":            `{"login":"Chew","name":"Olivia","url":"https://github.com/Chew","avatar_url":"https://avatars3.githubusercontent.com/u/8278263?v=4","bio":"I like to program things and I hope to program something cool one day :D","public_repos":96,"followers":29,"created_at":"2014-07-26T23:41:36Z"}`,
		"user-sferik-2013":          `{"login":"sferik","name":"Erik Michaels-Ober","url":"https://github.com/sferik","avatar_url":"https://secure.gravatar.com/avatar/1f74b13f1e5c6c69cb5d7fbaabb1e2cb?d=https://a248.e.akamai.net/assets.github.com%2Fimages%2Fgravatars%2Fgravatar-user-420.png","public_repos":83,"followers":688,"created_at":"2008-05-14T20:36:12Z"}`,
		"user-by-id-octocat-2020":   "octocat",
		"user-jacquev6-2025":        "jacquev6",
		"user-mojombo":              "mojombo",
		"organization-2022":         "octokit-fixture-org",
		"error-404-user-2012":       "",
		"users-list-since1000-2012": "",
		"rate-limit-2023":           "",
	} {
		t.Run(name, func(t *testing.T) {
			got, err := decodeGitHub(recorded(t, "github", name))
			switch {
			case want == "":
				if err == nil {
					t.Errorf("account = %s, want an error", asJSON(t, got))
				}
			case err != nil:
				t.Fatal(err)
			case strings.HasPrefix(want, "{") && asJSON(t, got) != want:
				t.Errorf("account = %s, want %s", asJSON(t, got), want)
			case !strings.HasPrefix(want, "{") && (got.Login != want || got.CreatedAt.IsZero() || got.PublicRepos == nil || got.URL == ""):
				t.Errorf("account = %s, want %s and all that is known of it", asJSON(t, got), want)
			}
		})
	}
	// The reset of the two that have one is a place in a template.
	for name, want := range map[string]time.Duration{
		"limit-403-primary":              time.Minute,
		"limit-403-secondary":            time.Minute,
		"limit-429-retry-after-seconds":  8 * time.Second,
		"error-403-rate-limit-2013":      time.Minute,
		"error-404-user-2012":            0,
		"error-401-bad-credentials-2012": 0,
		"error-401-bad-credentials-2020": 0,
	} {
		t.Run(name, func(t *testing.T) {
			e := gitHubRefusal(recorded(t, "github", name))
			if (e != nil) != (want > 0) || e != nil && (e.Code != upstream.CodeRateLimited || e.RetryAfter != want) {
				t.Errorf("refusal = %+v, want a wait of %v", e, want)
			}
		})
	}
}
