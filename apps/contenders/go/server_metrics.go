package main

import (
	"math"
	"net"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

const (
	devicesRoute = "/api/devices"
	healthRoute  = "/healthz"
	unknownRoute = ""
)

// bounds of a histogram: 20 to a decade, from `first` to 10 s, three digits each as the other targets write them.
func bounds(first float64) []float64 {
	const perDecade = 20
	count := int(math.Round(perDecade*math.Log10(10/first))) + 1
	all := make([]float64, count)
	for i := range all {
		exact := first * math.Pow(10, float64(i)/perDecade)
		all[i], _ = strconv.ParseFloat(strconv.FormatFloat(exact, 'e', 2, 64), 64)
	}
	return all
}

// seriesKey has no input in it: what is unknown is folded first.
type seriesKey struct {
	route, method string
	status        int
}

// serverMetrics counts answers. All series are made at start; a request only looks its own up.
type serverMetrics struct {
	durations   map[seriesKey]prometheus.Observer
	active      atomic.Int64
	connections atomic.Int64
}

// rejections are the 503, by reason.
type rejections struct {
	overload, unavailable prometheus.Counter
}

func newServerMetrics(registry *prometheus.Registry, method string) (*serverMetrics, *rejections) {
	made := &serverMetrics{durations: map[seriesKey]prometheus.Observer{}}
	vec := prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name:        "http_server_request_duration_seconds",
		Help:        "From the end of a request's head to its answer.",
		ConstLabels: prometheus.Labels{"url_scheme": "http"},
		Buckets:     bounds(100e-6),
	}, []string{"http_request_method", "http_route", "http_response_status_code"})
	for _, key := range answerable(method) {
		made.durations[key] = vec.WithLabelValues(key.method, key.route, strconv.Itoa(key.status))
	}
	rejected := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "beastmark_rejected_total", Help: "Requests answered 503, by reason.",
	}, []string{"reason"})
	registry.MustRegister(vec, rejected,
		gauge("http_server_active_requests", "Requests received and not yet answered.", nil, &made.active),
		gauge("beastmark_connections", "Open connections; Go has one pool of threads, shown as core 0.",
			prometheus.Labels{"core": "0"}, &made.connections))
	return made, &rejections{rejected.WithLabelValues("overload"), rejected.WithLabelValues("unavailable")}
}

// answerable lists every combination that this program can answer.
func answerable(served string) []seriesKey {
	statuses := map[string][]int{
		http.MethodGet:  {200, 400, 408, 413, 500},
		http.MethodHead: {200, 400, 408, 413, 500},
		http.MethodPost: {201, 400, 408, 413, 415, 500, 503, 504},
	}
	var all []seriesKey
	for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPost, "_OTHER"} {
		reads := method == http.MethodGet || method == http.MethodHead
		if method == served || (reads && served == http.MethodGet) {
			for _, status := range statuses[method] {
				all = append(all, seriesKey{devicesRoute, method, status})
			}
		} else {
			all = append(all, seriesKey{devicesRoute, method, http.StatusMethodNotAllowed})
		}
		health := http.StatusMethodNotAllowed
		if reads {
			health = http.StatusOK
		}
		all = append(all, seriesKey{healthRoute, method, health}, seriesKey{unknownRoute, method, http.StatusNotFound})
	}
	return append(all, seriesKey{unknownRoute, "_OTHER", http.StatusHTTPVersionNotSupported})
}

func (m *serverMetrics) observe(route, method string, status int, took time.Duration) {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost:
	default:
		method = "_OTHER"
	}
	if observer := m.durations[seriesKey{route, method, status}]; observer != nil {
		observer.Observe(took.Seconds())
	}
}

// follow is the server's ConnState.
func (m *serverMetrics) follow(_ net.Conn, state http.ConnState) {
	switch state {
	case http.StateNew:
		m.connections.Add(1)
	case http.StateClosed, http.StateHijacked:
		m.connections.Add(-1)
	default:
	}
}

func gauge(name, help string, labels prometheus.Labels, value *atomic.Int64) prometheus.Collector {
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help, ConstLabels: labels},
		func() float64 { return float64(value.Load()) })
}
