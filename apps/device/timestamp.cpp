#include "device/timestamp.hpp"

#include <string>

namespace beastmark::device {

namespace {

// Writes `value` in decimal over `width` characters at `at`, with leading zeros.
void put(char* at, std::int64_t value, int width) {
    for (int i = width - 1; i >= 0; --i, value /= 10) {
        at[i] = static_cast<char>('0' + value % 10);
    }
}

} // namespace

timestamp::timestamp(std::chrono::system_clock::time_point time)
    : time_{std::chrono::floor<std::chrono::microseconds>(time)} {
    using namespace std::chrono;
    constexpr std::string_view pattern = "0000-00-00T00:00:00.000000Z";
    static_assert(pattern.size() + 1 == std::tuple_size_v<decltype(text_)>);
    pattern.copy(text_.data(), pattern.size());
    text_.back() = '\0';

    const auto day = floor<days>(time_);
    const year_month_day date{day};
    put(text_.data(), static_cast<int>(date.year()), 4);
    put(text_.data() + 5, static_cast<unsigned>(date.month()), 2);
    put(text_.data() + 8, static_cast<unsigned>(date.day()), 2);
    const auto of_day = time_ - day;
    put(text_.data() + 11, of_day / hours{1}, 2);
    put(text_.data() + 14, of_day % hours{1} / minutes{1}, 2);
    put(text_.data() + 17, of_day % minutes{1} / seconds{1}, 2);
    put(text_.data() + 20, (of_day % seconds{1}).count(), 6);
}

} // namespace beastmark::device
