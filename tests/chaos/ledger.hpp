// What clients were told, held against what the table holds. Pure: no socket, no clock of its own.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace beastmark::testing {

/// A device, as an answer tells it or as a row of the table has it.
struct told_device {
    std::int64_t id = 0;
    std::string uuid;
    std::string mac;

    bool operator==(const told_device&) const = default;
};

/// One request, named by its mac, which no other has.
struct ledger_entry {
    using time_point = std::chrono::steady_clock::time_point;

    std::string mac;
    time_point sent = {};
    time_point answered = {};
    int status = 0;         // 0: no answer
    told_device told = {};  // by a 201
    bool cached = false;    // X-Cache: stored
    bool retryable = false; // it had Retry-After
};

struct ledger_verdict {
    std::map<int, std::size_t> statuses; // 0: no answer
    std::size_t requests = 0;
    std::size_t rows = 0;
    std::vector<std::string> violations; // each names the request

    std::size_t count(int status) const;
};

/// A 201 has exactly one row, with the id and the uuid it told. A 504 and a request without an answer have
/// one or none, any other status has none. No uuid twice, no row that nobody asked for. Not to be answered at
/// all, a status that is not in `allowed`, and a 503 without Retry-After are violations too.
ledger_verdict judge(const std::vector<ledger_entry>& entries, const std::vector<told_device>& rows,
                     const std::set<int>& allowed);

/// How long after `returned` requests were served without exception: until the first answer after which each
/// of at least `in_a_row` requests was `good`. Only requests sent after `returned` count; nothing while there
/// are too few.
std::optional<std::chrono::steady_clock::duration>
back_in_service(const std::vector<ledger_entry>& entries, ledger_entry::time_point returned,
                std::size_t in_a_row, const std::function<bool(const ledger_entry&)>& good);

} // namespace beastmark::testing
