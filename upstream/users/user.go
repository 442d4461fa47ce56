package users

import (
	"time"

	"tributary/upstream/weather"
)

// User is a person in the directory, in the form of the API. Unknown values are
// absent. A User does not change after decoding, so it may be shared.
type User struct {
	ID       int64    `json:"id"`
	Name     string   `json:"name"`
	Username string   `json:"username,omitempty"`
	Email    string   `json:"email,omitempty"`
	Phone    string   `json:"phone,omitempty"`
	Website  string   `json:"website,omitempty"`
	Address  *Address `json:"address,omitempty"` // nil if nothing is known
	Company  *Company `json:"company,omitempty"`
}

// Address is a user's address. Its coordinates are both known or both unknown.
type Address struct {
	Street     string   `json:"street,omitempty"`
	Suite      string   `json:"suite,omitempty"`
	City       string   `json:"city,omitempty"`
	PostalCode string   `json:"postal_code,omitempty"`
	Latitude   *float64 `json:"latitude,omitempty"`  // degrees north
	Longitude  *float64 `json:"longitude,omitempty"` // degrees east
}

// Company is a user's employer.
type Company struct {
	Name string `json:"name,omitempty"`
}

// Profile is a user with the selected parts.
type Profile struct {
	User
	Parts
}

// Activity has the numbers of a user's posts and todos.
type Activity struct {
	Posts     int `json:"posts"`
	TodosOpen int `json:"todos_open"`
	TodosDone int `json:"todos_done"`
}

// GitHub is the public data of a GitHub account. Unknown numbers are absent.
type GitHub struct {
	Login       string    `json:"login"`
	Name        string    `json:"name,omitempty"`
	URL         string    `json:"url,omitempty"`
	AvatarURL   string    `json:"avatar_url,omitempty"`
	Bio         string    `json:"bio,omitempty"`
	PublicRepos *int64    `json:"public_repos,omitempty"`
	Followers   *int64    `json:"followers,omitempty"`
	CreatedAt   time.Time `json:"created_at,omitzero"`
}

// place returns the coordinates of the user's address; false if they are not known.
func (u *User) place() (weather.Place, bool) {
	if u.Address == nil || u.Address.Latitude == nil {
		return weather.Place{}, false
	}
	return weather.NewPlace(*u.Address.Latitude, *u.Address.Longitude), true
}
