package users

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"

	"tributary/upstream"
)

// The directory is a REST service with JSONPlaceholder's API.
// https://jsonplaceholder.typicode.com, https://github.com/typicode/json-server

// Record is a user in the directory: the decoded fields, and the directory's own
// object, so that a write keeps fields that we do not know. It can be stored as JSON
// and does not change.
type Record struct {
	User User
	raw  json.RawMessage // compact
	etag string          // the directory's ETag if the user was read for a write; not stored
}

// MarshalJSON returns the directory's object.
func (r *Record) MarshalJSON() ([]byte, error) { return r.raw, nil }

// UnmarshalJSON decodes the directory's object.
func (r *Record) UnmarshalJSON(b []byte) error {
	read, err := readRecord(b)
	if err != nil {
		return err
	}
	*r = *read
	return nil
}

// directoryUser gets one user.
func directoryUser() upstream.Spec[int64, *Record] {
	return upstream.Spec[int64, *Record]{
		Name:    "directory",
		Mutable: true,
		Route:   "/users/{id}",
		Key:     idKey,
		Request: func(ctx context.Context, id int64) (*http.Request, error) { return get(ctx, userPath(id)) },
		Decode:  decodeRecord,
		Check:   checkID,
	}
}

// errOther is the error for an answer about another user.
var errOther = errors.New("id: not the one that was asked for")

func checkID(id int64, r *Record) error {
	if r.User.ID != id {
		return errOther
	}
	return nil
}

func idKey(id int64) string { return strconv.FormatInt(id, 10) }

func userPath(id int64) string { return "/users/" + idKey(id) }

// wireUser has the directory's field names.
type wireUser struct {
	ID       identifier         `json:"id"`
	Name     text               `json:"name"`
	Username text               `json:"username"`
	Email    text               `json:"email"`
	Phone    text               `json:"phone"`
	Website  text               `json:"website"`
	Address  maybe[wireAddress] `json:"address"`
	Company  maybe[wireCompany] `json:"company"`
}

type wireAddress struct {
	Street  text           `json:"street"`
	Suite   text           `json:"suite"`
	City    text           `json:"city"`
	Zipcode text           `json:"zipcode"`
	Geo     maybe[wireGeo] `json:"geo"`
}

type wireGeo struct {
	Lat number `json:"lat"` // JSONPlaceholder sends a string
	Lng number `json:"lng"`
}

type wireCompany struct {
	Name text `json:"name"`
}

func decodeRecord(r upstream.Response) (*Record, error) { return readRecord(r.Body) }

// readRecord does not retain body.
func readRecord(body []byte) (*Record, error) {
	user, err := decodeUser(body)
	if err != nil {
		return nil, err
	}
	var compact bytes.Buffer
	compact.Grow(len(body))
	if err := json.Compact(&compact, body); err != nil {
		return nil, errors.New("body: not JSON")
	}
	return &Record{User: user, raw: compact.Bytes()}, nil
}

func decodeUser(body []byte) (User, error) {
	var w wireUser
	if err := upstream.DecodeJSON(body, '{', &w); err != nil {
		return User{}, err
	}
	return w.user()
}

// user converts the directory's user. Without a valid id or a name it fails; any other
// invalid value counts as unknown.
func (w *wireUser) user() (User, error) {
	switch {
	case w.ID == 0:
		return User{}, errors.New("id: missing, or not a positive integer below 2^53 in decimal digits")
	case w.Name == "":
		return User{}, errors.New("name: missing or blank")
	}
	u := User{
		ID:       int64(w.ID),
		Name:     string(w.Name),
		Username: string(w.Username),
		Email:    string(w.Email),
		Phone:    string(w.Phone),
		Website:  string(w.Website),
	}
	if a := w.Address.value; a != nil {
		u.Address = a.address()
	}
	if c := w.Company.value; c != nil && c.Name != "" {
		u.Company = &Company{Name: string(c.Name)}
	}
	return u, nil
}

// address is nil if no field is known.
func (w *wireAddress) address() *Address {
	a := Address{Street: string(w.Street), Suite: string(w.Suite), City: string(w.City), PostalCode: string(w.Zipcode)}
	if geo := w.Geo.value; geo != nil {
		lat, lng := geo.Lat.within(-90, 90), geo.Lng.within(-180, 180)
		if lat != nil && lng != nil {
			a.Latitude, a.Longitude = lat, lng
		}
	}
	if a == (Address{}) {
		return nil
	}
	return &a
}
