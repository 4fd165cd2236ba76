package main

import (
	"net/http"
	"path"
	"sync/atomic"
	"time"
)

// devicesHandler answers a request for /api/devices whose body was read.
type devicesHandler func(r *http.Request, body []byte) answer

// app is what listens on the app port.
type app struct {
	method      string // that /api/devices takes: GET or POST
	handle      devicesHandler
	metrics     *serverMetrics
	bodyTimeout time.Duration
	draining    atomic.Bool // answers ask the client to leave
}

func (a *app) routes() http.Handler {
	allow := a.method
	if a.method == http.MethodGet {
		allow = "GET, HEAD"
	}
	// Go's mux would answer 404 and 405 itself, in plain text: every path and method has a handler here.
	mux := http.NewServeMux()
	mux.HandleFunc(a.method+" "+devicesRoute, a.devices)
	mux.HandleFunc(devicesRoute, a.fixed(devicesRoute, notAllowed(allow)))
	mux.HandleFunc("GET "+healthRoute, a.fixed(healthRoute, alive))
	mux.HandleFunc(healthRoute, a.fixed(healthRoute, notAllowed("GET, HEAD")))
	unknown := a.fixed(unknownRoute, notFound)
	mux.HandleFunc("/", unknown)
	otherVersion := a.fixed(unknownRoute, wrongVersion)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ProtoMajor != 1 { // net/http lets the preface of HTTP/2 through
			otherVersion(w, r)
			return
		}
		// The mux redirects //api/devices; here that is a path like any other that is not known.
		if r.URL.Path == "" || r.URL.Path[0] != '/' || path.Clean(r.URL.Path) != r.URL.Path {
			unknown(w, r)
			return
		}
		mux.ServeHTTP(w, r)
	})
}

func (a *app) devices(w http.ResponseWriter, r *http.Request) {
	began := time.Now()
	a.metrics.active.Add(1)
	body, refused := readBody(w, r, a.bodyTimeout)
	if refused != nil {
		if refused.status == http.StatusRequestEntityTooLarge {
			a.count(devicesRoute, r.Method, refused.status, began)
			refuseBody(w, r, *refused)
			return
		}
		a.finish(w, r, devicesRoute, *refused, began)
		return
	}
	a.finish(w, r, devicesRoute, a.handle(r, body), began)
}

// fixed answers without a look at the body: net/http skips it, or closes the connection.
func (a *app) fixed(route string, same answer) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		a.metrics.active.Add(1)
		if r.ContentLength != 0 { // it skips before it answers, and would wait for ever
			_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(a.bodyTimeout))
		}
		a.finish(w, r, route, same, time.Now())
	}
}

func (a *app) finish(w http.ResponseWriter, r *http.Request, route string, given answer, began time.Time) {
	// net/http drops a Transfer-Encoding of HTTP/1.0 unseen: where such a request ends cannot be told.
	given.close = given.close || a.draining.Load() || !r.ProtoAtLeast(1, 1)
	given.write(w)
	a.count(route, r.Method, given.status, began)
}

func (a *app) count(route, method string, status int, began time.Time) {
	a.metrics.active.Add(-1)
	a.metrics.observe(route, method, status, time.Since(began))
}
