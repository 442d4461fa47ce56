package fuzz_test

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"tributary/api"
	"tributary/cache"
	"tributary/cache/redistest"
)

// FuzzClaimRecord puts arbitrary bytes where Redis has the record of an Idempotency-Key.
// If they are no record, nothing is sent to the directory: another replica may have
// carried out the request.
func FuzzClaimRecord(f *testing.F) {
	server := redistest.Start(f)
	redis, err := cache.NewRedis(cache.RedisConfig{URL: server.PatientURL(), Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { redis.Close() })
	gateway := newGateway(f, func(c *api.Config) { c.Redis = redis })
	client := server.Client()
	claim := func(key string) string {
		sum := sha256.Sum256([]byte("key:writer\n" + key))
		return "tributary:1:claim:" + hex.EncodeToString(sum[:])
	}
	post := func(key string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(http.MethodPost, "/v1/users", strings.NewReader(`{"name":"Ada"}`))
		r.Header = http.Header{"Content-Type": {"application/json"}, "X-Api-Key": {writerKey}, "Idempotency-Key": {key}}
		w := httptest.NewRecorder()
		gateway.ServeHTTP(w, r)
		return w
	}
	if w := post("seed"); w.Code != http.StatusCreated {
		f.Fatalf("a new key: %d %s", w.Code, w.Body)
	}
	answered, err := client.Get(f.Context(), claim("seed")).Bytes()
	if err != nil {
		f.Fatal(err) // the fuzz target looks at another key
	}
	var record map[string]json.RawMessage
	if err := json.Unmarshal(answered, &record); err != nil {
		f.Fatal(err)
	}
	request := `{"request":` + string(record["request"])
	for _, seed := range []string{
		string(answered), string(answered[:len(answered)/2]), request + `,"state":"claimed","holder":"a"}`, request + `,"state":"sent","holder":"a"}`, request + `,"state":"free"}`,
		request + `,"state":"lost"}`, `{}`, `null`, "", "\xff", `{"request":"AA==","state":"free"}`, request + `,"answer":{"Status":99,"Header":null,"Body":null}}`, `[1]`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, stored []byte) {
		key := rand.Text()
		if err := client.Set(t.Context(), claim(key), stored, 0).Err(); err != nil {
			t.Fatal(err)
		}
		w := post(key)
		sent := w.Code == http.StatusCreated && w.Header().Get("Idempotent-Replayed") == ""
		if sent && !bytes.Contains(stored, []byte(`"state":"free"`)) && !bytes.Contains(stored, []byte(`"state":"claimed"`)) {
			t.Errorf("%q: the write was sent", stored)
		}
		if w.Code == http.StatusInternalServerError || !json.Valid(stored) && w.Code != http.StatusServiceUnavailable {
			t.Errorf("%q: %d %s", stored, w.Code, w.Body)
		}
	})
}
