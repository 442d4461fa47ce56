package app_test

import (
	"bufio"
	"context"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"unsafe"

	"tributary/cmd/tributary/app"
)

// openTerminal opens a pseudo-terminal: what a program writes to the terminal is read from
// the screen.
func openTerminal(t *testing.T) (screen, terminal *os.File) {
	t.Helper()
	screen, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("this machine has no pseudo-terminals: %v", err)
	}
	t.Cleanup(func() { screen.Close() })
	control := func(request uintptr, value *int32) {
		if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, screen.Fd(), request, uintptr(unsafe.Pointer(value))); errno != 0 {
			t.Fatalf("ioctl %#x: %v", request, errno)
		}
	}
	var locked, number int32
	control(syscall.TIOCSPTLCK, &locked)
	control(syscall.TIOCGPTN, &number)
	terminal, err = os.OpenFile("/dev/pts/"+strconv.Itoa(int(number)), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { terminal.Close() })
	return screen, terminal
}

func TestDemoOnATerminalSaysWhatToDo(t *testing.T) {
	screen, terminal := openTerminal(t)
	env := map[string]string{"LISTEN_ADDR": "0.0.0.0:0", "ADMIN_ADDR": "127.0.0.1:0", "SIM_ADDR": "127.0.0.1:0"}
	ctx, stop := context.WithCancel(t.Context())
	logs, exit := &logs{}, make(chan int, 1)
	go func() {
		exit <- app.Run(ctx, []string{"demo"}, func(name string) string { return env[name] }, terminal, logs)
	}()
	var shown strings.Builder
	for lines := bufio.NewScanner(screen); !strings.Contains(shown.String(), "Ctrl+C") && lines.Scan(); {
		shown.WriteString(lines.Text() + "\n")
	}
	stop()
	if code := <-exit; code != 0 {
		t.Errorf("exit code = %d, want 0; it logged:\n%s", code, logs)
	}
	for _, want := range []string{"http://localhost:", "/docs", "/console", "curl 'http://localhost:", "/_sim/openmeteo -d '{\"mode\": \"down\"", "X-API-Key: demo-key"} {
		if !strings.Contains(shown.String(), want) {
			t.Errorf("the screen lacks %q:\n%s", want, &shown)
		}
	}
	if strings.Contains(shown.String(), "\nready") {
		t.Errorf("the screen has the lines for programs:\n%s", &shown)
	}
	if strings.Contains(logs.String(), `"msg":`) || !strings.Contains(logs.String(), "listening") {
		t.Errorf("the log is %s, want text", logs)
	}
}
