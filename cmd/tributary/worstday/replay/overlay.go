package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// goVersion is the version whose runtime the edits were made for. For another one, read
// these places again, and change the edits and this.
const goVersion = "go1.26.8"

// edit replaces one text, which must be in the file exactly once.
type edit struct {
	file     string // of GOROOT/src/runtime
	old, new string
}

// edits take every random choice in a bubble from one generator, which begins at
// SYNCTEST_SEED: the order of select's cases and of maps, timers of one instant, and
// math/rand. Outside bubbles, and without the variable, nothing changes.
var edits = []edit{
	// All processes hash alike.
	{"rand.go", "\tglobalRand.state.Init(*seed)\n\tclear(seed[:])\n", "\tclear(seed[:])\n\tglobalRand.state.Init(*seed)\n"},
	{"rand.go", "\tmp := getg().m\n\tc := &mp.chacha8\n\tfor {\n\t\t// Note: c.Next is marked nosplit,\n", `	if bubbleSeed != 0 && getg().bubble != nil {
		return bubbleRand()
	}
	mp := getg().m
	c := &mp.chacha8
	for {
		// Note: c.Next is marked nosplit,
`},
	{"rand.go", "//go:linkname maps_rand internal/runtime/maps.rand\n", `// bubbleSeed is the state of the generator of bubbles; 0: there is none.
var bubbleSeed uint64

// bubbleRand is splitmix64.
//
//go:nosplit
func bubbleRand() uint64 {
	bubbleSeed += 0x9e3779b97f4a7c15
	z := bubbleSeed
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

func seedBubble() {
	s := gogetenv("SYNCTEST_SEED")
	bubbleSeed = 0
	for i := 0; i < len(s); i++ {
		bubbleSeed = bubbleSeed*10 + uint64(s[i]-'0')
	}
}

//go:linkname maps_rand internal/runtime/maps.rand
`},
	{"select.go", "\t\tj := cheaprandn(uint32(norder + 1))\n", `		j := cheaprandn(uint32(norder + 1))
		if bubbleSeed != 0 && getg().bubble != nil {
			j = uint32(bubbleRand() % uint64(norder+1))
		}
`},
	{"time.go", "\t\t\tt.rand = cheaprand()\n", `			t.rand = cheaprand()
			if bubbleSeed != 0 {
				t.rand = uint32(bubbleRand())
			}
`},
	// Goroutines run until they wait.
	{"proc.go", "const forcePreemptNS = 10 * 1000 * 1000 // 10ms\n", "const forcePreemptNS = 1000 * 1000 * 1000 * 1000\n"},
	{"synctest.go", "\tgp.bubble = bubble\n\tdefer func() {\n\t\tgp.bubble = nil\n\t}()\n", `	gp.bubble = bubble
	seedBubble()
	defer func() {
		gp.bubble = nil
		bubbleSeed = 0
	}()
`},
}

// edited returns the changed files by their names.
func edited(goroot string) (map[string]string, error) {
	files := make(map[string]string)
	for _, e := range edits {
		text, ok := files[e.file]
		if !ok {
			b, err := os.ReadFile(original(goroot, e.file))
			if err != nil {
				return nil, err
			}
			text = string(b)
		}
		if n := strings.Count(text, e.old); n != 1 {
			return nil, fmt.Errorf("runtime/%s has this text %d times, want once: the edits are not for this version of Go:\n%s", e.file, n, e.old)
		}
		files[e.file] = strings.Replace(text, e.old, e.new, 1)
	}
	return files, nil
}

func original(goroot, file string) string { return filepath.Join(goroot, "src", "runtime", file) }

// writeOverlay writes the changed files to a folder, and returns the file for -overlay.
func writeOverlay(goroot, folder string) (string, error) {
	files, err := edited(goroot)
	if err != nil {
		return "", err
	}
	replace := make(map[string]string)
	for name, text := range files {
		path := filepath.Join(folder, name)
		replace[original(goroot, name)] = path
		if err := write(path, []byte(text)); err != nil {
			return "", err
		}
	}
	list, err := json.MarshalIndent(map[string]any{"Replace": replace}, "", "\t")
	if err != nil {
		return "", err
	}
	path := filepath.Join(folder, "overlay.json")
	return path, write(path, list)
}

func write(path string, text []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return err
	}
	return os.WriteFile(path, text, 0o666)
}
