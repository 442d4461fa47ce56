package auth_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
)

// An issuer's answer with a header of more than 64 KiB is not read to its end.
func TestIssuersHeader(t *testing.T) {
	k := theKeys()
	for name, c := range map[string]struct {
		bytes, status int
		logs          string
	}{
		"of half the bound":  {32 << 10, http.StatusOK, "keys were read"},
		"of twice the bound": {128 << 10, http.StatusServiceUnavailable, "server response headers exceeded 65536 bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			i := startIssuer(t, func(w http.ResponseWriter, r *http.Request) {
				for n := range c.bytes / 1000 {
					w.Header().Set(fmt.Sprint("X-Long-", n), strings.Repeat("a", 1000))
				}
				publishes(k.ed)(w, r)
			})
			var log bytes.Buffer
			cfg := believing(i)
			cfg.Logger = slog.New(slog.NewTextHandler(&log, nil))
			a := open(t, cfg)
			_, err := show(a, k.ed.token(t, nil))
			wantStatus(t, err, c.status, "")
			a.Close()
			if !strings.Contains(log.String(), c.logs) {
				t.Errorf("log:\n%swant %q", log.String(), c.logs)
			}
		})
	}
}
