#include "loadgen/efficiency/efficiency_arguments.hpp"

#include "common/number.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string_view>

namespace beastmark::loadgen::efficiency {

void add_options(CLI::App& run, run_arguments& a) {
    run.add_option(
           "--price-per-hour", a.prices,
           "X, of all machines that serve the target together, in any currency; NAME=X with several targets: "
           "what a million requests cost at each rate. A machine is paid for whether it is busy or not")
        ->allow_extra_args(false);
    run.add_option(
        "--prometheus", a.prometheus,
        "URL of one that has the rules of deploy/monitoring: where CPU per request comes from when "
        "neither --watch nor --scrape tells it, of stages of 25 s and more");
}

std::map<std::string, double> read_prices(std::span<const std::string> texts,
                                          std::span<const target_spec> targets) {
    std::map<std::string, double> prices;
    for (const auto& text : texts) {
        const auto wrong = [&](std::string_view why) {
            return std::invalid_argument(fmt::format(
                "--price-per-hour '{}': {}; write X, or NAME=X of a target, e.g. 0.23", text, why));
        };
        const auto equals = text.find('=');
        if (equals == std::string::npos && targets.size() > 1)
            throw wrong("of which target?");
        const auto name = equals == std::string::npos ? targets.front().name : text.substr(0, equals);
        if (std::none_of(targets.begin(), targets.end(), [&](const auto& t) { return t.name == name; }))
            throw wrong(fmt::format("there is no target '{}'", name));
        const auto price =
            parse_number<double>(std::string_view(text).substr(equals == std::string::npos ? 0 : equals + 1));
        if (!price || !std::isfinite(*price) || *price <= 0)
            throw wrong("a price is a number above 0");
        if (!prices.emplace(name, *price).second)
            throw wrong(fmt::format("'{}' has a price already", name));
    }
    return prices;
}

std::optional<url> read_prometheus(const std::string& text) {
    if (text.empty())
        return std::nullopt;
    try {
        auto where = url::parse(text);
        if (where.target.find('?') == std::string::npos)
            return where;
    } catch (const std::invalid_argument& problem) {
        throw std::invalid_argument(fmt::format("--prometheus: {}", problem.what()));
    }
    throw std::invalid_argument(
        fmt::format("--prometheus '{}': give where its pages begin, e.g. http://127.0.0.1:9090", text));
}

} // namespace beastmark::loadgen::efficiency
