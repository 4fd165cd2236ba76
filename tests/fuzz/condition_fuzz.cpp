// The conditions of --slo and --stop-when: any text is refused with one line, or means something that can be
// judged.
#include "common/duration.hpp"
#include "loadgen/condition.hpp"
#include "loadgen/slo.hpp"
#include "loadgen/stop_condition.hpp"

#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

namespace {

using namespace beastmark::loadgen;

void require(bool holds) {
    if (!holds) {
        std::abort();
    }
}

template <class Parse>
auto read(Parse parse, std::string_view text) -> std::optional<decltype(parse(text))> {
    try {
        return parse(text);
    } catch (const std::invalid_argument& error) {
        require(*error.what() != '\0');
        return std::nullopt;
    }
}

void check(const condition& c, std::string_view text) {
    require(c.text == text);
    require(std::isfinite(c.bound) && c.bound >= 0);
    if (c.left.what == metric::availability || c.left.what == metric::error_rate) {
        require(c.bound <= 1);
    }
    if (c.right) {
        require(is_time(c.right->what) == is_time(c.left.what));
    }
    if (c.seconds) {
        // Not another duration than the one that is written there.
        auto written = text.substr(text.find(" for ") + 5);
        written.remove_prefix(written.find_first_not_of(' '));
        written = written.substr(0, written.find_last_not_of(' ') + 1);
        require(beastmark::parse_duration(written) == std::chrono::seconds(*c.seconds));
    }
    // A comparison and its opposite: exactly one holds.
    require(c.holds(0, 1) != c.holds(1, 0));
    require(!name_of(c.left.what).empty() && !text_of(c.left.what, c.bound).empty());
}

row second_of(std::uint64_t ok, std::uint64_t failed) {
    row r;
    r.length = std::chrono::seconds(1);
    r.outcomes[static_cast<std::size_t>(outcome::ok)] = ok;
    r.outcomes[static_cast<std::size_t>(outcome::http_5xx)] = failed;
    r.availability = static_cast<double>(ok) / static_cast<double>(ok + failed);
    r.response = {.count = ok, .p50_us = 1000, .p90_us = 2000, .p99_us = 3000, .p999_us = 4000};
    return r;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text{reinterpret_cast<const char*>(data), size};
    const auto any = read(condition::parse, text);
    const auto objective = read(parse_slo, text);
    auto stop = read(stop_condition::parse, text);
    if (any) {
        check(*any, text);
    }
    // Each of the two options takes a part of the same grammar.
    require(objective.has_value() == (any && !any->seconds));
    require(stop.has_value() == (any && !any->right));
    if (!stop) {
        return 0;
    }
    require(stop->target() == any->left.target);
    const auto second = second_of(90, 10);
    const auto held = any->holds(*value_of(any->left.what, second), any->bound);
    require(stop->observe(second) == (held && any->seconds.value_or(1) == 1));
    if (any->left.what != metric::rps) { // no answer is a rate too, but no percentile
        require(!stop->observe(row{}));
    }
    return 0;
}
