#include "ingest/postgres/result.hpp"

#include <boost/endian/conversion.hpp>

#include <algorithm>
#include <cstring>

namespace beastmark::postgres {
namespace {

bool is_binary(const PGresult* result, int row, int column) noexcept {
    return PQgetisnull(result, row, column) == 0 && PQfformat(result, column) == 1;
}

std::optional<std::int64_t> integer_at(const PGresult* result, int row, int column) noexcept {
    if (!is_binary(result, row, column))
        return std::nullopt;
    const auto* const bytes = reinterpret_cast<const unsigned char*>(PQgetvalue(result, row, column));
    switch (PQgetlength(result, row, column)) {
    case 2:
        return boost::endian::load_big_s16(bytes);
    case 4:
        return boost::endian::load_big_s32(bytes);
    case 8:
        return boost::endian::load_big_s64(bytes);
    default:
        return std::nullopt;
    }
}

} // namespace

std::string_view field(const PGresult* result, int code) noexcept {
    const char* const text = PQresultErrorField(result, code);
    return text == nullptr ? std::string_view() : std::string_view(text);
}

bool ends_session(const PGresult* result) noexcept {
    const auto severity = field(result, PG_DIAG_SEVERITY_NONLOCALIZED);
    return severity == "FATAL" || severity == "PANIC";
}

std::string first_line(std::string_view text) {
    std::string line(text.substr(0, text.find('\n')));
    std::ranges::replace_if(line, [](unsigned char c) { return c < 0x20 || c == 0x7f; }, '?');
    return line;
}

std::optional<std::int64_t> integer_of(const PGresult* result) noexcept {
    if (PQntuples(result) != 1 || PQnfields(result) != 1)
        return std::nullopt;
    return integer_at(result, 0, 0);
}

std::optional<keyed_row> keyed_row_of(const PGresult* result, int row) noexcept {
    if (PQnfields(result) != 2 || !is_binary(result, row, 1))
        return std::nullopt;
    const auto id = integer_at(result, row, 0);
    keyed_row read{.id = id.value_or(0), .key = {}};
    if (!id || PQgetlength(result, row, 1) != static_cast<int>(read.key.size()))
        return std::nullopt;
    std::memcpy(read.key.data(), PQgetvalue(result, row, 1), read.key.size());
    return read;
}

} // namespace beastmark::postgres
