package users

import (
	"strings"
	"testing"

	"tributary/upstream"
)

func benchmarkDecode[A any](b *testing.B, decode func(upstream.Response) (A, error), body string) {
	r := respond(200, body)
	b.ReportAllocs()
	b.SetBytes(int64(len(body)))
	for b.Loop() {
		if _, err := decode(r); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDecodeRecord(b *testing.B) { benchmarkDecode(b, decodeRecord, testdata(b, "user.json")) }
func BenchmarkDecodeGitHub(b *testing.B) {
	benchmarkDecode(b, decodeGitHub, testdata(b, "github.json"))
}

func BenchmarkDecodePageOf20(b *testing.B) {
	user := testdata(b, "user.json")
	benchmarkDecode(b, decodeList, "["+strings.Repeat(user+",", 19)+user+"]")
}

func BenchmarkDecodePosts(b *testing.B) {
	post := `{"userId":1,"id":1,"title":"a title","body":"a\nbody"}`
	benchmarkDecode(b, directoryPosts().Decode, "["+strings.Repeat(post+",", 9)+post+"]")
}

func BenchmarkDecodeTodos(b *testing.B) {
	todo := `{"userId":1,"id":1,"title":"a title","completed":true}`
	benchmarkDecode(b, directoryTodos().Decode, "["+strings.Repeat(todo+",", 19)+todo+"]")
}

func BenchmarkParseUser(b *testing.B) {
	body := []byte(`{"name":"Ada","email":"ada@example.org","website":"https://example.org/ada","address":{"city":"C","latitude":-37.25,"longitude":10}}`)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ParseUser(body); err != nil {
			b.Fatal(err)
		}
	}
}
