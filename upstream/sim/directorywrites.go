package sim

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
)

// replay is the request and stored answer of an Idempotency-Key.
type replay struct {
	request [sha256.Size]byte
	answer  answer
}

// once carries out a write. If its Idempotency-Key was used before, it returns the
// stored answer instead, or an error if the request is a different one. Writes run one
// at a time, so two requests never use a key concurrently.
func (d *userDirectory) once(r *http.Request, id int) answer {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return emptyObject(http.StatusBadRequest)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	key := r.Header.Get("Idempotency-Key")
	if key == "" || d.ignoreKeys {
		return d.write(r, id, body)
	}
	request := sha256.Sum256(fmt.Appendf(nil, "%s %s\n%s", r.Method, r.URL.Path, body))
	if before, seen := d.replay[key]; seen {
		if before.request != request {
			return jsonAnswer(http.StatusUnprocessableEntity, map[string]string{"error": "Idempotency-Key was used for another request"})
		}
		return before.answer
	}
	a := d.write(r, id, body)
	d.replay[key] = replay{request, a}
	return a
}

func (d *userDirectory) write(r *http.Request, id int, body []byte) answer {
	at, known := d.find(id)
	if r.Method != http.MethodPost && !known {
		return emptyObject(http.StatusNotFound)
	}
	if r.Method == http.MethodDelete {
		d.users = slices.Delete(d.users, at, at+1)
		return emptyObject(http.StatusOK)
	}
	document, ok := decodeObject(body)
	if !ok {
		return jsonAnswer(http.StatusBadRequest, map[string]string{"error": "the body must be a JSON object"})
	}
	switch r.Method {
	case http.MethodPost:
		written := newUser(d.nextID, document)
		d.users = append(d.users, written)
		d.nextID++
		return bytesAnswer(http.StatusCreated, jsonUTF8, written.json).
			with("Location", fmt.Sprintf("http://%s/users/%d", r.Host, written.id))
	case http.MethodPatch:
		document = mergePatch(d.users[at].document, document)
	}
	d.users[at] = newUser(id, document)
	return bytesAnswer(http.StatusOK, jsonUTF8, d.users[at].json)
}

// newUser encodes a document with this id, which replaces the document's own.
func newUser(id int, document map[string]any) user {
	document["id"] = id
	encoded, _ := json.Marshal(document) // cannot fail: it was decoded from JSON
	return user{id, document, encoded}
}

// mergePatch implements RFC 7396. It does not change target.
func mergePatch(target, patch map[string]any) map[string]any {
	merged := make(map[string]any, len(target)+len(patch))
	for name, value := range target {
		merged[name] = value
	}
	for name, value := range patch {
		switch v := value.(type) {
		case nil:
			delete(merged, name)
		case map[string]any:
			nested, _ := merged[name].(map[string]any)
			merged[name] = mergePatch(nested, v)
		default:
			merged[name] = v
		}
	}
	return merged
}

// decodeObject decodes one JSON object and keeps numbers as written.
func decodeObject(text []byte) (map[string]any, bool) {
	if !json.Valid(text) {
		return nil, false // rejects text after the object too
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var object map[string]any
	err := decoder.Decode(&object)
	return object, err == nil && object != nil
}
