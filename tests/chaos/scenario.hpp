// The faults of the chaos tests, as tables: what is done to a backend, and what clients may be told
// meanwhile.
#pragma once

#include "tests/chaos/backends.hpp"
#include "tests/chaos/ledger.hpp"

#include <chrono>
#include <functional>
#include <set>
#include <string>
#include <vector>

namespace beastmark::testing {

bool is_stored(const ledger_entry& entry);
bool is_cached(const ledger_entry& entry);
/// Of an entry with an answer other than 201.
bool is_failed(const ledger_entry& entry);
/// The devices that a scenario's database refuses, by their mac.
bool is_to_be_refused(const ledger_entry& entry);

struct scenario {
    using predicate = std::function<bool(const ledger_entry&)>;

    std::string name;
    std::function<void(backends&)> begin;
    /// Takes the fault away, and returns when the backend answers again.
    std::function<void(backends&)> end = [](backends&) {};
    std::set<int> may = {201, 503, 504};
    /// Of at least one request that was sent after the beginning, or was in flight and went wrong: the fault
    /// was there.
    predicate shows = is_failed;
    /// At least; longer until it shows.
    std::chrono::milliseconds lasts{500};
    /// Begun again every 100 ms until it shows.
    bool repeated = false;
    /// How a request is answered when all is well.
    predicate well = is_stored;
    /// The only ones that a 500 may be told; without it 500 is as `may` says.
    predicate refused = {};
};

/// The server's processes and its limits.
std::vector<scenario> server_scenarios();
/// What the database may say of a statement: no table, refused at once, at commit, without a word.
std::vector<scenario> refusal_scenarios();
/// Links to PostgreSQL that are lost. --request-timeout is to be short: a half-open link shows by time only.
std::vector<scenario> lost_link_scenarios();
/// Links to both that are slow or broken into pieces: nothing fails.
std::vector<scenario> slow_link_scenarios();
/// All that may happen to the cache: a 201 it remains.
std::vector<scenario> cache_scenarios();

} // namespace beastmark::testing
