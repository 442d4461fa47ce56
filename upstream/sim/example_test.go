package sim_test

import (
	"context"
	"fmt"
	"net/http"

	"tributary/upstream/sim"
)

func Example() {
	s, err := sim.Start(context.Background(), sim.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer s.Close()

	if err := s.SetFault(sim.Directory, sim.Fault{ErrorRate: 1, Status: 503}); err != nil {
		fmt.Println(err)
		return
	}
	resp, err := http.Get(s.URL(sim.Directory) + "/users/1")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	fmt.Println(resp.Status, "after", s.Calls(sim.Directory), "call")
	// Output: 503 Service Unavailable after 1 call
}
