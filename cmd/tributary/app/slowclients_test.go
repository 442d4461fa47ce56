package app

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// A header has a bound, whatever it is made of and whether or not it ends.
func TestHeadersOfRequests(t *testing.T) {
	d := openDoor(t, nil)
	const bound = 64 << 10
	begin := "GET /livez HTTP/1.1\r\nHost: gateway.test\r\nConnection: close\r\n"
	lines := func(n int) string {
		var b strings.Builder
		for i := range n {
			b.WriteString("X-" + strconv.Itoa(i) + ": a\r\n")
		}
		return b.String()
	}
	for name, c := range map[string]struct {
		sent   string
		status int
	}{
		"half the bound in one line":   {begin + "X: " + strings.Repeat("a", bound/2) + "\r\n\r\n", 200},
		"half the bound in many lines": {begin + lines(bound/2/10) + "\r\n", 200},
		"one long line":                {begin + "X: " + strings.Repeat("a", 2*bound) + "\r\n\r\n", 431},
		"many lines":                   {begin + lines(2*bound/10) + "\r\n", 431},
		"one name many times":          {begin + strings.Repeat("Accept: text/plain\r\n", 2*bound/20) + "\r\n", 431},
		"a long name":                  {begin + strings.Repeat("a", 2*bound) + ": a\r\n\r\n", 431},
		"a long target":                {"GET /livez?" + strings.Repeat("a", 2*bound) + " HTTP/1.1\r\nHost: gateway.test\r\n\r\n", 431},
		"a long method":                {strings.Repeat("A", 2*bound) + " / HTTP/1.1\r\nHost: gateway.test\r\n\r\n", 431},
		"a line without an end":        {begin + "X: " + strings.Repeat("a", 8*bound), 431},
		"lines without an end":         {begin + lines(bound), 431},
		"a trailer without an end": {"POST /v1/users HTTP/1.1\r\nHost: gateway.test\r\nX-API-Key: writer-key\r\nContent-Type: application/json\r\n" +
			"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nX: " + strings.Repeat("a", 2*bound), 400},
	} {
		t.Run(name, func(t *testing.T) {
			if got := statuses(d.send(c.sent)); !slices.Equal(got, []int{c.status}) {
				t.Errorf("answers = %v, want %d and then the end", got, c.status)
			}
		})
	}
}

// drip sends a text again and again until the server closes the connection, and returns
// how long that took.
func (c *client) drip(begin, text string, every time.Duration) time.Duration {
	start := time.Now()
	go io.Copy(io.Discard, c.in)
	_, err := io.WriteString(c, begin)
	for err == nil && time.Since(start) < time.Hour {
		time.Sleep(every)
		_, err = io.WriteString(c, text)
	}
	return time.Since(start)
}

// A client that sends or reads slowly loses its connection, and holds up nobody else.
func TestSlowClients(t *testing.T) {
	const begin = "GET /livez HTTP/1.1\r\nHost: gateway.test\r\n"
	const write = "POST /v1/users HTTP/1.1\r\nHost: gateway.test\r\nX-API-Key: writer-key\r\nContent-Type: application/json\r\n"
	for name, c := range map[string]struct {
		begin, text string
		every, ends time.Duration // between two texts; when the connection ends
	}{
		"a header by one byte a second":           {begin + "X: ", "a", time.Second, 5 * time.Second},
		"a header by one line a second":           {begin, "X: a\r\n", time.Second, 5 * time.Second},
		"a request line by one byte a second":     {"GET /", "a", time.Second, 5 * time.Second},
		"empty lines before a request":            {"", "\r\n", time.Second, time.Second},
		"nothing at all":                          {"", "", time.Second, 5 * time.Second},
		"a body by one byte a second":             {write + "Content-Length: 100000\r\n\r\n{", " ", time.Second, 6 * time.Second},
		"a body in chunks of one byte a second":   {write + "Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n", "1\r\n \r\n", time.Second, 6 * time.Second},
		"a body that nobody reads":                {"POST /livez HTTP/1.1\r\nHost: gateway.test\r\nContent-Length: 100000\r\n\r\n", "a", time.Second, 5 * time.Second},
		"a request, and then half of the next":    {begin + "\r\n" + begin, "X: a\r\n", time.Second, 5 * time.Second},
		"a request, and then nothing for minutes": {begin + "\r\n", "", time.Minute, 2 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				dial, stop := serveStream(t, map[string]string{"REQUEST_TIMEOUT": "5s", "API_KEYS": "writer:users:write:writer-key"})
				defer stop()
				took := make(chan time.Duration, 100)
				for range 100 {
					go func() { took <- dial().drip(c.begin, c.text, c.every) }()
				}
				synctest.Wait()
				if status, _ := dial().ask("/livez"); status != http.StatusOK {
					t.Errorf("another client: %d, want 200", status)
				}
				for range 100 {
					if after := <-took; after < c.ends-c.every || after > c.ends+c.every {
						t.Fatalf("the connection ended after %v, want %v", after, c.ends)
					}
				}
			})
		})
	}
	t.Run("a client that does not read its answers", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			dial, stop := serveStream(t, map[string]string{"REQUEST_TIMEOUT": "5s"})
			defer stop()
			c, start := dial(), time.Now()
			_, err := io.WriteString(c, begin+"\r\n"+begin+"\r\n") // a pipe has no buffer: the first answer waits for its reader
			for err == nil && time.Since(start) < time.Hour {
				time.Sleep(time.Second)
				_, err = io.WriteString(c, begin+"\r\n")
			}
			if after := time.Since(start); after > 16*time.Second {
				t.Errorf("the connection ended after %v, want 15 s", after)
			}
		})
	})
}

// idle opens connections that have been answered once and then wait.
func (d *door) idle(t testing.TB, n int) (all []net.Conn) {
	t.Helper()
	for range n {
		conn, err := net.Dial("tcp", d.api)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(conn, "GET /livez HTTP/1.1\r\nHost: gateway.test\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		r, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			t.Fatal(err)
		}
		all = append(all, conn)
	}
	return all
}

// memory is what heap and stacks hold.
func memory() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc + m.StackInuse)
}

// 5,000 idle connections are served beside others, and each holds little memory. Where a
// process may open fewer files, there are fewer: a connection takes two, one for its client.
func TestManyIdleConnections(t *testing.T) {
	const most = 64 << 10
	d := openDoor(t, nil)
	before := memory()
	var files syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &files); err != nil {
		t.Fatal(err)
	}
	all := d.idle(t, int(min(5000, files.Cur/2-200)))
	each := (memory() - before) / int64(len(all))
	if each > most {
		t.Errorf("an idle connection holds %d bytes, with its client; want %d at most", each, most)
	}
	if got := statuses(d.send(get("/v1/users/1"))); !slices.Equal(got, []int{200}) {
		t.Errorf("another client: %v, want 200", got)
	}
	for _, conn := range all {
		if err := conn.SetReadDeadline(time.Unix(1, 0)); err != nil {
			t.Fatal(err)
		}
		if _, err := conn.Read(make([]byte, 1)); errors.Is(err, io.EOF) {
			t.Error("an idle connection was closed at once")
		}
		conn.Close()
	}
}

// BenchmarkIdleConnections measures the memory of an idle connection, with that of its
// client in this process, which has no buffers.
func BenchmarkIdleConnections(b *testing.B) {
	const n = 2000
	d := openDoor(b, nil)
	for b.Loop() {
		before := memory()
		all := d.idle(b, n)
		b.ReportMetric(float64(memory()-before)/n, "bytes/connection")
		for _, conn := range all {
			conn.Close()
		}
	}
}
