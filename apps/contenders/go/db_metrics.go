package main

import (
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"
)

const (
	postgresPool  = "postgresql"
	memcachedPool = "memcached"
	poolLabel     = "db_client_connection_pool_name"
)

var (
	storeErrors = []error{errRefused, errUnavailable, errOverloaded, errUnknown, errTimedOut}
	cacheErrors = []string{"", "refused", "unavailable", "timed_out", "lost"}
)

// storeMetrics are of the inserts; failures by their error.
type storeMetrics struct {
	durations  map[error]prometheus.Observer
	wait       prometheus.Observer
	pending    atomic.Int64
	reconnects prometheus.Counter
}

// cacheMetrics are of the cache sets; failures by their type.
type cacheMetrics struct {
	durations              map[string]prometheus.Observer
	open, used, connecting atomic.Int64
	reconnects             prometheus.Counter
}

func newBackendMetrics(registry *prometheus.Registry) (*storeMetrics, *cacheMetrics) {
	durations := prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name:    "db_client_operation_duration_seconds",
		Help:    "Inserts and cache sets, failures and waiting for a connection included.",
		Buckets: bounds(10e-6),
	}, []string{"db_system_name", "db_operation_name", "error_type"})
	wait := prometheus.NewHistogram(prometheus.HistogramOpts{
		Name:        "db_client_connection_wait_time_seconds",
		Help:        "From a request for a connection until it had one.",
		ConstLabels: prometheus.Labels{poolLabel: postgresPool},
		Buckets:     bounds(10e-6),
	})
	reconnects := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "beastmark_reconnects_total", Help: "Connections usable again after a loss.",
	}, []string{poolLabel})
	store := &storeMetrics{durations: map[error]prometheus.Observer{}, wait: wait,
		reconnects: reconnects.WithLabelValues(postgresPool)}
	store.durations[nil] = durations.WithLabelValues(postgresPool, "INSERT", "")
	for _, err := range storeErrors {
		store.durations[err] = durations.WithLabelValues(postgresPool, "INSERT", err.Error())
	}
	cache := &cacheMetrics{durations: map[string]prometheus.Observer{},
		reconnects: reconnects.WithLabelValues(memcachedPool)}
	for _, kind := range cacheErrors {
		cache.durations[kind] = durations.WithLabelValues(memcachedPool, "set", kind)
	}
	registry.MustRegister(durations, wait, reconnects,
		gauge("db_client_connection_pending_requests", "Requests that wait for a connection.",
			prometheus.Labels{poolLabel: postgresPool}, &store.pending))
	return store, cache
}

func (m *storeMetrics) observe(err error, took time.Duration) {
	m.durations[err].Observe(took.Seconds())
}

func (m *cacheMetrics) observe(kind string, took time.Duration) {
	m.durations[kind].Observe(took.Seconds())
}

// poolCollector shows the connections of both pools when it is asked.
type poolCollector struct {
	pool       *pgxpool.Pool
	cache      *cacheMetrics
	count, max *prometheus.Desc
}

func newPoolCollector(pool *pgxpool.Pool, cache *cacheMetrics) *poolCollector {
	return &poolCollector{pool: pool, cache: cache,
		count: prometheus.NewDesc("db_client_connection_count", "Connections by state.",
			[]string{poolLabel, "db_client_connection_state"}, nil),
		max: prometheus.NewDesc("db_client_connection_max", "Connections that a pool may open.",
			[]string{poolLabel}, nil)}
}

// Describe is prometheus.Collector's.
func (c *poolCollector) Describe(to chan<- *prometheus.Desc) {
	to <- c.count
	to <- c.max
}

// Collect is prometheus.Collector's. memcached has no maximum: gomemcache opens what it needs.
func (c *poolCollector) Collect(to chan<- prometheus.Metric) {
	show := func(pool, state string, value int64) {
		to <- prometheus.MustNewConstMetric(c.count, prometheus.GaugeValue, float64(value), pool, state)
	}
	stat := c.pool.Stat()
	show(postgresPool, "idle", int64(stat.IdleConns()))
	show(postgresPool, "used", int64(stat.AcquiredConns()))
	show(postgresPool, "connecting", int64(stat.ConstructingConns()))
	open, connecting := c.cache.open.Load(), c.cache.connecting.Load()
	used := min(max(c.cache.used.Load()-connecting, 0), open) // read one by one, so they may be of different moments
	show(memcachedPool, "idle", open-used)
	show(memcachedPool, "used", used)
	show(memcachedPool, "connecting", connecting)
	to <- prometheus.MustNewConstMetric(c.max, prometheus.GaugeValue, float64(stat.MaxConns()), postgresPool)
}
