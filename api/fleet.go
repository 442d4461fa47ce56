package api

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"time"

	"tributary/cache"
)

// fleet shares Idempotency-Keys with the other replicas. Where Redis is not
// there, or does not answer, each replica has its own.
type fleet struct {
	redis   *cache.Redis
	running time.Duration // how long a replica that died holds a key
}

// claimed is what is shared of a key.
type claimed struct {
	Request []byte `json:"request"`
	Answer  *kept  `json:"answer,omitempty"` // nil while the request is running
}

const fleetPoll = 20 * time.Millisecond

// begin takes the key for this replica, or waits for the answer that another
// one has; found says that there is one.
func (f fleet) begin(ctx context.Context, key string, request [sha256.Size]byte) (answer kept, found bool, err error) {
	if f.redis == nil {
		return kept{}, false, nil
	}
	mine, err := json.Marshal(claimed{Request: request[:]})
	if err != nil {
		return kept{}, false, err
	}
	ticker := time.NewTicker(fleetPoll)
	defer ticker.Stop()
	for {
		there, taken, known := f.redis.Claim(ctx, hashed(key), mine, f.running)
		if taken || !known {
			return kept{}, false, nil
		}
		var c claimed
		if json.Unmarshal(there, &c) != nil {
			return kept{}, false, nil // of another version: on our own
		}
		switch {
		case string(c.Request) != string(request[:]):
			return kept{}, false, keyReused.with("this Idempotency-Key came with another request before; a new request wants a new key")
		case c.Answer != nil:
			return *c.Answer, true, nil
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return kept{}, false, running()
		}
	}
}

// finish shares the answer, or gives the key up.
func (f fleet) finish(ctx context.Context, key string, request [sha256.Size]byte, answer kept, settled bool) {
	if f.redis == nil {
		return
	}
	var shared []byte
	if settled {
		shared, _ = json.Marshal(claimed{Request: request[:], Answer: &answer}) // bytes and strings have a JSON form
	}
	f.redis.Settle(ctx, hashed(key), shared, keepAnswersFor)
}

// hashed keeps whoever reads Redis from using keys that are callers' own.
func hashed(key string) string {
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:])
}
