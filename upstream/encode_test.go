package upstream_test

import (
	"context"
	"net/http"
	"testing"

	"tributary/upstream"
)

// countedText counts how often it is encoded.
type countedText struct{ encoded *int }

// MarshalJSON implements json.Marshaler.
func (c *countedText) MarshalJSON() ([]byte, error) {
	*c.encoded++
	return []byte(`"text"`), nil
}

func TestNothingIsEncodedWithoutASharedCache(t *testing.T) {
	var encoded int
	up := upstream.New(settings(newFake(well)))
	s := upstream.NewSource(up, upstream.Spec[string, *countedText]{
		Name: "things",
		Key:  func(name string) string { return name },
		Request: func(ctx context.Context, name string) (*http.Request, error) {
			return http.NewRequestWithContext(ctx, http.MethodGet, "/things", nil)
		},
		Decode: func(upstream.Response) (*countedText, error) { return &countedText{&encoded}, nil },
	})
	if a := s.Ask(context.Background(), "a", upstream.Directives{}); a.Err != nil {
		t.Error(a.Err)
	}
	up.Close() // waits for what the fetch does after it has answered
	if encoded != 0 {
		t.Errorf("encoded %d times", encoded)
	}
}
