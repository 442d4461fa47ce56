package sim

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// account is the answer about a user, ready to send.
type account struct {
	body     []byte
	etag     string
	modified string // for Last-Modified
}

// gitHubUser is the public data of a user.
type gitHubUser struct {
	Login             string  `json:"login"`
	ID                int     `json:"id"`
	NodeID            string  `json:"node_id"`
	AvatarURL         string  `json:"avatar_url"`
	GravatarID        string  `json:"gravatar_id"`
	URL               string  `json:"url"`
	HTMLURL           string  `json:"html_url"`
	FollowersURL      string  `json:"followers_url"`
	FollowingURL      string  `json:"following_url"`
	GistsURL          string  `json:"gists_url"`
	StarredURL        string  `json:"starred_url"`
	SubscriptionsURL  string  `json:"subscriptions_url"`
	OrganizationsURL  string  `json:"organizations_url"`
	ReposURL          string  `json:"repos_url"`
	EventsURL         string  `json:"events_url"`
	ReceivedEventsURL string  `json:"received_events_url"`
	Type              string  `json:"type"`
	UserViewType      string  `json:"user_view_type"`
	SiteAdmin         bool    `json:"site_admin"`
	Name              string  `json:"name"`
	Company           *string `json:"company"`
	Blog              string  `json:"blog"` // may be empty, never null
	Location          *string `json:"location"`
	Email             *string `json:"email"`
	Hireable          *bool   `json:"hireable"` // true or null
	Bio               *string `json:"bio"`
	TwitterUsername   *string `json:"twitter_username"`
	PublicRepos       int     `json:"public_repos"`
	PublicGists       int     `json:"public_gists"`
	Followers         int     `json:"followers"`
	Following         int     `json:"following"`
	CreatedAt         string  `json:"created_at"`
	UpdatedAt         string  `json:"updated_at"`
}

// newAccounts returns an account for each of the directory's initial users, with their
// username as login, and one for octocat.
func newAccounts() (map[string]account, error) {
	var seeds []struct {
		ID                      int
		Name, Username, Website string
		Address                 struct{ City string }
		Company                 struct{ Name, CatchPhrase string }
	}
	if err := json.Unmarshal(usersJSON, &seeds); err != nil {
		return nil, fmt.Errorf("users.json: %w", err)
	}
	company, city := "@github", "San Francisco"
	users := []gitHubUser{{
		Login: "octocat", ID: 583231, Name: "The Octocat", Company: &company, Blog: "https://github.blog", Location: &city,
		PublicRepos: 8, PublicGists: 8, Followers: 3222, Following: 9,
		CreatedAt: "2011-01-25T18:44:36Z", UpdatedAt: "2020-08-23T14:28:27Z",
	}}
	for _, s := range seeds {
		users = append(users, gitHubUser{
			Login: s.Username, ID: 90_000_000 + 7919*s.ID, Name: s.Name, Company: &s.Company.Name,
			Blog: "https://" + s.Website, Location: &s.Address.City, Bio: &s.Company.CatchPhrase,
			PublicRepos: 3 + s.ID*7%40, PublicGists: s.ID * 3 % 11, Followers: s.ID * s.ID * 13 % 400, Following: s.ID * 5 % 60,
			CreatedAt: fmt.Sprintf("20%02d-%02d-14T09:30:00Z", 10+s.ID, s.ID%12+1),
			UpdatedAt: fmt.Sprintf("2026-%02d-03T17:05:00Z", s.ID%9+1),
		})
	}
	accounts := map[string]account{}
	for _, u := range users {
		a, err := newAccount(u)
		if err != nil {
			return nil, err
		}
		accounts[strings.ToLower(u.Login)] = a
	}
	return accounts, nil
}

// newAccount derives the other fields from login and id.
func newAccount(u gitHubUser) (account, error) {
	u.NodeID = base64.StdEncoding.EncodeToString([]byte("04:User" + strconv.Itoa(u.ID)))
	u.AvatarURL = fmt.Sprintf("https://avatars.githubusercontent.com/u/%d?v=4", u.ID)
	u.URL = "https://api.github.com/users/" + u.Login
	u.HTMLURL = "https://github.com/" + u.Login
	u.FollowersURL = u.URL + "/followers"
	u.FollowingURL = u.URL + "/following{/other_user}"
	u.GistsURL = u.URL + "/gists{/gist_id}"
	u.StarredURL = u.URL + "/starred{/owner}{/repo}"
	u.SubscriptionsURL = u.URL + "/subscriptions"
	u.OrganizationsURL = u.URL + "/orgs"
	u.ReposURL = u.URL + "/repos"
	u.EventsURL = u.URL + "/events{/privacy}"
	u.ReceivedEventsURL = u.URL + "/received_events"
	u.Type, u.UserViewType = "User", "public"

	body, err := json.Marshal(u)
	if err != nil {
		return account{}, fmt.Errorf("account of %s: %w", u.Login, err)
	}
	updated, err := time.Parse(time.RFC3339, u.UpdatedAt)
	if err != nil {
		return account{}, fmt.Errorf("account of %s: %w", u.Login, err)
	}
	sum := fnv.New128a()
	_, _ = sum.Write(body) // a hash never fails
	return account{body, fmt.Sprintf(`W/"%x"`, sum.Sum(nil)), updated.UTC().Format(http.TimeFormat)}, nil
}
