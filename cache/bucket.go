package cache

import (
	"context"
	"time"

	"github.com/redis/go-redis/v9"
)

// take is GCRA, a token bucket, in milliseconds of Redis's clock. It compares the used
// part of the window, not absolute times, because a float64 with an absolute time is
// not precise enough for a short window. Stored times are rounded to a microsecond; the
// 0.001 allows for that.
var take = redis.NewScript(`
local t = redis.call('TIME')
local now = t[1] * 1000 + t[2] / 1000
local window = tonumber(ARGV[2])
local full = tonumber(redis.call('GET', KEYS[1]) or '0') or 0
local used = math.min(math.max(full - now, 0), window)
local after = used + tonumber(ARGV[3]) * window / tonumber(ARGV[1])
if after > window + 0.001 then
	return {tostring(after - window), tostring(used)}
end
redis.call('SET', KEYS[1], string.format('%.3f', now + after), 'PX', math.max(1, math.ceil(after)))
return {'0', tostring(after)}`)

// Take takes some tokens, all or none, from a bucket that holds calls tokens and is
// refilled in window. retry is 0 if they were there, else the time until they are; reset is the time
// until the bucket is full. known is false if Redis could not be asked.
func (r *Redis) Take(ctx context.Context, key string, tokens, calls int, window time.Duration) (retry, reset time.Duration, known bool) {
	if r == nil {
		return 0, 0, false
	}
	err := r.do(ctx, "EVALSHA", func(ctx context.Context) error {
		waits, err := take.Run(ctx, r.client, []string{redisPrefix + "limit:" + key}, calls, float64(window)/float64(time.Millisecond), tokens).Float64Slice()
		if err != nil {
			return err
		}
		retry, reset = milliseconds(waits[0]), milliseconds(waits[1])
		return nil
	})
	return retry, reset, err == nil
}

// milliseconds converts to a Duration, 146 years at most. The longest Duration itself
// would overflow, because a float64 rounds it up.
func milliseconds(ms float64) time.Duration {
	return time.Duration(min(ms*float64(time.Millisecond), 1<<62))
}
