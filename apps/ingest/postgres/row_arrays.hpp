// The parameters of a statement of many rows: one array for each of its four columns, as bytes. No socket.
#pragma once

#include "ingest/postgres/request.hpp"

#include <array>
#include <cstddef>
#include <string>

namespace beastmark::postgres {

/// $1 to $4 as uuid[], text[], text[] and timestamptz[], in the binary format of array_recv
/// (src/backend/utils/adt/arrayfuncs.c of PostgreSQL), which costs neither side a conversion. Meant to be
/// used again: it keeps its memory.
class row_arrays {
public:
    static constexpr std::size_t columns = 4;

    /// @param rows that it shall hold without allocating, unless their texts are long.
    explicit row_arrays(std::size_t rows);

    /// Instead of those that were there before.
    void assign(const request_list& rows);

    // As PQsendQueryPrepared takes them; valid until the next assign.

    [[nodiscard]] std::array<const char*, columns> values() const noexcept;
    [[nodiscard]] std::array<int, columns> lengths() const noexcept;

private:
    std::array<std::string, columns> arrays_;
};

} // namespace beastmark::postgres
