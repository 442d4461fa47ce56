package app

import (
	"fmt"
	"slices"
	"testing"
)

// Two readers of one byte stream must not see different requests in it (RFC 9112 §11.2):
// a form that proxies read in different ways is refused, and what follows it is not read
// as a request.
func TestRequestsThatProxiesReadDifferently(t *testing.T) {
	d := openDoor(t, nil)
	const (
		post   = "POST /v1/weather HTTP/1.1\r\nHost: gateway.test\r\n"
		hidden = "GET /livez HTTP/1.1\r\nHost: gateway.test\r\nConnection: close\r\n\r\n" // must not be answered
	)
	for _, c := range []struct {
		name, sent string
		statuses   []int
	}{
		{"two lengths", post + "Content-Length: 0\r\nContent-Length: 5\r\n\r\n" + hidden, []int{400}},
		{"two lengths in one line", post + "Content-Length: 0, 5\r\n\r\n" + hidden, []int{400}},
		{"a length with a sign", post + "Content-Length: +0\r\n\r\n" + hidden, []int{400}},
		{"a length below 0", post + "Content-Length: -1\r\n\r\n" + hidden, []int{400}},
		{"a length in hex", post + "Content-Length: 0x0\r\n\r\n" + hidden, []int{400}},
		{"a length of more than 63 bits", post + "Content-Length: 99999999999999999999\r\n\r\n" + hidden, []int{400}},
		{"an empty length", post + "Content-Length:\r\n\r\n" + hidden, []int{400}},
		{"a space before the colon", post + "Content-Length : 5\r\n\r\n" + hidden, []int{400}},
		{"a name with a space", post + "Content Length: 5\r\n\r\n" + hidden, []int{400}},
		{"a line without a colon", post + "Content-Length\r\n\r\n" + hidden, []int{400}},
		{"a NUL in a value", post + "X: a\x00b\r\n\r\n" + hidden, []int{400}},
		{"a CR within a value", post + "X: a\rContent-Length: 5\r\n\r\n" + hidden, []int{400}},
		{"an unknown coding", post + "Transfer-Encoding: xchunked\r\n\r\n" + hidden, []int{501}},
		{"two codings", post + "Transfer-Encoding: chunked, identity\r\n\r\n" + hidden, []int{501}},
		{"chunked twice", post + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n" + hidden, []int{501}},
		{"a coding with a control character", post + "Transfer-Encoding: \vchunked\r\n\r\n" + hidden, []int{400}},
		{"a coding by HTTP/1.0", "POST /v1/weather HTTP/1.0\r\nHost: gateway.test\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + hidden, []int{405}},
		{"a body of HEAD", "HEAD /livez HTTP/1.1\r\nHost: gateway.test\r\nContent-Length: 0\r\nContent-Length: 44\r\n\r\n" + hidden, []int{400}},
		{"no host", "GET /livez HTTP/1.1\r\n\r\n" + hidden, []int{400}},
		{"two hosts", "GET /livez HTTP/1.1\r\nHost: a.test\r\nHost: b.test\r\n\r\n" + hidden, []int{400}},
		{"a host with a path", "GET /livez HTTP/1.1\r\nHost: a.test/b\r\n\r\n" + hidden, []int{400}},
		{"a host with a space", "GET /livez HTTP/1.1\r\nHost: a.test b.test\r\n\r\n" + hidden, []int{400}},
		{"a target with a space", "GET /livez x HTTP/1.1\r\nHost: a.test\r\n\r\n" + hidden, []int{400}},
		{"a target with a control character", "GET /livez\x01 HTTP/1.1\r\nHost: a.test\r\n\r\n" + hidden, []int{400}},
		{"a target without a slash", "GET livez HTTP/1.1\r\nHost: a.test\r\n\r\n" + hidden, []int{400}},
		{"a broken escape", "GET /%zz HTTP/1.1\r\nHost: a.test\r\n\r\n" + hidden, []int{400}},
		{"a method with a control character", "GE\x01T /livez HTTP/1.1\r\nHost: a.test\r\n\r\n" + hidden, []int{400}},
		{"another protocol", "GET /livez HTTP/1.2x\r\nHost: a.test\r\n\r\n" + hidden, []int{400}},
		{"HTTP/3 by name", "GET /livez HTTP/3.0\r\nHost: a.test\r\n\r\n" + hidden, []int{505}},
		{"the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + hidden, []int{404}},
		{"TLS", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n" + hidden, []int{400}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := d.send(c.sent); !slices.Equal(statuses(got), c.statuses) {
				t.Errorf("answers = %v, want %v and then the end", statuses(got), c.statuses)
			}
		})
	}
	for _, c := range []struct{ name, line, body string }{
		{"a size that is no number", "", "zz\r\n"},
		{"a size with a sign", "", "+0\r\n\r\n"},
		{"a size in the form of a program", "", "0x0\r\n\r\n"},
		{"a size of more than 64 bits", "", "fffffffffffffffff\r\n"},
		{"a chunk that is longer than it says", "", "1\r\nab\r\n0\r\n\r\n"},
		{"a chunk without its end", "", "1\r\na0\r\n\r\n"},
	} {
		t.Run("chunks: "+c.name, func(t *testing.T) {
			sent := "POST /v1/users HTTP/1.1\r\nHost: gateway.test\r\nX-API-Key: writer-key\r\nContent-Type: application/json\r\n" +
				"Transfer-Encoding: chunked\r\n" + c.line + "\r\n" + c.body + hidden
			got := d.send(sent)
			if !slices.Equal(statuses(got), []int{400}) {
				t.Errorf("answers = %v, want one 400 and then the end", statuses(got))
			}
		})
	}
	if asked := d.requests(); len(asked) > 0 {
		t.Errorf("upstreams were asked for %q", asked)
	}
}

// Forms that have one right reading (RFC 9112 §5.2 and §6.1) are read so.
func TestRequestsWithOneRightReading(t *testing.T) {
	d := openDoor(t, nil)
	const (
		post   = "POST /v1/weather HTTP/1.1\r\nHost: gateway.test\r\n"
		hidden = "GET /v1/nothing HTTP/1.1\r\nHost: gateway.test\r\n\r\n" // would be a 404
	)
	chunked := fmt.Sprintf("\r\n%x\r\n%s\r\n0\r\n\r\n", len(hidden), hidden)
	for name, sent := range map[string]string{
		"a length, and then chunks":                post + "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n" + chunked,
		"chunks, and then a length":                post + "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n" + chunked,
		"chunks with an extension and a trailer":   post + "Transfer-Encoding: chunked\r\n\r\n2;a=\"\\n\"\r\nxx\r\n0\r\nContent-Length: 44\r\n\r\n",
		"a folded line is a part of its value":     post + "X: a\r\n Content-Length: 44\r\n\r\n",
		"the same length twice is that length":     post + fmt.Sprintf("Content-Length: %[1]d\r\nContent-Length: %[1]d\r\n\r\n%[2]s", len(hidden), hidden),
		"a length hides nothing behind the body":   post + fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(hidden), hidden),
		"a body of GET is not the next request":    fmt.Sprintf("GET /v1/weather?lat=x HTTP/1.1\r\nHost: gateway.test\r\nContent-Length: %d\r\n\r\n%s", len(hidden), hidden),
		"a length in Connection is a length still": post + fmt.Sprintf("Connection: Content-Length\r\nContent-Length: %d\r\n\r\n%s", len(hidden), hidden),
	} {
		t.Run(name, func(t *testing.T) {
			got := statuses(d.send(sent + get("/livez")))
			if len(got) != 2 || got[0] != 405 && got[0] != 400 || got[1] != 200 {
				t.Errorf("answers = %v, want one to the request and one to the next", got)
			}
		})
	}
}
