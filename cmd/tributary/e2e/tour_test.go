package e2e_test

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"tributary/cache/redistest"
	"tributary/telemetry/telemetrytest"
)

// step is a command of the tour, and what the page says that its output contains.
type step struct {
	command string
	shows   []string
}

// tourStart is the first command of the tour. The test starts the demo in this process
// instead.
const tourStart = "go run ./cmd/tributary demo"

// Every command of docs/tour.md works and shows what the page says.
func TestTour(t *testing.T) {
	for _, program := range []string{"sh", "curl"} {
		if _, err := exec.LookPath(program); err != nil {
			redistest.Missing(t, program, "apt-get install curl")
		}
	}
	steps := readTour(t)
	d := startDemo(t, nil)
	addresses := strings.NewReplacer(
		"localhost:8080", strings.TrimPrefix(d.urls["api"], "http://"),
		"localhost:8081", strings.TrimPrefix(d.urls["admin"], "http://"),
		"localhost:9100", strings.TrimPrefix(d.urls["sim"], "http://"),
	)
	for _, s := range steps {
		t.Run(s.command, func(t *testing.T) {
			cmd := exec.CommandContext(t.Context(), "sh", "-ec", addresses.Replace(s.command))
			var stderr bytes.Buffer
			cmd.Stderr = &stderr
			out, err := cmd.Output()
			watch.Check(telemetrytest.Answer, out)
			if err != nil && !endedByCurl(s.command, err) {
				t.Errorf("%v: %s", err, &stderr)
			}
			for _, want := range s.shows {
				if !strings.Contains(string(out), want) {
					t.Errorf("the output lacks %s:\n%s", want, out)
				}
			}
		})
	}
}

// endedByCurl reports whether a command failed only because curl's --max-time was over.
func endedByCurl(command string, err error) bool {
	const timeout = 28
	exit, ok := errors.AsType[*exec.ExitError](err)
	return ok && exit.ExitCode() == timeout && strings.Contains(command, "--max-time")
}

// readTour is what the page tells its readers to do once the demo runs.
func readTour(t *testing.T) (steps []step) {
	t.Helper()
	page, err := os.ReadFile("../../../docs/tour.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?ms)^```(\\w*)\n(.*?)^```$").FindAllStringSubmatch(string(page), -1)
	if len(blocks) == 0 || blocks[0][1] != "sh" || strings.TrimSpace(blocks[0][2]) != tourStart {
		t.Fatalf("the page does not begin with %q", tourStart)
	}
	for i, b := range blocks[1:] {
		text := strings.TrimSpace(b[2])
		switch {
		case i%2 == 0 && b[1] == "sh":
			steps = append(steps, step{command: text})
		case i%2 == 1 && b[1] == "text" && text != "":
			steps[len(steps)-1].shows = strings.Split(text, "\n")
		default:
			t.Fatalf("commands (sh) and what they show (text) do not alternate at\n%s", b[0])
		}
	}
	if len(steps) == 0 || steps[len(steps)-1].shows == nil {
		t.Fatal("the page has no command, or does not say what its last one shows")
	}
	return steps
}
