#include "common/base64.hpp"
#include "common/histogram_encoding.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include <bit>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <random>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace beastmark {
namespace {

using std::chrono::nanoseconds;
using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::StartsWith;

constexpr std::uint64_t highest_count = std::numeric_limits<std::int64_t>::max();

// A message of the format, each field of which a test can spoil.
struct message {
    std::uint32_t compressed_cookie = 0x1c849314;
    std::optional<std::uint32_t> stream_length;
    std::uint32_t cookie = 0x1c849313;
    std::optional<std::uint32_t> counts_length;
    std::uint32_t normalizing_offset = 0;
    std::uint32_t digits = 3;
    std::uint64_t lowest = 1;
    std::uint64_t highest = histogram::highest_trackable_ns;
    double ratio = 1.0;
    std::string counts = "\x02"; // one value of 0 ns
    std::string after_stream;

    [[nodiscard]] std::string text() const;
};

template <class Unsigned>
std::string big_endian(Unsigned value) {
    std::string bytes;
    for (int shift = std::numeric_limits<Unsigned>::digits - 8; shift >= 0; shift -= 8)
        bytes.push_back(static_cast<char>(value >> shift));
    return bytes;
}

std::string deflated(const std::string& bytes) {
    std::string stream(compressBound(bytes.size()), '\0');
    uLongf size = stream.size();
    EXPECT_EQ(compress(reinterpret_cast<Bytef*>(stream.data()), &size,
                       reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()),
              Z_OK);
    stream.resize(size);
    return stream;
}

std::string message::text() const {
    const auto stream =
        deflated(big_endian(cookie) +
                 big_endian(counts_length.value_or(static_cast<std::uint32_t>(counts.size()))) +
                 big_endian(normalizing_offset) + big_endian(digits) + big_endian(lowest) +
                 big_endian(highest) + big_endian(std::bit_cast<std::uint64_t>(ratio)) + counts) +
        after_stream;
    return to_base64(big_endian(compressed_cookie) +
                     big_endian(stream_length.value_or(static_cast<std::uint32_t>(stream.size()))) + stream);
}

std::string varint(std::int64_t number) {
    std::string bytes;
    auto value =
        number < 0 ? ~(static_cast<std::uint64_t>(number) << 1) : static_cast<std::uint64_t>(number) << 1;
    while (bytes.size() < 8 && value >= 128) {
        bytes.push_back(static_cast<char>(128 + value % 128));
        value /= 128;
    }
    bytes.push_back(static_cast<char>(value));
    return bytes;
}

std::optional<histogram> decoded_counts(const std::string& counts) {
    message m;
    m.counts = counts;
    return decode_v2(m.text());
}

void expect_round_trip(const histogram& h) {
    const auto back = decode_v2(encode_v2(h));
    ASSERT_TRUE(back);
    for (std::size_t i = 0; i < histogram::counts_size; ++i)
        ASSERT_EQ(back->count_at(i), h.count_at(i)) << i;
    EXPECT_EQ(back->count(), h.count());
    EXPECT_EQ(back->overflow(), 0u);
    EXPECT_GE(back->min(), h.min());
    EXPECT_LE(back->min(), h.min() + h.min() / 1024);
    EXPECT_GE(back->max(), h.max());
    EXPECT_LE(back->max(), h.max() + h.max() / 1024);
    EXPECT_GE(back->mean_ns(), h.mean_ns() * (1 - 1e-9));
    EXPECT_LE(back->mean_ns(), h.mean_ns() * (1 + 1.0 / 1024) + 1e-9);
    for (const double p : {0.0, 50.0, 99.0, 99.9}) {
        EXPECT_GE(back->value_at_percentile(p), h.value_at_percentile(p));
        EXPECT_LE(back->value_at_percentile(p), h.value_at_percentile(p) * 1025 / 1024);
    }
    EXPECT_EQ(encode_v2(*back), encode_v2(h));
}

histogram log_normal(int samples) {
    std::mt19937_64 random(11);
    std::lognormal_distribution<double> durations(14, 2);
    histogram h;
    for (int i = 0; i < samples; ++i)
        h.record(nanoseconds(static_cast<std::int64_t>(durations(random))));
    return h;
}

TEST(histogram_encoding, an_empty_histogram_survives) {
    expect_round_trip(histogram());
    const auto back = decode_v2(encode_v2(histogram()));
    ASSERT_TRUE(back);
    EXPECT_EQ(back->count(), 0u);
    EXPECT_EQ(back->max(), 0ns);
}

TEST(histogram_encoding, one_value_survives_wherever_it_is) {
    for (const auto value : {0ns, 1ns, 2ns, 2047ns, 2048ns, 2049ns, 4096ns, 1'234'567ns, nanoseconds(119s),
                             nanoseconds(120s) - 1ns, nanoseconds(120s)}) {
        SCOPED_TRACE(value.count());
        histogram h;
        h.record(value);
        expect_round_trip(h);
    }
}

TEST(histogram_encoding, one_value_in_each_counter_survives) {
    histogram h;
    for (std::size_t i = 0; i <= histogram::index_of(histogram::highest_trackable_ns); ++i)
        h.record_n(nanoseconds(histogram::lowest_of(i)), i % 300 + 1);
    expect_round_trip(h);
}

TEST(histogram_encoding, neighbours_with_no_one_and_many_zeros_between_them_survive) {
    histogram h;
    for (const int value : {3, 4, 6, 9, 500, 2040})
        h.record_n(nanoseconds(value), static_cast<std::uint64_t>(value));
    expect_round_trip(h);
}

TEST(histogram_encoding, a_million_log_normal_values_survive_in_a_few_kilobytes) {
    const auto h = log_normal(1'000'000);
    expect_round_trip(h);
    EXPECT_LT(encode_v2(h).size(), 32u * 1024);
}

TEST(histogram_encoding, counts_of_every_length_survive) {
    for (int bits = 0; bits < 63; ++bits) {
        SCOPED_TRACE(bits);
        histogram h;
        h.record_n(5ms, std::uint64_t{1} << bits);
        h.record_n(7ms, (std::uint64_t{1} << bits) - 1);
        expect_round_trip(h);
    }
    histogram h;
    h.record_n(5ms, highest_count);
    expect_round_trip(h);
}

TEST(histogram_encoding, a_count_beyond_the_formats_range_is_written_as_its_end) {
    histogram h;
    h.record_n(5ms, highest_count + 7);
    const auto back = decode_v2(encode_v2(h));
    ASSERT_TRUE(back);
    EXPECT_EQ(back->count(), highest_count);
}

TEST(histogram_encoding, values_beyond_the_range_come_back_at_its_end) {
    histogram h;
    h.record_n(1h, 3);
    const auto back = decode_v2(encode_v2(h));
    ASSERT_TRUE(back);
    EXPECT_EQ(back->count(), 3u);
    EXPECT_EQ(back->max(), 120s);
    EXPECT_EQ(back->overflow(), 0u);
}

// "HISTF" is how every HdrHistogram log line starts, cookie 0x1c849314.
TEST(histogram_encoding, is_what_the_format_says_byte_for_byte) {
    EXPECT_THAT(encode_v2(histogram()), StartsWith("HISTF"));
    message empty;
    empty.counts = varint(0);
    EXPECT_EQ(encode_v2(histogram()), empty.text());
    histogram h;
    h.record_n(0ns, 1);
    h.record_n(2ns, 64);
    h.record_n(2048ns, 1'000'000);
    message m;
    m.counts = varint(1) + varint(0) + varint(64) + varint(-2045) + varint(1'000'000);
    EXPECT_EQ(encode_v2(h), m.text());
}

TEST(histogram_encoding, reads_what_others_may_write_differently) {
    EXPECT_TRUE(decode_v2(message().text()));
    message m;
    m.compressed_cookie = 0x1c849304; // without the word size, or with another
    m.cookie = 0x1c849383;
    m.highest = 3'600'000;
    m.counts = ""; // HdrHistogram for Python, empty
    const auto empty = decode_v2(m.text());
    ASSERT_TRUE(empty);
    EXPECT_EQ(empty->count(), 0u);
    m.counts = varint(-1) + varint(5) + varint(-1) + varint(0) + varint(0) + varint(6) + varint(-20'000);
    const auto zeros_singly = decode_v2(m.text());
    ASSERT_TRUE(zeros_singly);
    EXPECT_EQ(zeros_singly->count_at(1), 5u);
    EXPECT_EQ(zeros_singly->count_at(5), 6u);
    EXPECT_EQ(zeros_singly->count(), 11u);
}

TEST(histogram_encoding, counts_above_the_range_are_counted_at_its_end_and_as_overflow) {
    const auto end = static_cast<std::int64_t>(histogram::index_of(histogram::highest_trackable_ns));
    const auto h = decoded_counts(varint(-end) + varint(2) + varint(3));
    ASSERT_TRUE(h);
    EXPECT_EQ(h->count(), 5u);
    EXPECT_EQ(h->overflow(), 3u);
    EXPECT_EQ(h->max(), 120s);
    EXPECT_EQ(h->count_at(static_cast<std::size_t>(end)), 5u);
    const auto size = static_cast<std::int64_t>(histogram::counts_size);
    EXPECT_TRUE(decoded_counts(varint(-(size - 1)) + varint(1)));
}

TEST(histogram_encoding, another_format_or_configuration_is_refused) {
    const auto refused = [](auto spoil) {
        message m;
        spoil(m);
        return !decode_v2(m.text());
    };
    EXPECT_TRUE(refused([](message& m) { m.compressed_cookie = 0x1c849302; })); // V1
    EXPECT_TRUE(refused([](message& m) { m.compressed_cookie = 0x1c849303; })); // V2, not compressed
    EXPECT_TRUE(refused([](message& m) { m.cookie = 0x1c849301; }));            // V1
    EXPECT_TRUE(refused([](message& m) { m.cookie = 0x1c849304; }));
    EXPECT_TRUE(refused([](message& m) { m.normalizing_offset = 1; }));
    EXPECT_TRUE(refused([](message& m) { m.digits = 2; }));
    EXPECT_TRUE(refused([](message& m) { m.digits = 4; }));
    EXPECT_TRUE(refused([](message& m) { m.digits = 0xffffffff; }));
    EXPECT_TRUE(refused([](message& m) { m.lowest = 0; }));
    EXPECT_TRUE(refused([](message& m) { m.lowest = 1000; }));
    EXPECT_TRUE(refused([](message& m) { m.highest = 1; }));
    EXPECT_TRUE(refused([](message& m) { m.highest = histogram::highest_trackable_ns + 1; }));
    EXPECT_TRUE(refused([](message& m) { m.highest = UINT64_MAX; }));
    EXPECT_TRUE(refused([](message& m) { m.ratio = 1000; }));
    EXPECT_TRUE(refused([](message& m) { m.ratio = std::nan(""); }));
}

TEST(histogram_encoding, wrong_lengths_are_refused) {
    const auto refused = [](auto spoil) {
        message m;
        spoil(m);
        return !decode_v2(m.text());
    };
    for (const std::uint32_t length : {0u, 2u, 1000u, 0x7fffffffu, 0xffffffffu}) {
        EXPECT_TRUE(refused([&](message& m) { m.counts_length = length; })) << length;
        EXPECT_TRUE(refused([&](message& m) { m.stream_length = length; })) << length;
    }
    EXPECT_TRUE(refused([](message& m) { m.after_stream = "x"; }));
}

TEST(histogram_encoding, counts_that_do_not_fit_are_refused) {
    constexpr auto size = static_cast<std::int64_t>(histogram::counts_size);
    EXPECT_FALSE(decoded_counts(varint(-size) + varint(1)));
    EXPECT_FALSE(decoded_counts(varint(-size) + varint(0)));
    EXPECT_FALSE(decoded_counts(varint(-size - 1)));
    EXPECT_FALSE(decoded_counts(varint(-1) + varint(INT64_MIN)));
    EXPECT_FALSE(decoded_counts(varint(INT64_MIN)));
    EXPECT_FALSE(decoded_counts(varint(INT64_MAX) + varint(1)));
    EXPECT_FALSE(decoded_counts(varint(INT64_MAX) + varint(INT64_MAX) + varint(INT64_MAX)));
    EXPECT_TRUE(decoded_counts(varint(INT64_MAX - 1) + varint(1)));
    EXPECT_FALSE(decoded_counts("\x80"));                             // ends inside a count
    EXPECT_FALSE(decoded_counts("\xff\xff\xff\xff\xff\xff\xff\xff")); // before the ninth byte
}

TEST(histogram_encoding, what_inflates_to_more_than_a_histogram_is_refused) {
    message bomb;
    bomb.counts.assign(64u * 1024 * 1024, '\0');
    const auto text = bomb.text();
    ASSERT_LT(text.size(), 128u * 1024);
    EXPECT_FALSE(decode_v2(text));
    EXPECT_FALSE(decode_v2(std::string(64u * 1024 * 1024, 'A')));
}

TEST(histogram_encoding, every_truncation_is_refused) {
    const auto text = encode_v2(log_normal(300));
    for (std::size_t size = 0; size < text.size(); ++size)
        ASSERT_FALSE(decode_v2(std::string(text, 0, size))) << size;
    // Also where the base64 is whole and the outer length agrees.
    const auto bytes = from_base64(text).value();
    for (std::size_t size = 8; size < bytes.size(); ++size)
        ASSERT_FALSE(
            decode_v2(to_base64(bytes.substr(0, 4) + big_endian(static_cast<std::uint32_t>(size - 8)) +
                                bytes.substr(8, size - 8))))
            << size;
}

TEST(histogram_encoding, text_that_is_no_base64_is_refused) {
    const auto text = encode_v2(log_normal(300));
    for (const auto* spoiled : {"", " ", "=", "====", "HISTFAAA", "not a histogram", "HISTF"})
        EXPECT_FALSE(decode_v2(spoiled)) << spoiled;
    EXPECT_FALSE(decode_v2(text + "\n"));
    EXPECT_FALSE(decode_v2(" " + text));
    EXPECT_FALSE(decode_v2(text + text));
    EXPECT_FALSE(decode_v2("Tag=x," + text));
}

// The zlib checksum covers the payload, so that no changed byte goes unseen, but for the two cookies' word
// size and zlib's own header.
TEST(histogram_encoding, a_changed_byte_is_refused_or_changes_no_count) {
    const auto h = log_normal(2'000);
    const auto bytes = from_base64(encode_v2(h)).value();
    std::mt19937_64 random(5);
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        auto changed = bytes;
        changed[i] = static_cast<char>(changed[i] ^ static_cast<char>(random() % 255 + 1));
        const auto back = decode_v2(to_base64(changed));
        if (back) {
            ASSERT_EQ(encode_v2(*back), encode_v2(h)) << i;
        }
    }
}

// Behind the checksum: the payload itself is changed and then compressed.
TEST(histogram_encoding, a_payload_of_any_bytes_is_refused_or_read_within_bounds) {
    std::mt19937_64 random(6);
    int read = 0;
    for (int i = 0; i < 5'000; ++i) {
        message m;
        m.counts.clear();
        const auto length = random() % 60;
        for (std::size_t n = 0; n < length; ++n)
            m.counts.push_back(static_cast<char>(random() % (i % 2 == 0 ? 256 : 16)));
        const auto h = decode_v2(m.text());
        if (!h)
            continue;
        ++read;
        std::uint64_t sum = 0;
        for (std::size_t n = 0; n < histogram::counts_size; ++n)
            sum += h->count_at(n);
        ASSERT_EQ(sum, h->count());
        ASSERT_LE(sum, highest_count);
        ASSERT_FALSE(percentile_distribution(*h).empty());
    }
    EXPECT_GT(read, 1'000);
}

TEST(histogram_encoding, text_of_any_base64_digits_is_refused) {
    std::mt19937_64 random(8);
    for (int i = 0; i < 5'000; ++i) {
        std::string bytes = i % 2 == 0 ? std::string("\x1c\x84\x93\x14", 4) + big_endian(40u) : "";
        for (int n = 0; n < 40; ++n)
            bytes.push_back(static_cast<char>(random()));
        ASSERT_FALSE(decode_v2(to_base64(bytes)));
    }
}

TEST(percentile_distribution, is_the_text_the_plotter_reads) {
    histogram h;
    h.record_n(1ms, 75);
    h.record_n(nanoseconds(50'000'123), 25);
    EXPECT_EQ(percentile_distribution(h),
              R"(       Value     Percentile TotalCount 1/(1-Percentile)

    1.000447 0.000000000000         75           1.00
    1.000447 0.100000000000         75           1.11
    1.000447 0.200000000000         75           1.25
    1.000447 0.300000000000         75           1.43
    1.000447 0.400000000000         75           1.67
    1.000447 0.500000000000         75           2.00
    1.000447 0.550000000000         75           2.22
    1.000447 0.600000000000         75           2.50
    1.000447 0.650000000000         75           2.86
    1.000447 0.700000000000         75           3.33
    1.000447 0.750000000000         75           4.00
   50.000123 0.775000000000        100           4.44
   50.000123 1.000000000000        100
#[Mean    =    13.250031, StdDeviation   =    21.212163]
#[Max     =    50.000123, Total count    =          100]
#[Buckets =           27, SubBuckets     =         2048]
)");
}

TEST(percentile_distribution, an_empty_histogram_has_no_rows) {
    EXPECT_EQ(percentile_distribution(histogram()),
              "       Value     Percentile TotalCount 1/(1-Percentile)\n"
              "\n"
              "#[Mean    =     0.000000, StdDeviation   =     0.000000]\n"
              "#[Max     =     0.000000, Total count    =            0]\n"
              "#[Buckets =           27, SubBuckets     =         2048]\n");
}

TEST(percentile_distribution, equal_values_deviate_by_nothing_and_are_all_of_the_last_row) {
    histogram h;
    h.record_n(nanoseconds(3'000'001), 1000);
    const auto text = percentile_distribution(h);
    EXPECT_THAT(text, HasSubstr("\n    3.000001 0.000000000000       1000           1.00\n"
                                "    3.000001 1.000000000000       1000\n"
                                "#[Mean    =     3.000001, StdDeviation   =     0.000000]\n"
                                "#[Max     =     3.000001, Total count    =         1000]\n"));
}

TEST(percentile_distribution, has_the_standard_deviation_of_the_values) {
    histogram h;
    h.record_n(1us, 50);
    h.record_n(2us, 50);
    EXPECT_THAT(percentile_distribution(h),
                HasSubstr("#[Mean    =     0.001500, StdDeviation   =     0.000500]"));
}

struct row {
    double value = 0;
    double percentile = 0;
    std::uint64_t count = 0;
};

std::vector<row> rows_of(const std::string& text) {
    std::vector<row> rows;
    std::istringstream lines(text);
    std::string line;
    std::getline(lines, line);
    std::getline(lines, line);
    while (std::getline(lines, line) && line[0] != '#') {
        std::istringstream fields(line);
        rows.emplace_back();
        fields >> rows.back().value >> rows.back().percentile >> rows.back().count;
    }
    return rows;
}

TEST(percentile_distribution, each_row_is_the_value_at_its_percentile_and_the_count_up_to_it) {
    const auto h = log_normal(100'000);
    const auto rows = rows_of(percentile_distribution(h));
    ASSERT_GT(rows.size(), 60u);
    for (const auto& r : rows) {
        EXPECT_NEAR(r.value, static_cast<double>(h.value_at_percentile(r.percentile * 100).count()) / 1e6,
                    1e-6)
            << r.percentile;
        std::uint64_t count = 0;
        for (std::size_t i = 0;
             i <= histogram::index_of(static_cast<std::uint64_t>(std::llround(r.value * 1e6))); ++i)
            count += h.count_at(i);
        EXPECT_EQ(r.count, count) << r.percentile;
    }
    EXPECT_EQ(rows.back().percentile, 1.0);
    EXPECT_EQ(rows.back().count, h.count());
}

// In a double, a percentile this near to 100 stops to grow; the rows must end all the same.
TEST(percentile_distribution, ends_for_one_slow_value_among_countless_fast_ones) {
    histogram h;
    h.record_n(1us, highest_count - 1);
    h.record(1s);
    const auto rows = rows_of(percentile_distribution(h));
    EXPECT_GT(rows.size(), 300u);
    EXPECT_LT(rows.size(), 330u);
    EXPECT_DOUBLE_EQ(rows.back().value, 1000.0);
}

} // namespace
} // namespace beastmark
