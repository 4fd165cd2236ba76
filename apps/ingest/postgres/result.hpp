// Reading one result of libpq.
#pragma once

#include "ingest/postgres/request.hpp"

#include <libpq-fe.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace beastmark::postgres {

/// A field of an error or notice (PG_DIAG_...), empty when it has none; valid as long as the result.
std::string_view field(const PGresult* result, int code) noexcept;

/// The severity is FATAL or PANIC: the server closes the session after it.
bool ends_session(const PGresult* result) noexcept;

/// For the log: without the lines after the first and without control characters, as a message may quote what
/// a client sent.
std::string first_line(std::string_view text);

/// The one integer column of the one row, in binary: big-endian, two, four or eight bytes wide.
std::optional<std::int64_t> integer_of(const PGresult* result) noexcept;

struct keyed_row {
    std::int64_t id;
    row_key key;
};

/// A row of two columns in binary: an integer as above, a uuid.
std::optional<keyed_row> keyed_row_of(const PGresult* result, int row) noexcept;

} // namespace beastmark::postgres
