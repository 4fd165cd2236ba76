package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"time"
)

// config is the command line.
type config struct {
	address, adminAddress string
	port, adminPort       int
	threads               int
	postgres, memcached   string // without postgres: GET
	pool, cacheIdle       int

	headerTimeout, bodyTimeout, idleTimeout, writeTimeout time.Duration
	insertTimeout, cacheTimeout                           time.Duration
	drainDelay, drainTimeout                              time.Duration

	version bool
}

func flagsOf(into *config) *flag.FlagSet {
	flags := flag.NewFlagSet(program, flag.ContinueOnError)
	flags.SetOutput(io.Discard) // an error is told in one line, by main
	flags.StringVar(&into.address, "address", "0.0.0.0", "numeric `address` to serve on")
	flags.IntVar(&into.port, "port", 8280, "TCP `port` to serve on")
	flags.StringVar(&into.adminAddress, "admin-address", "0.0.0.0", "numeric `address` of the admin port")
	flags.IntVar(&into.adminPort, "admin-port", 8281, "TCP `port` of /healthz, /readyz and /metrics")
	flags.IntVar(&into.threads, "threads", 0, "GOMAXPROCS; 0: the cores allowed by affinity and CPU quota")
	flags.StringVar(&into.postgres, "postgres", "",
		"`URI` or keyword string; what it leaves out comes from libpq's variables (PGPASSWORD, ...). With it POST is served, without it GET")
	flags.StringVar(&into.memcached, "memcached", "127.0.0.1:11211", "`host:port` of memcached")
	flags.IntVar(&into.pool, "pool", 8, "PostgreSQL `connections` in total")
	flags.IntVar(&into.cacheIdle, "cache-idle-connections", 1000,
		"`connections` to memcached that are kept; a set that finds none opens one and closes it (gomemcache's own default is 2)")
	flags.DurationVar(&into.headerTimeout, "header-timeout", 5*time.Second, "for a request's head")
	flags.DurationVar(&into.bodyTimeout, "body-timeout", 5*time.Second, "for a request's body; then 408")
	flags.DurationVar(&into.idleTimeout, "idle-timeout", time.Minute, "a connection without a request is closed after this")
	flags.DurationVar(&into.writeTimeout, "write-timeout", 5*time.Second,
		"a client that does not take its answer is cut off after this, and the time the body and the backends are given")
	flags.DurationVar(&into.insertTimeout, "insert-timeout", 2*time.Second,
		"for the insert, waiting included; then 504, or 503 if it was not sent")
	flags.DurationVar(&into.cacheTimeout, "cache-timeout", 500*time.Millisecond,
		"for the cache set (and for a connection it opens); then the answer says X-Cache: failed")
	flags.DurationVar(&into.drainDelay, "drain-delay", 0,
		"after SIGTERM, serve on for this long while /readyz says 503, so that load balancers notice")
	flags.DurationVar(&into.drainTimeout, "drain-timeout", 10*time.Second, "then wait this long at most for requests under way")
	flags.BoolVar(&into.version, "version", false, "print the version and exit")
	return flags
}

// parse reads and checks the command line; its error names the flag.
func parse(arguments []string) (config, error) {
	var given config
	flags := flagsOf(&given)
	if err := flags.Parse(arguments); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return given, err
		}
		return given, errors.New(strings.ReplaceAll(strings.ReplaceAll(err.Error(), "\n", " "), " -", " --"))
	}
	if flags.NArg() > 0 {
		return given, fmt.Errorf("'%s' is not a flag", flags.Arg(0))
	}
	return given, check(given, flags)
}

func check(given config, flags *flag.FlagSet) error {
	for name, port := range map[string]int{"port": given.port, "admin-port": given.adminPort} {
		if port < 1 || port > 65535 {
			return fmt.Errorf("--%s: %d is not a port from 1 to 65535", name, port)
		}
	}
	for name, address := range map[string]string{"address": given.address, "admin-address": given.adminAddress} {
		if net.ParseIP(address) == nil {
			return fmt.Errorf("--%s: '%s' is not an IPv4 or IPv6 address", name, address)
		}
	}
	if given.pool < 1 || given.pool > 10000 {
		return fmt.Errorf("--pool: %d is not a number of connections from 1 to 10000", given.pool)
	}
	if given.cacheIdle < 1 {
		return fmt.Errorf("--cache-idle-connections: %d is below 1", given.cacheIdle)
	}
	if given.threads < 0 || given.threads > 1024 {
		return fmt.Errorf("--threads: %d is not a number from 0 to 1024", given.threads)
	}
	if !isHostAndPort(given.memcached) {
		return fmt.Errorf("--memcached: '%s' is not host:port with a port from 1 to 65535", given.memcached)
	}
	return checkDurations(flags)
}

func checkDurations(flags *flag.FlagSet) error {
	var wrong error
	flags.VisitAll(func(each *flag.Flag) {
		value, isDuration := each.Value.(flag.Getter).Get().(time.Duration)
		least := time.Millisecond
		if strings.HasPrefix(each.Name, "drain-") {
			least = 0
		}
		if isDuration && value < least {
			wrong = fmt.Errorf("--%s: '%s' is below the least, %s", each.Name, value, least)
		}
	})
	return wrong
}

func isHostAndPort(text string) bool {
	host, port, err := net.SplitHostPort(text)
	if err != nil || host == "" {
		return false
	}
	number, err := strconv.Atoi(port)
	return err == nil && number >= 1 && number <= 65535
}

// usage is package flag's, with two dashes, which it takes as well as one.
func usage() string {
	var text strings.Builder
	fmt.Fprintf(&text, "%s: /api/devices in Go, with net/http: GET, or with --postgres POST.\n\n", program)
	flags := flagsOf(new(config))
	flags.VisitAll(func(each *flag.Flag) {
		kind, help := flag.UnquoteUsage(each)
		fmt.Fprintf(&text, "  --%s %s\n        %s", each.Name, kind, help)
		if each.DefValue != "" && each.DefValue != "false" {
			fmt.Fprintf(&text, " (%s)", each.DefValue)
		}
		text.WriteString("\n")
	})
	return text.String()
}
