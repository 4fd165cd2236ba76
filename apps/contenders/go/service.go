package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"
)

const (
	headLimit = 8 * 1024 // bytes; over it net/http answers 431
	headSlack = 4 * 1024 // that net/http allows over its MaxHeaderBytes

	// grace is for what had arrived when the signal came: connections that wait to be accepted, requests that
	// wait to be read. Shutdown would cut them.
	grace = 100 * time.Millisecond
)

// run serves until SIGTERM or SIGINT.
func run(given config) error {
	group := findCgroup("/")
	useAllowedCores(group.cpuLimit(), given.threads)
	registry := newRegistry(group)
	serving, backends, err := build(given, registry)
	if err != nil {
		return err
	}
	if backends != nil {
		defer backends.pool.Close()
	}
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT)

	listener, err := listen(given.address, given.port)
	if err != nil {
		return err
	}
	adminListener, err := listen(given.adminAddress, given.adminPort)
	if err != nil {
		return err
	}
	server := appServer(given, serving)
	admin := adminServer(adminRoutes(registry, func(ctx context.Context) string {
		if serving.draining.Load() {
			return "draining"
		}
		if backends != nil {
			return backends.notReady(ctx)
		}
		return ""
	}))
	ended := make(chan error, 2)
	go func() { ended <- server.Serve(listener) }()
	go func() { ended <- admin.Serve(adminListener) }()
	announce(given)
	select {
	case err := <-ended:
		return err
	case <-signals:
	}
	err = drain(given, serving, server, signals)
	_ = admin.Close()
	return err
}

// build makes the app for GET, or with a database for POST.
func build(given config, registry *prometheus.Registry) (*app, *store, error) {
	if given.postgres == "" {
		metrics, _ := newServerMetrics(registry, http.MethodGet)
		return &app{method: http.MethodGet, handle: listDevices, metrics: metrics, bodyTimeout: given.bodyTimeout}, nil, nil
	}
	uuid.EnableRandPool() // one read of the system's random numbers for 16 of them
	metrics, rejected := newServerMetrics(registry, http.MethodPost)
	storing, caching := newBackendMetrics(registry)
	cache, err := openCache(given.memcached, given.cacheIdle, given.cacheTimeout, caching)
	if err != nil {
		return nil, nil, err
	}
	store, err := openStore(given.postgres, given.pool, given.insertTimeout, storing)
	if err != nil {
		return nil, nil, err
	}
	registry.MustRegister(newPoolCollector(store.pool, caching))
	posting := &poster{store: store, cache: cache, rejected: rejected}
	return &app{method: http.MethodPost, handle: posting.storeDevice, metrics: metrics, bodyTimeout: given.bodyTimeout},
		store, nil
}

func appServer(given config, serving *app) *http.Server {
	return &http.Server{
		Handler:           serving.routes(),
		ReadHeaderTimeout: given.headerTimeout, // the body's own begins with it, in readBody
		IdleTimeout:       given.idleTimeout,
		// Counted from the end of the head.
		WriteTimeout:                 given.bodyTimeout + given.insertTimeout + 2*given.cacheTimeout + given.writeTimeout,
		MaxHeaderBytes:               headLimit - headSlack,
		ConnState:                    serving.metrics.follow,
		DisableGeneralOptionsHandler: true, // OPTIONS * is no request that the contract knows
	}
}

func listen(address string, port int) (net.Listener, error) {
	listener, err := net.Listen("tcp", net.JoinHostPort(address, strconv.Itoa(port)))
	if err != nil {
		return nil, fmt.Errorf("cannot listen: %w", err)
	}
	return listener, nil
}

// drain answers what has begun. A second signal shortens the delay.
func drain(given config, serving *app, server *http.Server, signals <-chan os.Signal) error {
	serving.draining.Store(true)
	select {
	case <-time.After(given.drainDelay):
	case <-signals:
	}
	time.Sleep(grace)
	ctx, cancel := context.WithTimeout(context.Background(), given.drainTimeout)
	defer cancel()
	if err := server.Shutdown(ctx); err != nil {
		_ = server.Close()
		return fmt.Errorf("requests were cut that took longer than --drain-timeout %s", given.drainTimeout)
	}
	return nil
}

// announce says what is measured.
func announce(given config) {
	serves := "GET"
	if given.postgres != "" {
		serves = fmt.Sprintf("POST, pool %d, idle cache connections %d", given.pool, given.cacheIdle)
	}
	fmt.Fprintf(os.Stderr, "%s %s (%s): %s, GOMAXPROCS %d, %s:%d serves %s\n", program, version, revision,
		strings.Join(versions(), ", "), runtime.GOMAXPROCS(0), given.address, given.port, serves)
}

func versions() []string {
	all := []string{runtime.Version()}
	info, _ := debug.ReadBuildInfo()
	if info == nil {
		return all
	}
	for _, module := range info.Deps {
		for _, named := range []string{"/pgx/", "/gomemcache", "/client_golang"} {
			if strings.Contains(module.Path, named) {
				all = append(all, module.Path[strings.LastIndex(module.Path, strings.TrimSuffix(named, "/"))+1:]+" "+module.Version)
			}
		}
	}
	return all
}
