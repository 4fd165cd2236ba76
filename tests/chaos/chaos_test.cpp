// Nothing lost: backends die, fall silent, refuse, and their links break, while a client keeps every answer.
// Each test has one ingest that lives through all of its faults; what the client was told is held against the
// table after each, and once more at the end.
//
// BEASTMARK_CHAOS=full: more requests for each fault, as ./bench test --full does. Each fault says on a line
// of its own what it did.

#include "tests/chaos/backends.hpp"
#include "tests/chaos/ledger.hpp"
#include "tests/chaos/ledger_client.hpp"
#include "tests/chaos/scenario.hpp"
#include "tests/support/metrics.hpp"
#include "tests/support/service.hpp"

#include <fmt/core.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

namespace beastmark::testing {

namespace {

using clock = std::chrono::steady_clock;
using seconds = std::chrono::duration<double>;

constexpr auto cache_timeout = "100ms";
constexpr std::size_t in_a_row = 100; // answers that are well, and service is back
/// What is promised is 2 s. A machine that builds and tests something else at the same time is given more.
constexpr std::chrono::seconds back_at_most = 10s;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool is_sanitized = true; // which keeps what was freed
#else
constexpr bool is_sanitized = false;
#endif

struct effort {
    std::size_t requests; // for each fault, at least
    double requests_per_s;
};

effort effort_of_tier() {
    const char* tier = std::getenv("BEASTMARK_CHAOS");
    return tier != nullptr && std::string_view(tier) == "full" ? effort{2800, 4000} : effort{300, 1500};
}

/// Of writing, that ingest has.
struct way {
    std::string name;
    std::vector<std::string> flags;
};

const way async_each{"async_each", {"--write-mode", "each"}};
const way async_group{"async_group", {"--write-mode", "group"}};
const way blocking_each{"blocking_each", {"--driver", "blocking"}};

// Where each request is to be stored, the machine's own pauses must not cost one: a queue may last for 0.5 s
// by default.
const std::vector<std::string> patient{"--max-queue-time", "5s", "--request-timeout", "5s"};

/// In a test's name.
void PrintTo(const way& tested, std::ostream* out) {
    *out << tested.name;
}

class chaos : public ::testing::TestWithParam<way> {
protected:
    void serve(std::vector<std::string> arguments = {}) {
        arguments.insert(arguments.end(), GetParam().flags.begin(), GetParam().flags.end());
        arguments.insert(arguments.end(), {"--threads", "2", "--pool", "8", "--cache-timeout", cache_timeout,
                                           "--postgres", all.connection_string(), "--memcached",
                                           "127.0.0.1:" + std::to_string(all.memcached_link.port())});
        ingest.emplace(service_options{.program = "ingest", .arguments = std::move(arguments)});
        ledger_client client(ingest->port(), next, {.requests_per_s = tier.requests_per_s});
        EXPECT_TRUE(await(client, 1000, is_stored)) << "no load before all faults";
        keep(client.finish());
        for (int i = 0; i < 3; ++i)
            resident(); // the first scrapes take memory of their own: they are of 640 KB
    }

    void survive(const std::vector<scenario>& scenarios) {
        for (const auto& fault : scenarios) {
            const SCOPED_TRACE(fault.name);
            survive(fault);
            if (HasFatalFailure())
                return;
        }
        const auto verdict = judge(entries, all.rows_from(mac_of(0)), {201, 500, 503, 504});
        EXPECT_EQ(verdict.violations, std::vector<std::string>{}) << "when all was over";
    }

    void survive(const scenario& fault) {
        const auto first = next;
        ledger_client client(ingest->port(), first, {.requests_per_s = tier.requests_per_s});
        EXPECT_TRUE(await(client, in_a_row, fault.well)) << "not well before";
        const double memory = resident();
        EXPECT_TRUE(show(fault, client)) << "the fault did not show in any answer";
        fault.end(all);
        const auto returned = clock::now();
        const auto back = await_service(client, returned, fault);
        ASSERT_TRUE(back) << "service does not come back\n" << ingest->log();
        EXPECT_LE(*back, back_at_most);
        EXPECT_TRUE(await(client, tier.requests, [](const auto& entry) { return entry.status != 0; }));
        const auto told = keep(client.finish());
        EXPECT_EQ(client.broken(), 0) << "ingest has no reason to end or refuse a connection";
        const auto verdict = judge(told, all.rows_from(mac_of(first)), fault.may);
        expect_truth(fault, told, verdict);
        report(fault, verdict, *back, memory);
    }

    backends all;
    std::optional<service> ingest; // stops before what it needs

private:
    /// Waits for so many requests that are as `wanted`.
    static bool await(const ledger_client& client, std::size_t count, const scenario::predicate& wanted,
                      std::chrono::milliseconds deadline = 60s) {
        return wait_until(
            [&] {
                return client.look([&](const auto& told) {
                    return static_cast<std::size_t>(std::ranges::count_if(told, wanted)) >= count;
                });
            },
            deadline, 10ms);
    }

