#include "tests/chaos/scenario.hpp"

#include <initializer_list>
#include <utility>

namespace beastmark::testing {

namespace {

using namespace std::chrono_literals;
using kind = link_fault::kind;

/// ingest waits this long for memcached in these tests, see chaos_test.cpp.
constexpr auto slow = 50ms;

bool is_answered(const ledger_entry& entry) {
    return entry.status != 0;
}

bool is_slow(const ledger_entry& entry) {
    return is_answered(entry) && entry.answered - entry.sent >= slow;
}

bool is_not_cached(const ledger_entry& entry) {
    return entry.status == 201 && !entry.cached;
}

bool is_unknown(const ledger_entry& entry) {
    return entry.status == 504;
}

bool is_refused(const ledger_entry& entry) {
    return entry.status == 500;
}

/// A trigger that does this to the devices that are to be refused.
std::function<void(backends&)> trigger(std::string when, std::string body) {
    return [when = std::move(when), body = std::move(body)](backends& all) {
        all.postgres.query("CREATE FUNCTION chaos() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN " + body +
                           " END $$");
        all.postgres.query("CREATE " + when +
                           " FOR EACH ROW WHEN (NEW.mac LIKE '%7') EXECUTE FUNCTION chaos()");
    };
}

void drop_trigger(backends& all) {
    all.postgres.query("DROP FUNCTION chaos CASCADE");
}

scenario refusal(std::string name, std::string when, std::string body) {
    return {.name = std::move(name),
            .begin = trigger(std::move(when), std::move(body)),
            .end = drop_trigger,
            .may = {201, 500},
            .shows = is_refused,
            .refused = is_to_be_refused};
}

scenario lost_link(std::string name, link_fault fault) {
    return {.name = std::move(name),
            .begin = [fault](backends& all) { all.postgres_link.set(fault); },
            .end = [](backends& all) { all.postgres_link.heal(); }};
}

scenario slow_links(std::string name, link_fault fault, scenario::predicate shows) {
    return {.name = std::move(name),
            .begin =
                [fault](backends& all) {
                    all.postgres_link.set(fault);
                    all.memcached_link.set(fault);
                },
            .end =
                [](backends& all) {
                    all.postgres_link.heal();
                    all.memcached_link.heal();
                },
            .may = {201},
            .shows = std::move(shows),
            .well = is_cached};
}

scenario cache(std::string name, std::function<void(backends&)> begin, std::function<void(backends&)> end) {
    return {.name = std::move(name),
            .begin = std::move(begin),
            .end = std::move(end),
            .may = {201},
            .shows = is_not_cached,
            .well = is_cached};
}

scenario cache_link(std::string name, link_fault fault) {
    return cache(
        std::move(name), [fault](backends& all) { all.memcached_link.set(fault); },
        [](backends& all) { all.memcached_link.heal(); });
}

} // namespace

bool is_stored(const ledger_entry& entry) {
    return entry.status == 201;
}

bool is_cached(const ledger_entry& entry) {
    return entry.status == 201 && entry.cached;
}

bool is_failed(const ledger_entry& entry) {
    return is_answered(entry) && entry.status != 201;
}

bool is_to_be_refused(const ledger_entry& entry) {
    return entry.mac.ends_with('7');
}

std::vector<scenario> server_scenarios() {
    return {
        {.name = "postmaster killed", // and its sessions end when they see it
         .begin = [](backends& all) { all.postgres.crash(); },
         .end = [](backends& all) { all.postgres.start(); }},
        {.name = "sessions terminated",
         .begin = [](backends& all) { all.end_sessions(); },
         .end = [](backends& all) { all.await_postgres(); },
         .repeated = true},
        {.name = "frozen for 5 s",
         .begin = [](backends& all) { all.postgres.freeze(); },
         .end =
             [](backends& all) {
                 all.postgres.thaw();
                 all.await_postgres();
             },
         .shows = is_unknown,
         .lasts = 5s},
        {.name = "connection limit of the role",
         .begin =
             [](backends& all) {
                 all.postgres.query("ALTER ROLE beastmark CONNECTION LIMIT 0");
                 all.end_sessions();
             },
         .end =
             [](backends& all) {
                 all.postgres.query("ALTER ROLE beastmark CONNECTION LIMIT -1");
                 all.await_postgres();
             }},
        {.name = "full of connections",
         .begin = [](backends& all) { all.fill_postgres(); },
         .end = [](backends& all) { all.leave_postgres(); }},
    };
}

std::vector<scenario> refusal_scenarios() {
    return {
        {.name = "table missing, then created",
         .begin = [](backends& all) { all.drop_table(); },
         .end = [](backends& all) { all.make_table(); },
         .may = {201, 500, 503}},
        refusal("refused by a trigger", "TRIGGER chaos BEFORE INSERT ON device",
                "RAISE EXCEPTION 'refused';"),
        refusal("refused at commit",
                "CONSTRAINT TRIGGER chaos AFTER INSERT ON device DEFERRABLE INITIALLY DEFERRED",
                "RAISE EXCEPTION 'refused at commit';"),
        refusal("swallowed by a trigger", "TRIGGER chaos BEFORE INSERT ON device", "RETURN NULL;"),
    };
}

std::vector<scenario> lost_link_scenarios() {
    return {
        lost_link("reset at each 12th reply", {.what = kind::reset, .replies = 12}),
        lost_link("reset, new ones too", {.what = kind::reset}),
        lost_link("black hole", {.what = kind::black_hole}),
        lost_link("half-open", {.what = kind::half_open}),
        {.name = "reset once",
         .begin = [](backends& all) { all.postgres_link.reset(); },
         .end = [](backends& all) { all.await_postgres(); },
         .repeated = true},
    };
}

std::vector<scenario> slow_link_scenarios() {
    return {
        slow_links("delay", {.what = kind::delay, .pause = slow}, is_slow),
        slow_links("throttle", {.what = kind::throttle, .bytes_per_second = 20'000}, is_slow),
        slow_links("split at every byte in turn", {.what = kind::split}, is_answered),
        slow_links("byte by byte", {.what = kind::trickle}, is_answered),
    };
}

std::vector<scenario> cache_scenarios() {
    std::vector<scenario> all = {
        cache(
            "memcached killed", [](backends& b) { b.memcached.crash(); },
            [](backends& b) { b.memcached.start(); }),
        cache(
            "memcached frozen", [](backends& b) { b.memcached.freeze(); },
            [](backends& b) {
                b.memcached.thaw();
                b.await_memcached();
            }),
        cache(
            "memcached out of memory",
            [](backends& b) {
                b.replace_memcached({"-M", "-m", "2"});
                b.fill_memcached();
            },
            [](backends& b) { b.flush_memcached(); }),
        cache(
            "memcached full of connections",
            [](backends& b) {
                b.replace_memcached({"-c", "32"});
                b.crowd_memcached();
            },
            [](backends& b) {
                b.leave_memcached();
                b.await_memcached();
            }),
        cache(
            "memcached replaced", [](backends& b) { b.memcached_link.reset(); },
            [](backends& b) { b.restore_memcached(); }),
        cache_link("memcached's link reset at each 12th reply", {.what = kind::reset, .replies = 12}),
        cache_link("memcached's link a black hole", {.what = kind::black_hole}),
        cache_link("memcached's link half-open", {.what = kind::half_open}),
    };
    all[4].repeated = true;
    return all;
}

} // namespace beastmark::testing
