package worstday

import "fmt"

// redis lets something happen to the fleet's Redis.
func (d *day) redis(e Event) error { return fmt.Errorf("no Redis: %s", e) }
