package worstday

import (
	"fmt"
	"strconv"
	"time"
)

// RedisEvent lets something happen to the Redis of the world.
func (w *World) RedisEvent(e Event) error {
	r := w.Redis()
	replica, _ := strconv.Atoi(e.Args) // of a partition
	switch e.Who {
	case "gone":
		r.Gone()
	case "hang":
		r.Hang()
	case "slow":
		delay, err := time.ParseDuration(e.Args)
		if err != nil {
			return err
		}
		r.Slow(delay)
	case "readonly":
		r.ReadOnly()
	case "full":
		r.Full()
	case "flush":
		r.Flush()
	case "partition":
		r.Partition(replica)
	case "back", "rejoin":
		r.Heal()
	default:
		return fmt.Errorf("Redis cannot be %q", e.Who)
	}
	return nil
}
