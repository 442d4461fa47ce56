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

// The directory is a REST service in the shape of JSONPlaceholder.
// https://jsonplaceholder.typicode.com, https://github.com/typicode/json-server

// Record is a user as the directory has one: what we know of it, and the
// directory's own object, so that a change loses nothing that we do not know.
// It survives a trip through JSON, and is never changed.
type Record struct {
	User User
	raw  json.RawMessage // compact
	etag string          // the directory's, if it was read for a write; not stored
}

// MarshalJSON writes the directory's object.
func (r *Record) MarshalJSON() ([]byte, error) { return r.raw, nil }

// UnmarshalJSON reads the directory's object.
func (r *Record) UnmarshalJSON(b []byte) error {
	read, err := readRecord(b)
	if err != nil {
		return err
	}
	*r = *read
	return nil
}

// directoryUser asks for one user.
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

// errOther is the error of an answer about another user.
var errOther = errors.New("id: not the one that was asked for")

func checkID(id int64, r *Record) error {
	if r.User.ID != id {
		return errOther
	}
	return nil
}

func idKey(id int64) string { return strconv.FormatInt(id, 10) }

func userPath(id int64) string { return "/users/" + idKey(id) }

// wireUser is the directory's user, to the letter.
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
	Lat number `json:"lat"` // in quotes, at JSONPlaceholder
	Lng number `json:"lng"`
}

type wireCompany struct {
	Name text `json:"name"`
}

func decodeRecord(r upstream.Response) (*Record, error) { return readRecord(r.Body) }

// readRecord keeps no part of body.
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

// user is the directory's user in our terms. Without a usable id or a name there
// is none; any other wrong value is unknown.
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

// address is nil if nothing of it is known.
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
