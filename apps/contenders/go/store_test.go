package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"
	"testing"

	"github.com/bradfitz/gomemcache/memcache"
	"github.com/jackc/pgx/v5/pgconn"
)

type notSent struct{ error }

func (notSent) SafeToRetry() bool { return true }

func TestOutcomeOfAnInsertThatFailed(t *testing.T) {
	for name, one := range map[string]struct{ err, wanted error }{
		"refused":          {&pgconn.PgError{SeverityUnlocalized: "ERROR", Code: "23514"}, errRefused},
		"refused, wrapped": {fmt.Errorf("x: %w", &pgconn.PgError{SeverityUnlocalized: "ERROR"}), errRefused},
		"session ended":    {&pgconn.PgError{SeverityUnlocalized: "FATAL", Code: "57P01"}, errUnknown},
		"server crashed":   {&pgconn.PgError{SeverityUnlocalized: "PANIC"}, errUnknown},
		"link lost":        {io.ErrUnexpectedEOF, errUnknown},
		"deadline":         {fmt.Errorf("timeout: %w", context.DeadlineExceeded), errTimedOut},
		"deadline, unsent": {notSent{context.DeadlineExceeded}, errUnavailable},
		"closed before it": {notSent{errors.New("conn closed")}, errUnavailable},
		"neither known":    {errors.New("what"), errUnknown},
	} {
		if got := outcomeOf(one.err); got != one.wanted {
			t.Errorf("%s: %v, expected %v", name, got, one.wanted)
		}
	}
}

func TestEveryFailureHasItsAnswerAndItsSeries(t *testing.T) {
	registry := newRegistry(cgroup{})
	metrics, rejected := newServerMetrics(registry, "POST")
	storing, _ := newBackendMetrics(registry)
	posting := &poster{rejected: rejected}
	for err, status := range map[error]int{errRefused: 500, errUnavailable: 503, errOverloaded: 503, errUnknown: 504, errTimedOut: 504} {
		if got := posting.notStored(err).status; got != status {
			t.Errorf("%v: %d, expected %d", err, got, status)
		}
		if storing.durations[err] == nil {
			t.Errorf("no series for an insert that ends with %v", err)
		}
		if metrics.durations[seriesKey{devicesRoute, "POST", status}] == nil {
			t.Errorf("no series for a POST that ends with %d", status)
		}
	}
}

func TestErrorTypeOfACacheSet(t *testing.T) {
	known := map[string]bool{}
	for _, kind := range cacheErrors {
		known[kind] = true
	}
	for _, one := range []struct {
		err    error
		wanted string
	}{
		{nil, ""},
		{&net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}, "unavailable"},
		{&memcache.ConnectTimeoutError{}, "unavailable"},
		{&net.OpError{Op: "read", Err: os.ErrDeadlineExceeded}, "timed_out"},
		{memcache.ErrNotStored, "refused"},
		{memcache.ErrServerError, "refused"},
		{io.EOF, "lost"},
		{&net.OpError{Op: "write", Err: syscall.EPIPE}, "lost"},
	} {
		if got := cacheErrorType(one.err); got != one.wanted || !known[got] {
			t.Errorf("%v: %q, expected %q", one.err, got, one.wanted)
		}
	}
}
