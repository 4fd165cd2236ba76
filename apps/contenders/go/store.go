package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"
)

// What is known of a row that was not reported stored.
var (
	errRefused     = errors.New("refused")         // the database said no: definitely not stored
	errUnavailable = errors.New("unavailable")     // nothing was sent: definitely not stored
	errOverloaded  = errors.New("overloaded")      // no connection was free in time: definitely not stored
	errUnknown     = errors.New("outcome_unknown") // the link was lost after it was sent: stored or not
	errTimedOut    = errors.New("timed_out")       // no answer in time: stored or not
)

const insertStatement = `insert into device (uuid, mac, firmware, created_at, updated_at)
	values ($1, $2, $3, $4, $5) returning id`

// freshness is how long a stored row proves that the database is there.
const freshness = time.Second

// store inserts devices through a pool of connections.
type store struct {
	pool    *pgxpool.Pool
	timeout time.Duration
	metrics *storeMetrics
	lost    atomic.Int64 // connections that failed and were not yet followed by a new one
	good    atomic.Int64 // when a row was stored last, in Unix nanoseconds
	log     *occasionally
}

func openStore(uri string, connections int, timeout time.Duration, metrics *storeMetrics) (*store, error) {
	config, err := pgxpool.ParseConfig(uri)
	if err != nil {
		return nil, fmt.Errorf("--postgres is not a URI or keyword string that pgx understands: %w", err)
	}
	config.MaxConns = int32(connections)
	config.MinConns = int32(connections) // opened at start, not under the first load
	// The server gives a statement up after the client was told 504: a locked table does not collect statements.
	config.ConnConfig.RuntimeParams["statement_timeout"] = strconv.FormatInt((timeout + timeout/2).Milliseconds(), 10)
	config.ConnConfig.ConnectTimeout = timeout
	opened := &store{timeout: timeout, metrics: metrics, log: newOccasionally(time.Second)}
	config.AfterConnect = opened.connected
	opened.pool, err = pgxpool.NewWithConfig(context.Background(), config)
	return opened, err
}

func (s *store) connected(context.Context, *pgx.Conn) error {
	if s.lost.Add(-1) >= 0 {
		s.metrics.reconnects.Inc()
	} else {
		s.lost.Add(1)
	}
	return nil
}

// row is a device to be stored.
type row struct {
	uuid     uuid.UUID
	mac      string
	firmware string
	at       time.Time // created and updated
}

// insert tells the device's id once its row is committed: Scan returns when the server is ready for the next
// statement, which of a single statement it says after the commit. Nothing is ever sent twice.
func (s *store) insert(fresh row) (int64, error) {
	began := time.Now()
	id, err := s.try(fresh)
	s.metrics.observe(err, time.Since(began))
	if err == nil {
		s.good.Store(time.Now().UnixNano())
	}
	return id, err
}

func (s *store) try(fresh row) (int64, error) {
	// Not the request's context: pgx closes a connection whose context ends in the middle of a statement, and a
	// client that goes away is no reason for that.
	ctx, cancel := context.WithTimeout(context.Background(), s.timeout)
	defer cancel()
	connection, err := s.acquire(ctx)
	if err != nil {
		return 0, err
	}
	defer connection.Release()
	var id int64
	err = connection.QueryRow(ctx, insertStatement, pgtype.UUID{Bytes: fresh.uuid, Valid: true}, fresh.mac, fresh.firmware,
		fresh.at, fresh.at).Scan(&id)
	if err == nil {
		return id, nil
	}
	if connection.Conn().IsClosed() {
		s.lost.Add(1)
	}
	s.log.warn("the insert failed", slog.Any("error", err))
	return 0, outcomeOf(err)
}

func (s *store) acquire(ctx context.Context) (*pgxpool.Conn, error) {
	began := time.Now()
	s.metrics.pending.Add(1)
	connection, err := s.pool.Acquire(ctx)
	s.metrics.pending.Add(-1)
	if err == nil {
		s.metrics.wait.Observe(time.Since(began).Seconds())
		return connection, nil
	}
	var connect *pgconn.ConnectError
	if errors.Is(err, context.DeadlineExceeded) && !errors.As(err, &connect) && s.pool.Stat().AcquiredConns() > 0 {
		return nil, errOverloaded
	}
	s.log.warn("no connection to the database", slog.Any("error", err))
	return nil, errUnavailable
}

// outcomeOf says what is known of the row after a statement's error.
func outcomeOf(err error) error {
	var reported *pgconn.PgError
	switch {
	case errors.As(err, &reported):
		// FATAL and PANIC end the session, perhaps after the commit: not an answer to the statement.
		if reported.SeverityUnlocalized == "FATAL" || reported.SeverityUnlocalized == "PANIC" {
			return errUnknown
		}
		return errRefused
	case pgconn.SafeToRetry(err): // nothing was sent
		return errUnavailable
	case pgconn.Timeout(err), errors.Is(err, context.DeadlineExceeded):
		return errTimedOut
	default:
		return errUnknown
	}
}

// notReady is empty while the database can be used. A pool that is all in use is proof enough: a probe that
// waited for a connection behind the load would say that a busy service is not ready.
func (s *store) notReady(ctx context.Context) string {
	if time.Since(time.Unix(0, s.good.Load())) < freshness {
		return ""
	}
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	if err := s.pool.Ping(ctx); err != nil {
		return "no usable connection to the database"
	}
	return ""
}
