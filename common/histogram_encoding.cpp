#include "common/histogram_encoding.hpp"

#include "common/base64.hpp"
#include "common/percentile_spectrum.hpp"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <bit>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <iterator>
#include <limits>
#include <new>

namespace beastmark {

namespace {

// The low nibble names the format; 0x10 says that the counters are ZigZag LEB128. Readers ignore that nibble.
constexpr std::uint32_t payload_cookie = 0x1c849303;
constexpr std::uint32_t compressed_cookie = 0x1c849304;
constexpr std::uint32_t word_size_mask = 0xf0;
constexpr std::uint32_t variable_word_size = 0x10;

constexpr std::size_t envelope_size = 8; // cookie and length of the zlib stream
constexpr std::size_t payload_header_size = 40;
constexpr std::size_t longest_varint = 9;
constexpr std::size_t longest_payload = payload_header_size + histogram::counts_size * longest_varint;
// zlib adds less than 0.1 % to what it cannot compress, base64 a third.
constexpr std::size_t longest_text = longest_payload * 3 / 2;

constexpr std::uint64_t highest_count = std::numeric_limits<std::int64_t>::max();

template <class Unsigned>
void append_big_endian(std::string& to, Unsigned value) {
    for (int shift = std::numeric_limits<Unsigned>::digits - 8; shift >= 0; shift -= 8)
        to.push_back(static_cast<char>(value >> shift));
}

// Cuts the number off the front, which must be long enough.
template <class Unsigned>
Unsigned take_big_endian(std::string_view& from) {
    Unsigned value = 0;
    for (std::size_t i = 0; i < sizeof(Unsigned); ++i)
        value = static_cast<Unsigned>(value << 8) | static_cast<unsigned char>(from[i]);
    from.remove_prefix(sizeof(Unsigned));
    return value;
}

// ZigZag: the sign in the lowest bit. LEB128 in at most nine bytes, the last of which holds eight bits.
void append_varint(std::string& to, std::int64_t number) {
    auto value = static_cast<std::uint64_t>(number) << 1 ^ static_cast<std::uint64_t>(number >> 63);
    for (std::size_t i = 1; i < longest_varint && value >= 0x80; ++i, value >>= 7)
        to.push_back(static_cast<char>((value & 0x7f) | 0x80));
    to.push_back(static_cast<char>(value));
}

std::optional<std::int64_t> take_varint(std::string_view& from) {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < std::min(from.size(), longest_varint); ++i) {
        const std::uint64_t byte = static_cast<unsigned char>(from[i]);
        const auto last = byte < 0x80 || i + 1 == longest_varint;
        value |= (last ? byte : byte & 0x7f) << 7 * i;
        if (last) {
            from.remove_prefix(i + 1);
            return static_cast<std::int64_t>(value >> 1 ^ (~(value & 1) + 1));
        }
    }
    return std::nullopt;
}

// Up to the last counter that is not 0: counts, and for two zeros or more in a row minus their number. An
// empty histogram is one zero.
std::string encode_counts(const histogram& values) {
    const auto size = histogram::index_of(static_cast<std::uint64_t>(values.max().count())) + 1;
    std::string encoded;
    for (std::size_t i = 0; i < size;) {
        const auto start = i;
        while (i < size && values.count_at(i) == 0)
            ++i;
        if (const auto zeros = static_cast<std::int64_t>(i - start); zeros > 0)
            append_varint(encoded, zeros == 1 ? 0 : -zeros);
        if (i < size)
            append_varint(encoded, static_cast<std::int64_t>(std::min(values.count_at(i++), highest_count)));
    }
    return encoded;
}

// The highest value of the counter, but not above the range if that ends inside the counter.
std::uint64_t value_of(std::size_t index) {
    constexpr auto end = histogram::highest_trackable_ns;
    return histogram::lowest_of(index) <= end ? std::min(histogram::highest_of(index), end)
                                              : histogram::highest_of(index);
}

std::optional<histogram> decode_counts(std::string_view encoded) {
    histogram values;
    std::size_t index = 0;
    while (!encoded.empty()) {
        const auto number = take_varint(encoded);
        if (!number)
            return std::nullopt;
        const auto magnitude =
            *number < 0 ? ~static_cast<std::uint64_t>(*number) + 1 : static_cast<std::uint64_t>(*number);
        const auto counters = *number < 0 ? magnitude : 1;
        if (counters > histogram::counts_size - index)
            return std::nullopt;
        if (*number > 0) {
            if (magnitude > highest_count - values.count())
                return std::nullopt;
            values.record_n(std::chrono::nanoseconds(value_of(index)), magnitude);
        }
        index += counters;
    }
    return values;
}

std::optional<std::string> inflate_payload(std::string_view stream) {
    std::string payload(longest_payload, '\0');
    uLongf size = payload.size();
    uLong consumed = stream.size();
    const auto outcome = uncompress2(reinterpret_cast<Bytef*>(payload.data()), &size,
                                     reinterpret_cast<const Bytef*>(stream.data()), &consumed);
    if (outcome == Z_MEM_ERROR)
        throw std::bad_alloc();
    if (outcome != Z_OK || consumed != stream.size())
        return std::nullopt;
    payload.resize(size);
    return payload;
}

std::optional<histogram> decode_payload(std::string_view payload) {
    if (payload.size() < payload_header_size)
        return std::nullopt;
    const auto cookie = take_big_endian<std::uint32_t>(payload);
    const auto counts_length = take_big_endian<std::uint32_t>(payload);
    const auto normalizing_offset = take_big_endian<std::uint32_t>(payload);
    const auto digits = take_big_endian<std::uint32_t>(payload);
    const auto lowest = take_big_endian<std::uint64_t>(payload);
    const auto highest = take_big_endian<std::uint64_t>(payload);
    const auto ratio = std::bit_cast<double>(take_big_endian<std::uint64_t>(payload));
    const auto same_format = (cookie & ~word_size_mask) == payload_cookie && counts_length == payload.size();
    const auto same_layout = lowest == 1 && digits == histogram::significant_digits &&
                             highest >= 2 * lowest && highest <= histogram::highest_trackable_ns;
    const auto unscaled = normalizing_offset == 0 && ratio == 1.0;
    if (!same_format || !same_layout || !unscaled)
        return std::nullopt;
    return decode_counts(payload);
}

constexpr double ns_per_ms = 1e6;

double milliseconds(std::uint64_t ns) {
    return static_cast<double>(ns) / ns_per_ms;
}

std::string percentile_rows(const histogram& values) {
    std::string text;
    for (const auto& point : percentile_spectrum(values)) {
        fmt::format_to(std::back_inserter(text), "{:12.6f} {:.12f} {:10}", milliseconds(point.value_ns),
                       1 - point.above, point.count);
        if (point.above > 0) // the level of 100 % has no fourth column
            fmt::format_to(std::back_inserter(text), " {:14.2f}", 1 / point.above);
        text += '\n';
    }
    return text;
}

// Around the mean of the counters' middles and not around the exact one, so that equal values deviate by 0.
double standard_deviation_ms(const histogram& values) {
    const auto first = histogram::index_of(static_cast<std::uint64_t>(values.min().count()));
    const auto last = histogram::index_of(static_cast<std::uint64_t>(values.max().count()));
    double weight = 0;
    double mean = 0;
    double squares = 0;
    for (auto i = first; i <= last; ++i) {
        if (values.count_at(i) == 0)
            continue;
        const auto width = histogram::highest_of(i) - histogram::lowest_of(i) + 1;
        const auto middle = milliseconds(histogram::lowest_of(i) + width / 2);
        const auto count = static_cast<double>(values.count_at(i));
        // West, 1979: a weighted mean and variance in one pass, without cancellation.
        weight += count;
        const auto difference = middle - mean;
        mean += difference * count / weight;
        squares += count * difference * (middle - mean);
    }
    return weight > 0 ? std::sqrt(squares / weight) : 0.0;
}

} // namespace

