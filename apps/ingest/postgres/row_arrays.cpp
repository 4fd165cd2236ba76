#include "ingest/postgres/row_arrays.hpp"

#include <boost/endian/conversion.hpp>

#include <chrono>
#include <cstdint>
#include <string_view>

namespace beastmark::postgres {
namespace {

// src/include/catalog/pg_type.dat: these never change.
constexpr std::int32_t uuid_type = 2950;
constexpr std::int32_t text_type = 25;
constexpr std::int32_t timestamptz_type = 1184;

constexpr std::array<std::int32_t, row_arrays::columns> types{uuid_type, text_type, text_type,
                                                              timestamptz_type};

// timestamptz counts microseconds from here.
constexpr std::chrono::sys_days epoch{std::chrono::January / 1 / 2000};

constexpr std::size_t usual_text_bytes = 24;

template <class Integer>
void append(std::string& to, Integer value) {
    boost::endian::native_to_big_inplace(value);
    to.append(reinterpret_cast<const char*>(&value), sizeof value);
}

void append_element(std::string& to, std::string_view bytes) {
    append(to, static_cast<std::int32_t>(bytes.size()));
    to.append(bytes);
}

void start_array(std::string& to, std::int32_t type, std::size_t elements) {
    to.clear();
    append(to, std::int32_t{1}); // dimensions
    append(to, std::int32_t{0}); // no null is in it
    append(to, type);
    append(to, static_cast<std::int32_t>(elements));
    append(to, std::int32_t{1}); // the first subscript
}

} // namespace

row_arrays::row_arrays(std::size_t rows) {
    constexpr std::size_t header = 5 * sizeof(std::int32_t);
    for (auto& a : arrays_)
        a.reserve(header + rows * (sizeof(std::int32_t) + usual_text_bytes));
}

void row_arrays::assign(const request_list& rows) {
    auto& [keys, macs, firmwares, times] = arrays_;
    for (std::size_t i = 0; i < columns; ++i)
        start_array(arrays_[i], types[i], rows.size());
    for (const request& r : rows) {
        append_element(keys, {reinterpret_cast<const char*>(r.key.data()), r.key.size()});
        append_element(macs, r.values[1]);
        append_element(firmwares, r.values[2]);
        append(times, std::int32_t{sizeof(std::int64_t)});
        append(times, std::int64_t{(r.time - epoch).count()});
    }
}

std::array<const char*, row_arrays::columns> row_arrays::values() const noexcept {
    return {arrays_[0].data(), arrays_[1].data(), arrays_[2].data(), arrays_[3].data()};
}

std::array<int, row_arrays::columns> row_arrays::lengths() const noexcept {
    std::array<int, columns> lengths{};
    for (std::size_t i = 0; i < columns; ++i)
        lengths[i] = static_cast<int>(arrays_[i].size());
    return lengths;
}

} // namespace beastmark::postgres
