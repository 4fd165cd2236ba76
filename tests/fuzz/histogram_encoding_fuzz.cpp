// Histograms from elsewhere: whatever the text, it is refused or a histogram, in bounded memory. The first
// byte of the input says which of the format's layers the rest is, so that mutations reach the inner ones;
// the outer ones are put around it as they should be.
#include "common/base64.hpp"
#include "common/histogram_encoding.hpp"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include <sanitizer/allocator_interface.h>

namespace {

using beastmark::histogram;

std::atomic<std::size_t> largest_block{0};

void on_malloc(const volatile void*, std::size_t size) {
    if (size > largest_block) {
        largest_block = size;
    }
}

void on_free(const volatile void*) {}

void require(bool holds) {
    if (!holds) {
        std::abort();
    }
}

std::string big_endian(std::uint32_t value) {
    std::string bytes;
    for (const int shift : std::array{24, 16, 8, 0}) {
        bytes.push_back(static_cast<char>(value >> shift));
    }
    return bytes;
}

std::string with_header(std::string_view counts) {
    using namespace std::string_view_literals;
    return big_endian(0x1c849313) + big_endian(static_cast<std::uint32_t>(counts.size())) + big_endian(0) +
           big_endian(3) + std::string("\0\0\0\0\0\0\0\1"sv) + std::string("\0\0\0\x1b\xf0\x8e\xb0\x00"sv) +
           std::string("\x3f\xf0\0\0\0\0\0\0"sv) + std::string(counts);
}

std::string compressed(const std::string& payload) {
    std::string stream(compressBound(payload.size()), '\0');
    uLongf size = stream.size();
    require(compress2(reinterpret_cast<Bytef*>(stream.data()), &size,
                      reinterpret_cast<const Bytef*>(payload.data()), payload.size(), 1) == Z_OK);
    stream.resize(size);
    return stream;
}

std::string in_envelope(const std::string& stream) {
    return beastmark::to_base64(big_endian(0x1c849314) +
                                big_endian(static_cast<std::uint32_t>(stream.size())) + stream);
}

std::string text_of(std::uint8_t layer, const std::string& input) {
    switch (layer % 4) {
    case 0:
        return in_envelope(compressed(with_header(input)));
    case 1:
        return in_envelope(compressed(input));
    case 2:
        return in_envelope(input);
    default:
        return input;
    }
}

void check(const histogram& values) {
    const auto first = histogram::index_of(static_cast<std::uint64_t>(values.min().count()));
    const auto last = histogram::index_of(static_cast<std::uint64_t>(values.max().count()));
    std::uint64_t sum = 0;
    for (auto i = first; i <= last; ++i) {
        sum += values.count_at(i);
    }
    require(sum == values.count() && values.overflow() <= sum && sum <= INT64_MAX);
    require(values.min() <= values.max());
    auto below = values.min();
    for (const double p : std::array<double, 6>{0, 50, 90, 99, 99.9, 100}) {
        const auto value = values.value_at_percentile(p);
        require(value >= below && value <= values.max());
        below = value;
    }
    const auto again = beastmark::decode_v2(beastmark::encode_v2(values));
    require(again && again->count() == values.count() && again->max() == values.max() &&
            again->min() == values.min());
    for (auto i = first; i <= last; ++i) {
        require(again->count_at(i) == values.count_at(i));
    }
    require(!beastmark::percentile_distribution(values).empty());
}

} // namespace

extern "C" int LLVMFuzzerInitialize(int*, char***) {
    __sanitizer_install_malloc_and_free_hooks(on_malloc, on_free);
    return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) {
        return 0;
    }
    const auto text = text_of(data[0], {reinterpret_cast<const char*>(data + 1), size - 1});
    largest_block = 0;
    const auto values = beastmark::decode_v2(text);
    // The counts and as many of the longest varints, or the text as bytes.
    require(largest_block <= std::max<std::size_t>(512 * 1024, text.size()));
    if (values) {
        check(*values);
    }
    return 0;
}
