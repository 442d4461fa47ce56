package app_test

import (
	"bytes"
	"net"
	"strings"
	"syscall"
	"testing"

	"tributary/cmd/tributary/app"
)

func TestMistakesInTheFileBeforeAnythingListens(t *testing.T) {
	file := copyOrders(t)
	edit(t, file, "order.total", "order.totl")
	edit(t, file, "get: shipping", "get: shiping")
	for _, command := range []string{"demo", "sim"} {
		n := app.Network{Listen: func(network, addr string) (net.Listener, error) {
			t.Errorf("%s listens on %s", command, addr)
			return net.Listen(network, addr)
		}}
		var stdout, stderr bytes.Buffer
		env := map[string]string{"SIM_ADDR": "127.0.0.1:0", "PATIENCE": "soon"}
		code := n.Run(t.Context(), []string{command, "--endpoints", file}, func(name string) string { return env[name] }, &stdout, &stderr)
		if code != 1 || stdout.Len() > 0 {
			t.Errorf("%s: exit code %d, printed %q; want 1 and nothing", command, code, &stdout)
		}
		for _, mistake := range []string{"PATIENCE: ", "there is no upstream shiping (did you mean shipping", "totl"} {
			if strings.Count(stderr.String(), mistake) != 1 {
				t.Errorf("%s does not name %q once:\n%s", command, mistake, &stderr)
			}
		}
		if strings.Contains(stderr.String(), "_URL") {
			t.Errorf("%s wants a URL that it decides itself:\n%s", command, &stderr)
		}
	}
}

func TestReloadWhileSimulated(t *testing.T) {
	for _, command := range []string{"demo", "sim"} {
		t.Run(command, func(t *testing.T) {
			file := copyOrders(t)
			schema := strings.TrimSuffix(file, "orders.yaml") + "schemas/order.json"
			p := start(t, nil, command, "--endpoints", file)
			state := func() string {
				var order struct{ State string }
				p.upstream("orders", "/orders/9", &order)
				return order.State
			}
			for i, change := range [][2]string{{`"NEW", "PAID", "SHIPPED", "DELIVERED"`, `"LOST"`}, {`"LOST"`, `"FOUND"`}} {
				edit(t, schema, change[0], change[1])
				hangUp(t)
				p.logs.waitFor(t, "endpoints loaded", i+1)
				if got := `"` + state() + `"`; got != change[1] {
					t.Errorf("the simulated state is %s, want %s", got, change[1])
				}
			}
			edit(t, file, "sources:", "  returns: {}\nsources:")
			hangUp(t)
			if command == "sim" {
				p.logs.waitFor(t, "start the simulator again to simulate it", 1)
				return
			}
			p.logs.waitFor(t, "RETURNS_URL: is not set, and the file of endpoints gives no url", 1)
			if a := p.get("/v1/orders/9"); a.Data["state"] != "found" || a.Meta.Status != "complete" {
				t.Errorf("after a refused change: %d %s, want the answer of before", a.status, a.body)
			}
		})
	}
}

func hangUp(t *testing.T) {
	t.Helper()
	if err := syscall.Kill(syscall.Getpid(), syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
}
