"""PostgreSQL by postgres_exporter, Memcached by memcached_exporter."""
import shared
from parts import Dashboard, Panel, Query, Row
from shared import RANGE
from write_path import BACKEND_CPU, BACKEND_CPU_SHARE, BACKEND_MEMORY

POSTGRES = "Source: postgres_exporter."
MEMCACHED = "Source: memcached_exporter."
HERE = 'job=~"$job"'
DATABASE = f'{HERE}, datname!~"|template.*"'


def rate(metric: str, matchers: str, by: str = "") -> str:
    return f"sum{f' by ({by}) ' if by else ' '}(rate({metric}{{{matchers}}}[{RANGE}]))"


POSTGRES_PANELS = [
    Panel("Transactions and rows per second",
          f"Committed, rolled back, and rows inserted. In write mode each a stored device is one commit. {POSTGRES}", "ops",
          [Query(rate("pg_stat_database_xact_commit", DATABASE, "datname"), "committed {{datname}}"),
           Query(rate("pg_stat_database_xact_rollback", DATABASE, "datname"), "rolled back {{datname}}"),
           Query(rate("pg_stat_database_tup_inserted", DATABASE, "datname"), "rows {{datname}}")]),
    Panel("Connections by state", f"Server processes by what they do. {POSTGRES}", "short",
          [Query(f"sum by (state) (pg_stat_activity_count{{{DATABASE}}})", "{{state}}")]),
    Panel("Connections: share of what there may be", f"Server processes / max_connections. {POSTGRES}", "percentunit",
          [Query(f"sum(pg_stat_activity_count{{{HERE}}}) / max(pg_settings_max_connections{{{HERE}}})", "open")], maximum=1),
    Panel("WAL written", f"Bytes of write-ahead log per second; pg_stat_wal, by the query of ours. {POSTGRES}", "Bps",
          [Query(rate("pg_stat_wal_wal_bytes", HERE), "WAL")]),
    Panel("WAL: full page images and full buffers",
          f"Pages written whole, as after a checkpoint, and times that WAL buffers were full, per second. {POSTGRES}", "ops",
          [Query(rate("pg_stat_wal_wal_fpi", HERE), "full page images"),
           Query(rate("pg_stat_wal_wal_buffers_full", HERE), "buffers full")]),
    Panel("Checkpoints per second",
          "By what started them: checkpoint_timeout, or the WAL since the last one (requested): these show in the latency. "
          "Record beastmark:postgres_checkpoints:rate.", "ops",
          [Query("max by (trigger) (beastmark:postgres_checkpoints:rate)", "{{trigger}}")], decimals=3),
    Panel("Locks held by mode", f"At the time of the scrape. {POSTGRES}", "short",
          [Query(f"sum by (mode) (pg_locks_count{{{DATABASE}}})", "{{mode}}")], stacked=True),
    Panel("Deadlocks and conflicts per second", f"Ended by PostgreSQL. {POSTGRES}", "ops",
          [Query(rate("pg_stat_database_deadlocks", DATABASE, "datname"), "deadlocks {{datname}}"),
           Query(rate("pg_stat_database_conflicts", DATABASE, "datname"), "conflicts {{datname}}")]),
    Panel("Size of the database", f"On disk, without WAL. {POSTGRES}", "bytes",
          [Query(f"sum by (datname) (pg_database_size_bytes{{{DATABASE}}})", "{{datname}}")])]

MEMCACHED_PANELS = [
    Panel("Sets per second", f"By what became of them. {MEMCACHED}", "ops",
          [Query(rate("memcached_commands_total", f'{HERE}, command="set"', "status"), "{{status}}")]),
    Panel("Evictions and refusals of memory per second",
          "Entries thrown away before they expired, and sets for which there was no memory: -m is too small for what is "
          f"written in 20 s. {MEMCACHED}", "ops",
          [Query(rate("memcached_items_evicted_total", HERE), "evicted"),
           Query(rate("memcached_item_no_memory_total", HERE), "no memory")]),
    Panel("Memcached connections: share of what there may be",
          "Open / allowed (-c): past that it stops accepting, and clients hang. From 80 % on there is an alert. Record "
          "beastmark:memcached_connections:ratio.", "percentunit",
          [Query(f"max(beastmark:memcached_connections:ratio{{{HERE}}})", "open")], maximum=1, limit=0.8),
    Panel("Memcached connections refused per second",
          "Refused at the limit, times that it stopped listening, and times that one connection had to let others go first "
          f"(-R). {MEMCACHED}", "ops",
          [Query(rate("memcached_connections_rejected_total", HERE), "refused"),
           Query(rate("memcached_connections_listener_disabled_total", HERE), "stopped listening"),
           Query(rate("memcached_connections_yielded_total", HERE), "yielded")]),
    Panel("Memory of the entries", f"Used, and how much there may be (-m). {MEMCACHED}", "bytes",
          [Query(f"sum(memcached_current_bytes{{{HERE}}})", "used"),
           Query(f"sum(memcached_limit_bytes{{{HERE}}})", "at most")]),
    Panel("Network of Memcached", f"Bytes per second read from its clients and written to them. {MEMCACHED}", "Bps",
          [Query(rate("memcached_read_bytes_total", HERE), "read"),
           Query(rate("memcached_written_bytes_total", HERE), "written")])]

DASHBOARD = Dashboard(
    "backends", "backends", "PostgreSQL and Memcached from their own side.",
    [shared.job('label_values(up{job=~"postgres|memcached"}, job)')],
    [Row("CPU and memory", [BACKEND_CPU, BACKEND_CPU_SHARE, BACKEND_MEMORY]), Row("PostgreSQL", POSTGRES_PANELS),
     Row("Memcached", MEMCACHED_PANELS)])
