package cache

import (
	"context"
	"time"

	"github.com/redis/go-redis/v9"
)

// take is GCRA (a token bucket) on Redis's own clock, in milliseconds.
var take = redis.NewScript(`
local t = redis.call('TIME')
local now = t[1] * 1000 + t[2] / 1000
local full = math.max(tonumber(redis.call('GET', KEYS[1]) or '0'), now)
local window = tonumber(ARGV[2])
local next = full + window / tonumber(ARGV[1])
if next - now > window then
	return {tostring(next - now - window), tostring(full - now)}
end
redis.call('SET', KEYS[1], string.format('%.3f', next), 'PX', math.ceil(next - now))
return {'0', tostring(next - now)}`)

// Take takes a token of a bucket that holds calls and is filled in window: retry
// is 0 if there was one, else the time until there is; reset is when the bucket
// is full. known is false when Redis could not be asked.
func (r *Redis) Take(ctx context.Context, key string, calls int, window time.Duration) (retry, reset time.Duration, known bool) {
	if r == nil {
		return 0, 0, false
	}
	err := r.do(ctx, "EVALSHA", func(ctx context.Context) error {
		waits, err := take.Run(ctx, r.client, []string{redisPrefix + "limit:" + key}, calls, float64(window)/float64(time.Millisecond)).Float64Slice()
		if err != nil {
			return err
		}
		retry, reset = milliseconds(waits[0]), milliseconds(waits[1])
		return nil
	})
	return retry, reset, err == nil
}

func milliseconds(ms float64) time.Duration { return time.Duration(ms * float64(time.Millisecond)) }
