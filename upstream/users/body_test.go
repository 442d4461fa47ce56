package users

import (
	"testing"

	"tributary/upstream/upstreamtest"
)

// The buffer of a body is used again for the next answer.
func TestDecodersKeepNoPartOfTheBody(t *testing.T) {
	user := testdata(t, "user.json")
	upstreamtest.KeepsNoBody(t, decodeRecord, respond(200, user))
	upstreamtest.KeepsNoBody(t, decodeList, respond(200, "["+user+"]"))
	upstreamtest.KeepsNoBody(t, decodeGitHub, respond(200, testdata(t, "github.json")))
	upstreamtest.KeepsNoBody(t, directoryTodos().Decode, respond(200, `[{"completed":true},{}]`, "Link", `</todos?_page=2>; rel="next"`))
}
