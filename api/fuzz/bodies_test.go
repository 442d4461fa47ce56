package fuzz_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzWriteBodies sends arbitrary bodies. An accepted body is JSON and is read back as
// written; a rejected one gets a pointer to an existing place in the body.
func FuzzWriteBodies(f *testing.F) {
	for _, body := range []string{
		`{"name":"Grace Hopper","username":"grace","email":"grace@example.com","phone":"+1 555 0100","website":"https://example.com/~grace",
			"address":{"street":"Fleet Street 1","suite":"Apt. 2","city":"Arlington","postal_code":"22201","latitude":38.88,"longitude":-77.07},"company":{"name":"Navy"}}`,
		`{}`, `{"name":"a"}`, `{"name":null}`, `{"name":"a","name":"b"}`, `{"phone":null,"address":{"city":"Bern"}}`, `{"name":"a","address":{"latitude":1e0,"longitude":-0.0}}`,
		`{"name":"a","address":{}}`, `{"name":"a","address":null,"company":{"name":null}}`, `{"id":1}`, `{"a~/b":1}`, `[`, `null`, "", "\xff", `{"name":"\ud800"}`, `{"name":"` + "\u202e" + `"}`,
		`{"name":"a","website":"http://[::1]"}`, `{"name":"a","email":"a@b.c"}`, `{"name":"` + strings.Repeat("ü", 201) + `"}`,
	} {
		f.Add([]byte(body))
	}
	gateway := newGateway(f)
	send := func(t *testing.T, method string, body []byte) *answer {
		t.Helper()
		r := httptest.NewRequest(method, "/v1/users/1", bytes.NewReader(body))
		r.Header = http.Header{"Content-Type": {"application/json"}, "X-Api-Key": {writerKey}}
		return ask(t, gateway, r)
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		put := send(t, http.MethodPut, body)
		isJSON := utf8.Valid(body) && json.Valid(body)
		switch put.Code {
		case http.StatusBadRequest:
		case http.StatusUnprocessableEntity:
			for _, mistake := range put.problem().Errors {
				if mistake.Detail != "is required" && !strings.Contains(mistake.Detail, "other coordinate") && (mistake.Pointer == nil || !pointsAt(body, *mistake.Pointer)) {
					put.errorf("%q: a pointer leads nowhere", body)
				}
			}
		case http.StatusOK:
			read := ask(t, gateway, httptest.NewRequest(http.MethodGet, "/v1/users/1", nil))
			if !bytes.Equal(read.data(), put.data()) {
				put.errorf("%q: then reads %s", body, read.data())
			}
			patch := send(t, http.MethodPatch, body) // changes nothing
			if patch.want(http.StatusOK); !bytes.Equal(patch.data(), put.data()) {
				put.errorf("%q: is patched to %s", body, patch.data())
			}
		default:
			put.errorf("%q: no such status is expected", body)
		}
		if !isJSON {
			put.want(http.StatusBadRequest)
		} else if !isObject(body) {
			put.want(http.StatusUnprocessableEntity)
		}
	})
}

// isObject reports whether a body is a JSON object.
func isObject(body []byte) bool {
	var members map[string]json.RawMessage
	return json.Unmarshal(body, &members) == nil && members != nil
}

// pointsAt resolves an RFC 6901 pointer.
func pointsAt(body []byte, pointer string) bool {
	var at any
	if pointer == "" || json.Unmarshal(body, &at) != nil {
		return pointer == ""
	}
	for segment := range strings.SplitSeq(strings.TrimPrefix(pointer, "/"), "/") {
		object, _ := at.(map[string]any)
		next, ok := object[strings.NewReplacer("~1", "/", "~0", "~").Replace(segment)]
		if !ok {
			return false
		}
		at = next
	}
	return true
}
