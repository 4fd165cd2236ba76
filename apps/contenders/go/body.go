package main

import (
	"errors"
	"io"
	"net/http"
	"os"
	"strconv"
	"time"
)

const (
	bodyLimit = 16 * 1024 // bytes
	linger    = 2 * time.Second
)

// readBody reads a request's body to its end, within the limits. When it fails, the answer says why.
func readBody(w http.ResponseWriter, r *http.Request, timeout time.Duration) ([]byte, *answer) {
	if r.ContentLength == 0 { // -1: in chunks
		return nil, nil
	}
	if r.ContentLength > bodyLimit {
		return nil, &tooLarge
	}
	connection := http.NewResponseController(w)
	_ = connection.SetReadDeadline(time.Now().Add(timeout))
	body, err := readUpTo(r.Body, r.ContentLength)
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		last := closing(tooSlow)
		return nil, &last
	case err != nil:
		last := closing(malformedBody)
		return nil, &last
	case len(body) > bodyLimit:
		return nil, &tooLarge
	}
	// The server watches the connection while the handler works: the deadline must not end it then.
	_ = connection.SetReadDeadline(time.Time{})
	return body, nil
}

// readUpTo reads one byte more than the limit at most. One buffer of the right size where the length is known.
func readUpTo(from io.Reader, length int64) ([]byte, error) {
	if length > 0 {
		body := make([]byte, length)
		_, err := io.ReadFull(from, body)
		return body, err
	}
	return io.ReadAll(io.LimitReader(from, bodyLimit+1))
}

// refuseBody answers, then reads what the client is still sending (RFC 9112 section 9.6): closed with bytes
// unread, TCP would reset the connection, and the client might lose the answer that explains it.
func refuseBody(w http.ResponseWriter, r *http.Request, refused answer) {
	refused.close = true
	connection := http.NewResponseController(w)
	if r.Header.Get("Expect") != "" || connection.EnableFullDuplex() != nil {
		refused.write(w) // the body is not asked for, or cannot be read after the answer
		return
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(refused.body)))
	refused.write(w)
	_ = connection.Flush()
	_ = connection.SetReadDeadline(time.Now().Add(linger))
	_, _ = io.Copy(io.Discard, r.Body)
}
