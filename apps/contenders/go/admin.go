package main

import (
	"context"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// readiness is empty while requests can be served, else it says why not.
type readiness func(context.Context) string

// newRegistry has the process's own metrics; those of the Go runtime are left out, as summaries among them are
// none of the contract's types.
func newRegistry(from cgroup) *prometheus.Registry {
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "beastmark_build_info", Help: "Always 1; the labels say what was built.",
			ConstLabels: prometheus.Labels{"version": version, "revision": revision},
		}, func() float64 { return 1 }))
	registerCgroup(registry, from)
	return registry
}

func adminRoutes(registry *prometheus.Registry, notReady readiness) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { alive.write(w) })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		if why := notReady(r.Context()); why != "" {
			failed(http.StatusServiceUnavailable, "not_ready", why).write(w)
			return
		}
		answer{status: http.StatusOK, body: []byte(`{"status":"ready"}`)}.write(w)
	})
	// Uncompressed: a scrape must not cost the cores that are measured more than it has to.
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{DisableCompression: true}))
	return mux
}

func adminServer(routes http.Handler) *http.Server {
	return &http.Server{Handler: routes, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second,
		WriteTimeout: 10 * time.Second, IdleTimeout: time.Minute, MaxHeaderBytes: headLimit - headSlack}
}