std::string encode_v2(const histogram& values) {
    const auto counts = encode_counts(values);
    std::string payload;
    append_big_endian(payload, payload_cookie | variable_word_size);
    append_big_endian(payload, static_cast<std::uint32_t>(counts.size()));
    append_big_endian(payload, std::uint32_t{0}); // normalizing index offset
    append_big_endian(payload, std::uint32_t{histogram::significant_digits});
    append_big_endian(payload, std::uint64_t{1}); // lowest discernible value
    append_big_endian(payload, histogram::highest_trackable_ns);
    append_big_endian(payload, std::bit_cast<std::uint64_t>(1.0)); // integer to double conversion ratio
    payload += counts;

    std::string stream(compressBound(payload.size()), '\0');
    uLongf size = stream.size();
    if (compress(reinterpret_cast<Bytef*>(stream.data()), &size,
                 reinterpret_cast<const Bytef*>(payload.data()), payload.size()) != Z_OK)
        throw std::bad_alloc(); // the room suffices: memory is all that compress() can lack
    stream.resize(size);

    std::string envelope;
    append_big_endian(envelope, compressed_cookie | variable_word_size);
    append_big_endian(envelope, static_cast<std::uint32_t>(stream.size()));
    return to_base64(envelope + stream);
}

std::optional<histogram> decode_v2(std::string_view base64) {
    if (base64.size() > longest_text)
        return std::nullopt;
    const auto bytes = from_base64(base64);
    if (!bytes || bytes->size() < envelope_size)
        return std::nullopt;
    std::string_view stream = *bytes;
    const auto cookie = take_big_endian<std::uint32_t>(stream);
    const auto length = take_big_endian<std::uint32_t>(stream);
    if ((cookie & ~word_size_mask) != compressed_cookie || length != stream.size())
        return std::nullopt;
    const auto payload = inflate_payload(stream);
    return payload ? decode_payload(*payload) : std::nullopt;
}

std::string percentile_distribution(const histogram& values) {
    auto text = fmt::format("{:>12} {:>14} {:>10} {:>14}\n\n", "Value", "Percentile", "TotalCount",
                            "1/(1-Percentile)");
    if (values.count() > 0)
        text += percentile_rows(values);
    fmt::format_to(std::back_inserter(text), "#[Mean    = {:12.6f}, StdDeviation   = {:12.6f}]\n",
                   values.mean_ns() / ns_per_ms, standard_deviation_ms(values));
    fmt::format_to(std::back_inserter(text), "#[Max     = {:12.6f}, Total count    = {:12}]\n",
                   milliseconds(static_cast<std::uint64_t>(values.max().count())), values.count());
    fmt::format_to(std::back_inserter(text), "#[Buckets = {:12}, SubBuckets     = {:12}]\n",
                   histogram::bucket_count, histogram::sub_bucket_count);
    return text;
}

} // namespace beastmark
