#include "tests/chaos/ledger.hpp"

#include <algorithm>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

namespace beastmark::testing {

namespace {

using rows_by_mac = std::unordered_multimap<std::string_view, const told_device*>;

struct row_bounds {
    std::size_t least;
    std::size_t most;
};

row_bounds bounds_of(int status) {
    if (status == 201)
        return {1, 1};
    const bool unknown = status == 504 || status == 0;
    return {0, unknown ? 1U : 0U};
}

class judgement {
public:
    judgement(const std::vector<told_device>& rows, const std::set<int>& allowed) : allowed_(allowed) {
        verdict_.rows = rows.size();
        std::unordered_set<std::string_view> uuids;
        for (const auto& row : rows) {
            rows_.emplace(row.mac, &row);
            if (!uuids.insert(row.uuid).second)
                accuse(row.mac, "its uuid " + row.uuid + " is in the table twice");
        }
    }

    void hear(const ledger_entry& entry) {
        ++verdict_.requests;
        ++verdict_.statuses[entry.status];
        asked_.insert(entry.mac);
        if (entry.status == 0)
            accuse(entry.mac, "was not answered");
        else if (!allowed_.contains(entry.status))
            accuse(entry.mac,
                   "was answered " + std::to_string(entry.status) + ", which this fault does not excuse");
        if (entry.status == 503 && !entry.retryable)
            accuse(entry.mac, "was answered 503 without Retry-After");
        if (entry.status == 201)
            hear_stored(entry);
        const auto found = rows_.count(entry.mac);
        const auto [least, most] = bounds_of(entry.status);
        if (found < least || found > most)
            accuse(entry.mac, "was answered " + std::to_string(entry.status) + " and has " +
                                  std::to_string(found) + " rows");
    }

    ledger_verdict close() {
        for (const auto& [mac, row] : rows_)
            if (!asked_.contains(mac))
                accuse(mac, "has a row and was not asked for");
        return std::move(verdict_);
    }

private:
    void hear_stored(const ledger_entry& entry) {
        if (!told_uuids_.insert(entry.told.uuid).second)
            accuse(entry.mac, "was told the uuid of another, " + entry.told.uuid);
        if (entry.told.mac != entry.mac)
            accuse(entry.mac, "was told the device of another, " + entry.told.mac);
        const auto row = rows_.find(entry.mac);
        if (row != rows_.end() && *row->second != entry.told)
            accuse(entry.mac, "was told id " + std::to_string(entry.told.id) + ", uuid " + entry.told.uuid +
                                  ", its row has id " + std::to_string(row->second->id) + ", uuid " +
                                  row->second->uuid);
    }

    void accuse(std::string_view mac, const std::string& of) {
        verdict_.violations.push_back(std::string(mac) + " " + of);
    }

    const std::set<int>& allowed_;
    rows_by_mac rows_;
    std::unordered_set<std::string_view> asked_;
    std::unordered_set<std::string_view> told_uuids_;
    ledger_verdict verdict_;
};

} // namespace

std::size_t ledger_verdict::count(int status) const {
    const auto found = statuses.find(status);
    return found != statuses.end() ? found->second : 0;
}

ledger_verdict judge(const std::vector<ledger_entry>& entries, const std::vector<told_device>& rows,
                     const std::set<int>& allowed) {
    judgement all(rows, allowed);
    for (const auto& entry : entries)
        all.hear(entry);
    return all.close();
}

std::optional<std::chrono::steady_clock::duration>
back_in_service(const std::vector<ledger_entry>& entries, ledger_entry::time_point returned,
                std::size_t in_a_row, const std::function<bool(const ledger_entry&)>& good) {
    std::vector<ledger_entry::time_point> answered;
    ledger_entry::time_point last_bad = returned;
    for (const auto& entry : entries) {
        if (entry.sent < returned || entry.status == 0)
            continue;
        if (good(entry))
            answered.push_back(entry.answered);
        else
            last_bad = std::max(last_bad, entry.answered);
    }
    std::erase_if(answered, [&](auto time) { return time < last_bad; });
    if (answered.size() < in_a_row)
        return std::nullopt;
    return *std::min_element(answered.begin(), answered.end()) - returned;
}

} // namespace beastmark::testing
