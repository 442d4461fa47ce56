package api

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"time"
)

// state is the state of a key without an answer.
type state string

const (
	stateClaimed state = "claimed" // nothing was sent yet; free once the lease has lapsed
	stateSent    state = "sent"    // it may have been carried out
	stateFree    state = "free"    // released; nothing was done
)

// sharedRecord is the record of a key in Redis: a state and its holder, or an answer and
// how long it is stored.
type sharedRecord struct {
	Request []byte    `json:"request"`
	State   state     `json:"state,omitempty"`
	Holder  string    `json:"holder,omitempty"`
	Answer  *kept     `json:"answer,omitempty"`
	Until   time.Time `json:"until,omitzero"`
}

func (s *sharedRecord) encode() []byte {
	b, _ := json.Marshal(s) // bytes, strings and times have a JSON form
	return b
}

// decodeShared returns nil unless the record is valid and encode writes exactly these
// bytes for it.
func decodeShared(b []byte) *sharedRecord {
	s := &sharedRecord{}
	if json.Unmarshal(b, s) != nil || len(s.Request) != sha256.Size || !bytes.Equal(b, s.encode()) {
		return nil
	}
	switch {
	case s.State == "" && s.Answer != nil && s.Answer.Status >= 200 && s.Answer.Status < 600:
		if s.Until.IsZero() { // of an earlier version
			s.Until = time.Now().Add(keepAnswersFor)
		}
		return s
	case s.Answer == nil && (s.State == stateClaimed || s.State == stateSent || s.State == stateFree):
		return s
	}
	return nil
}
