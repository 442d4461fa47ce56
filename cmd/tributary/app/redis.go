package app

import (
	"context"
	"fmt"
	"log/slog"

	"tributary/cache"
	"tributary/telemetry"
	"tributary/telemetry/story"
)

// redisChanged tells the console when Redis stops answering, and when it answers again.
func redisChanged(stories *story.Recorder) func(away bool) {
	return func(away bool) {
		if away {
			stories.Happened(story.RedisAway, "", "Redis does not answer; this process goes on with its own memory")
			return
		}
		stories.Happened(story.RedisBack, "", "Redis answers again")
	}
}

// newRedis returns a client of the Redis at REDIS_URL, nil without one, and logs and
// remembers whether Redis answers. If it does not, the gateway starts all the same.
func (g *gateway) newRedis(n Network, cfg config, tel *telemetry.Telemetry, log *slog.Logger) (*cache.Redis, error) {
	g.sharing = "off"
	if !cfg.RedisURL.IsSet() {
		return nil, nil
	}
	r, err := cache.NewRedis(cache.RedisConfig{URL: cfg.RedisURL.Reveal(), Tracer: tel.Tracer(), Logger: log, Dial: n.Dial, Connections: n.RedisConnections, Changed: redisChanged(tel.Stories())})
	if err != nil {
		return nil, fmt.Errorf("REDIS_URL: %w", err)
	}
	if err := r.Reach(context.Background()); err != nil {
		g.sharing = "not reached"
		log.Warn("redis not reached; starting without it, it is used as soon as it answers", "address", r.Address(), "error", err.Error())
	} else {
		g.sharing = "reached"
		log.Info("redis reached", "address", r.Address())
	}
	return r, nil
}
