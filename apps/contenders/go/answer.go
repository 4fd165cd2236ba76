package main

import (
	"encoding/json"
	"net/http"
)

// answer is what a handler gives back; serve writes it, and counts it by its status.
type answer struct {
	status int
	body   []byte
	cache  string // X-Cache
	allow  string // Allow
	close  bool   // where the request ends cannot be told any more
}

// failure is the JSON of every error answer. Nothing of the request goes into it.
type failure struct {
	Error  string `json:"error"`
	Detail string `json:"detail"`
}

// failed is an error answer; write adds Retry-After to a 503.
func failed(status int, code, detail string) answer {
	body, _ := json.Marshal(failure{code, detail}) // two strings: cannot fail
	return answer{status: status, body: body}
}

func badRequest(detail string) answer {
	return failed(http.StatusBadRequest, "bad_request", detail)
}

var (
	alive    = answer{status: http.StatusOK, body: []byte(`{"status":"ok"}`)}
	notFound = failed(http.StatusNotFound, "not_found", "no resource has this path")
	tooLarge = failed(http.StatusRequestEntityTooLarge, "content_too_large",
		"the body is over the limit of 16384 bytes")
	tooSlow       = failed(http.StatusRequestTimeout, "request_timeout", "the request was not complete in time")
	malformedBody = badRequest("the body ended early, or a chunk of it is malformed")
	wrongType     = failed(http.StatusUnsupportedMediaType, "unsupported_media_type",
		"Content-Type must be application/json")
	wrongVersion = closing(failed(http.StatusHTTPVersionNotSupported, "version_not_supported",
		"HTTP/1.0 and HTTP/1.1 are understood"))
	internal = failed(http.StatusInternalServerError, "internal_error", "the answer could not be made")
)

func notAllowed(allow string) answer {
	refused := failed(http.StatusMethodNotAllowed, "method_not_allowed",
		"the resource does not take this method; the Allow header lists those it takes")
	refused.allow = allow
	return refused
}

// closing is the same answer on a connection that cannot be used again.
func closing(last answer) answer {
	last.close = true
	return last
}

func (a answer) write(w http.ResponseWriter) {
	header := w.Header()
	header.Set("Content-Type", "application/json")
	if a.cache != "" {
		header.Set("X-Cache", a.cache)
	}
	if a.allow != "" {
		header.Set("Allow", a.allow)
	}
	if a.status == http.StatusServiceUnavailable {
		header.Set("Retry-After", "1")
	}
	if a.close {
		header.Set("Connection", "close")
	}
	w.WriteHeader(a.status)
	_, _ = w.Write(a.body) // fails when the client has gone: nobody is left to be told
}
