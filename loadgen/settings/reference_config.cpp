#include "loadgen/settings/reference_config.hpp"

#include "loadgen/output_folder.hpp"
#include "loadgen/settings/config_file.hpp"
#include "loadgen/settings/toml.hpp"

#include <algorithm>
#include <cstdint>
#include <map>

namespace beastmark::loadgen::settings {

namespace {

constexpr std::int64_t longest = 1'000'000'000;

class tester_table {
public:
    tester_table(const toml::table& all, const std::string& path) : path_(path) {
        const auto* const found = all["test"].as_table();
        if (found == nullptr)
            refuse(path, "there is no table [test], as the reference tester has it");
        test_ = found;
        const std::vector<std::string> known{"request",           "protocol",         "min_clients",
                                             "max_clients",       "stage_interval_s", "request_delay_ms",
                                             "request_timeout_ms"};
        for (const auto& [key, value] : *test_)
            if (std::ranges::find(known, key.str()) == known.end())
                refuse(place(path, key.source()),
                       fmt::format("'{}' is no key of the reference tester: did you mean '{}'?", key.str(),
                                   nearest(key.str(), known)));
    }

    // Has to be one of two, the first where it is not there.
    std::string word(std::string_view key, std::string_view usual, std::string_view other) const {
        const auto* const node = test_->get(key);
        if (node == nullptr)
            return std::string(usual);
        const auto text = node->value<std::string>().value_or("");
        if (text != usual && text != other)
            refuse(place(path_, node->source()),
                   fmt::format("'{}' has to be \"{}\"{}", key, usual,
                               other.empty() ? "" : fmt::format(" or \"{}\"", other)));
        return text;
    }

    std::int64_t number(std::string_view key, std::int64_t least) const {
        const auto* const node = test_->get(key);
        if (node == nullptr)
            refuse(place(path_, test_->source()), fmt::format("'{}' is missing", key));
        const auto* const whole = node->as_integer();
        if (whole == nullptr || whole->get() < least || whole->get() > longest)
            refuse(place(path_, node->source()),
                   fmt::format("'{}' has to be a whole number from {} on", key, least));
        return whole->get();
    }

    std::string where(std::string_view key) const {
        const auto* const node = test_->get(key);
        return node == nullptr ? path_ : place(path_, node->source());
    }

private:
    std::string path_;
    const toml::table* test_ = nullptr;
};

} // namespace

std::vector<setting> parse_reference_config(std::string_view text, const std::string& path) {
    const auto all = parse_toml(text, path);
    const tester_table test(all, path);
    test.word("protocol", "http1", "");
    const auto first = test.number("min_clients", 1);
    const auto last = test.number("max_clients", first);
    const auto every = fmt::format("{}s", test.number("stage_interval_s", 1));
    const auto steps = first < last;
    std::vector<setting> read{{"clients",
                               {steps ? fmt::format("{}..{}", first, last) : std::to_string(last)},
                               test.where("max_clients")},
                              {steps ? "step-every" : "duration", {every}, test.where("stage_interval_s")},
                              {"timeout",
                               {fmt::format("{}ms", test.number("request_timeout_ms", 1))},
                               test.where("request_timeout_ms")}};
    if (const auto delay = test.number("request_delay_ms", 0); delay > 0)
        read.push_back({"think", {fmt::format("{}ms", delay)}, test.where("request_delay_ms")});
    if (test.word("request", "get", "post") == "post") {
        read.push_back({"method", {"POST"}, test.where("request")});
        read.push_back({"body", {R"({"mac":"{{mac}}","firmware":"2.1.5"})"}, test.where("request")});
        read.push_back({"expect", {"201"}, test.where("request")});
    }
    return read;
}

std::vector<setting> read_reference_config(const std::string& path) {
    return parse_reference_config(read_file(path), path);
}

} // namespace beastmark::loadgen::settings
