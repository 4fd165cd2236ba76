package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync/atomic"
	"time"

	"github.com/bradfitz/gomemcache/memcache"
)

const cacheSeconds = 20

// cache sets entries in memcached. gomemcache opens a connection for each set that finds none idle, and keeps
// so many idle ones as it is told.
type cache struct {
	client  *memcache.Client
	metrics *cacheMetrics
	failing atomic.Bool
	log     *occasionally
}

func openCache(address string, idle int, timeout time.Duration, metrics *cacheMetrics) (*cache, error) {
	servers := new(memcache.ServerList)
	if err := servers.SetServers(address); err != nil {
		return nil, fmt.Errorf("--memcached '%s' is not HOST:PORT of a host that is known: %w", address, err)
	}
	client := memcache.NewFromSelector(servers)
	client.Timeout = timeout
	client.MaxIdleConns = idle
	client.DialContext = metrics.dial
	return &cache{client: client, metrics: metrics, log: newOccasionally(time.Second)}, nil
}

func (c *cache) set(key string, value []byte) error {
	began := time.Now()
	c.metrics.used.Add(1)
	err := c.client.Set(&memcache.Item{Key: key, Value: value, Expiration: cacheSeconds})
	c.metrics.used.Add(-1)
	c.metrics.observe(cacheErrorType(err), time.Since(began))
	if err != nil {
		c.failing.Store(true)
		c.log.warn("the cache set failed", slog.Any("error", err))
	} else if c.failing.Load() && c.failing.Swap(false) {
		c.metrics.reconnects.Inc()
	}
	return err
}

func cacheErrorType(err error) string {
	var timeout *memcache.ConnectTimeoutError
	var network net.Error
	var operation *net.OpError
	switch {
	case err == nil:
		return ""
	case errors.As(err, &timeout), errors.As(err, &operation) && operation.Op == "dial":
		return "unavailable"
	case errors.As(err, &network) && network.Timeout():
		return "timed_out"
	case errors.Is(err, memcache.ErrNotStored), errors.Is(err, memcache.ErrServerError),
		errors.Is(err, memcache.ErrMalformedKey):
		return "refused"
	default:
		return "lost"
	}
}

// dial counts connections, which gomemcache does not show.
func (m *cacheMetrics) dial(ctx context.Context, network, address string) (net.Conn, error) {
	m.connecting.Add(1)
	defer m.connecting.Add(-1)
	var dialer net.Dialer
	connection, err := dialer.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	m.open.Add(1)
	return &countedConn{Conn: connection, open: &m.open}, nil
}

type countedConn struct {
	net.Conn
	open *atomic.Int64
}

// Close is called once: by the client that owns the connection.
func (c *countedConn) Close() error {
	c.open.Add(-1)
	return c.Conn.Close()
}