    bool show(const scenario& fault, const ledger_client& client) {
        const auto begun = clock::now();
        fault.begin(all);
        // What was in flight counts if it went wrong: what is sent later may be answered otherwise, such as
        // all of it 503 while those whose outcome is unknown hold all connections.
        const auto shows = [&](const auto& entry) {
            const bool hit = entry.sent >= begun || (entry.answered >= begun && !fault.well(entry));
            return hit && fault.shows(entry);
        };
        bool shown = false;
        for (int i = 0; i < 300 && !shown; ++i) {
            shown = await(client, 1, shows, 100ms);
            if (!shown && fault.repeated)
                fault.begin(all);
        }
        std::this_thread::sleep_until(begun + fault.lasts);
        return shown;
    }

    static std::optional<clock::duration> await_service(const ledger_client& client,
                                                        clock::time_point returned, const scenario& fault) {
        std::optional<clock::duration> back;
        wait_until(
            [&] {
                back = client.look(
                    [&](const auto& told) { return back_in_service(told, returned, in_a_row, fault.well); });
                return back.has_value();
            },
            60s, 10ms);
        return back;
    }

    static void expect_truth(const scenario& fault, const std::vector<ledger_entry>& told,
                             const ledger_verdict& verdict) {
        EXPECT_EQ(verdict.violations, std::vector<std::string>{});
        if (!fault.refused)
            return;
        const auto wronged = std::count_if(told.begin(), told.end(), [&](const auto& entry) {
            return entry.status == 500 && !fault.refused(entry);
        });
        EXPECT_EQ(wronged, 0) << "devices refused because of others";
    }

    std::vector<ledger_entry> keep(std::vector<ledger_entry> told) {
        next += told.size();
        entries.insert(entries.end(), told.begin(), told.end());
        return told;
    }

    double resident() const {
        return metrics::scrape(ingest->admin_port()).sum("process_resident_memory_bytes").value_or(0) /
               1048576;
    }

    void report(const scenario& fault, const ledger_verdict& verdict, clock::duration back, double before) {
        double after = resident();
        EXPECT_TRUE(is_sanitized || wait_until([&] { return (after = resident()) <= 1.1 * before; }))
            << "memory has grown from " << before << " MiB to " << after;
        fmt::print("chaos {}, {}: {} requests, {} violations; {} of 201, {} of 500, {} of 503, {} of 504, "
                   "{} rows; back in {:.2f} s; memory {:.1f} MiB, then {:.1f}\n",
                   GetParam().name, fault.name, verdict.requests, verdict.violations.size(),
                   verdict.count(201), verdict.count(500), verdict.count(503), verdict.count(504),
                   verdict.rows, seconds(back).count(), before, after);
        std::fflush(stdout); // a test that is killed has said what it did
    }

    const effort tier = effort_of_tier();
    std::uint64_t next = 0;
    std::vector<ledger_entry> entries;
};

} // namespace

TEST_P(chaos, servers_that_die_or_are_full) {
    serve();
    survive(server_scenarios());
}

TEST_P(chaos, statements_that_are_refused) {
    serve(patient);
    survive(refusal_scenarios());
}

TEST_P(chaos, links_that_are_lost) {
    serve({"--request-timeout", "500ms"});
    survive(lost_link_scenarios());
}

TEST_P(chaos, links_that_are_slow) {
    serve(patient);
    survive(slow_link_scenarios());
}

TEST_P(chaos, a_cache_that_fails) {
    serve(patient);
    survive(cache_scenarios());
}

// What a test of loss is worth: PostgreSQL answers commits that it has not written yet, and is killed.
TEST(chaos_itself, finds_what_a_database_has_forgotten) {
    backends all;
    all.postgres.query("ALTER ROLE beastmark SET synchronous_commit = off");
    all.postgres.query("ALTER SYSTEM SET wal_writer_delay = '10s'");
    all.postgres.query("SELECT pg_reload_conf()");
    const service ingest({.program = "ingest",
                          .arguments = {"--postgres", all.connection_string(), "--memcached",
                                        "127.0.0.1:" + std::to_string(all.memcached_link.port())}});
    // Whole pages of the log are written early, and the crash may come just after one: then nothing is lost.
    std::vector<std::string> violations;
    std::uint64_t next = 0;
    for (int attempt = 0; attempt < 5 && violations.empty(); ++attempt) {
        ASSERT_TRUE(wait_until([&] { return ingest.ready(); }, 30s));
        ledger_client client(ingest.port(), next, {});
        ASSERT_TRUE(wait_until([&] {
            return client.look(
                [](const auto& told) { return std::ranges::count_if(told, is_stored) >= 200; });
        }));
        all.postgres.crash();
        all.postgres.start();
        const auto told = client.finish();
        violations = judge(told, all.rows_from(mac_of(next)), {201, 503, 504}).violations;
        next += told.size();
    }
    ASSERT_FALSE(violations.empty());
    EXPECT_TRUE(violations.front().ends_with("was answered 201 and has 0 rows")) << violations.front();
}

INSTANTIATE_TEST_SUITE_P(ingest, chaos, ::testing::Values(async_each, async_group, blocking_each),
                         [](const auto& tested) { return tested.param.name; });

} // namespace beastmark::testing
