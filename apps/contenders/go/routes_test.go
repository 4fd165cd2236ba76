package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func getApp() *app {
	metrics, _ := newServerMetrics(newRegistry(cgroup{}), http.MethodGet)
	return &app{method: http.MethodGet, handle: listDevices, metrics: metrics, bodyTimeout: time.Second}
}

func TestRoutes(t *testing.T) {
	routes := getApp().routes()
	for _, one := range []struct {
		method, target string
		status         int
	}{
		{"GET", "/api/devices", 200}, {"HEAD", "/api/devices?x=1", 200}, {"POST", "/api/devices", 405},
		{"get", "/api/devices", 405}, {"GET", "/healthz", 200}, {"PUT", "/healthz", 405}, {"GET", "/api/devices/", 404},
		{"GET", "//api/devices", 404}, {"GET", "/x/../api/devices", 404}, {"OPTIONS", "*", 404}, {"GET", "/metrics", 404},
	} {
		got := httptest.NewRecorder()
		routes.ServeHTTP(got, httptest.NewRequest(one.method, one.target, nil))
		if got.Code != one.status || got.Header().Get("Content-Type") != "application/json" {
			t.Errorf("%s %s: %d %s", one.method, one.target, got.Code, got.Header())
		}
		if allow := got.Header().Get("Allow"); (allow == "GET, HEAD") != (one.status == 405) {
			t.Errorf("%s %s: Allow %q", one.method, one.target, allow)
		}
	}
}

// Every answer of the routes is counted: a missing series would lose it without a word.
func TestEveryAnswerHasItsSeries(t *testing.T) {
	serving := getApp()
	for _, method := range []string{"GET", "HEAD", "POST", "PUT"} {
		for _, target := range []string{"/api/devices", "/healthz", "/nowhere"} {
			got := httptest.NewRecorder()
			serving.routes().ServeHTTP(got, httptest.NewRequest(method, target, nil))
			folded := map[bool]string{true: "_OTHER", false: method}[method == "PUT"]
			route := map[bool]string{true: unknownRoute, false: target}[target == "/nowhere"]
			if serving.metrics.durations[seriesKey{route, folded, got.Code}] == nil {
				t.Errorf("no series for %s %s %d", folded, route, got.Code)
			}
		}
	}
	if left := serving.metrics.active.Load(); left != 0 {
		t.Errorf("%d requests are still active", left)
	}
}

func TestBodiesAreBounded(t *testing.T) {
	for size, wanted := range map[int]int{bodyLimit: 200, bodyLimit + 1: 413} {
		for _, chunked := range []bool{false, true} {
			server := httptest.NewServer(getApp().routes())
			request, _ := http.NewRequest("GET", server.URL+"/api/devices", strings.NewReader(strings.Repeat("x", size)))
			if chunked {
				request.Body, request.ContentLength = io.NopCloser(strings.NewReader(strings.Repeat("x", size))), -1
			}
			got, err := http.DefaultClient.Do(request)
			if err != nil {
				t.Fatal(err)
			}
			got.Body.Close()
			if got.StatusCode != wanted || got.Close != (wanted == 413) {
				t.Errorf("%d bytes, chunked %v: %d, close %v", size, chunked, got.StatusCode, got.Close)
			}
			server.Close()
		}
	}
}

func TestBoundsHaveTwentyToADecade(t *testing.T) {
	all := bounds(10e-6)
	if len(all) != 121 || all[0] != 0.00001 || all[1] != 0.0000112 || all[120] != 10 {
		t.Errorf("%d bounds, %v %v ... %v", len(all), all[0], all[1], all[len(all)-1])
	}
}

func TestContentTypes(t *testing.T) {
	for text, wanted := range map[string]bool{"": true, "application/json": true, "APPLICATION/JSON": true,
		"application/json ; a=\"b\"": true, "application/json;charset=UTF-8": true, "application/jsonp": false,
		"text/json": false, "application": false, "json": false} {
		if isJSON(text) != wanted {
			t.Errorf("%q: %v", text, !wanted)
		}
	}
}
