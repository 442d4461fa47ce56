package contracttest

import (
	"bytes"
	"compress/gzip"
	"io"

	"github.com/klauspost/compress/zstd"
)

// Decompressed returns a body without its content coding.
func Decompressed(body []byte, coding string) ([]byte, error) {
	if len(body) == 0 {
		return body, nil // HEAD has the headers of GET but no body
	}
	switch coding {
	case "gzip":
		z, err := gzip.NewReader(bytes.NewReader(body))
		if err != nil {
			return nil, err
		}
		return io.ReadAll(z)
	case "zstd":
		z, err := zstd.NewReader(nil)
		if err != nil {
			return nil, err
		}
		defer z.Close()
		return z.DecodeAll(body, nil)
	}
	return body, nil
}
