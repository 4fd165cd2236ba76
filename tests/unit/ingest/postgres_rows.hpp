// Rows that tests send together.
#pragma once

#include "ingest/postgres/request.hpp"

#include <cstdint>
#include <deque>

namespace beastmark::testing {

inline postgres::row_key key_of(std::uint32_t number) {
    postgres::row_key key{};
    for (std::size_t i = 0; i < sizeof number; ++i)
        key[key.size() - 1 - i] = static_cast<std::uint8_t>(number >> (8 * i));
    return key;
}

/// Rows numbered from 0, each with a key of its own.
class numbered_rows {
public:
    explicit numbered_rows(std::size_t count, std::chrono::steady_clock::time_point submitted = {}) {
        for (std::size_t i = 0; i < count; ++i) {
            postgres::request& r = rows_.emplace_back();
            r.key = key_of(static_cast<std::uint32_t>(i));
            r.submitted = submitted;
        }
    }

    postgres::request& operator[](std::size_t i) { return rows_[i]; }

    [[nodiscard]] std::size_t size() const { return rows_.size(); }

    /// Calls `use` with all of them in a list, which it gets back empty.
    template <class Use>
    void as_list(Use use) {
        postgres::request_list list;
        for (auto& r : rows_)
            list.push_back(r);
        use(list);
        list.clear();
    }

private:
    std::deque<postgres::request> rows_;
};

} // namespace beastmark::testing
