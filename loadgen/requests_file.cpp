#include "loadgen/requests_file.hpp"

#include "loadgen/output_folder.hpp"
#include "loadgen/printable.hpp"
#include "loadgen/request_set.hpp"
#include "loadgen/settings/config_file.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <set>
#include <stdexcept>

namespace beastmark::loadgen {

namespace {

using json = nlohmann::ordered_json; // a body goes out as it was written

constexpr double most_weight = 1e9;

[[noreturn]] void refuse(const std::string& where, std::string_view why) {
    throw std::invalid_argument(fmt::format("--requests {}: {}", where, why));
}

json parse(std::string_view text, const std::string& path) {
    constexpr int deepest = 64; // what is deeper recurses too deep where it is written
    bool too_deep = false;
    try {
        auto all = json::parse(text, [&](int depth, json::parse_event_t, json&) {
            too_deep = too_deep || depth > deepest;
            return !too_deep;
        });
        if (too_deep)
            refuse(path, fmt::format("it is nested more than {} deep", deepest));
        return all;
    } catch (const json::exception& wrong) { // out_of_range, too: of a number that no double holds
        const std::string_view message = wrong.what();
        refuse(path,
               fmt::format("not JSON: {}", message.substr(std::min(message.find("] ") + 2, message.size()))));
    }
}

// One entry; its keys are taken one by one.
class entry_reader {
public:
    entry_reader(const json& entry, const std::string& path, std::size_t number, const body_reader& read)
        : entry_(entry), read_(read), where_(fmt::format("{}, request {}", path, number)) {
        static const std::vector<std::string> known{"name",    "weight", "method", "path",
                                                    "headers", "body",   "expect"};
        if (!entry.is_object())
            refuse(where_, "it is an object, {\"path\": \"/...\"}");
        for (const auto& [key, value] : entry.items())
            if (std::ranges::find(known, key) == known.end())
                refuse(where_, fmt::format("'{}' is no key of a request: did you mean '{}'?", printable(key),
                                           settings::nearest(key, known)));
        if (const auto name = text("name"))
            where_ = fmt::format("{} '{}'", where_, printable(*name));
    }

    [[nodiscard]] request_spec read() const {
        request_spec spec;
        spec.weight = weight();
        spec.path = text("path").value_or("");
        spec.headers = headers();
        spec.body = body();
        spec.method = text("method").value_or(spec.body.empty() ? "GET" : "POST");
        spec.expected = expected();
        spec.name = name(spec);
        return spec;
    }

private:
    [[noreturn]] void wrong(std::string_view key, std::string_view is) const {
        refuse(where_, fmt::format("'{}' is {}", key, is));
    }

    [[nodiscard]] const json* find(const char* key) const {
        const auto found = entry_.find(key);
        return found == entry_.end() ? nullptr : &*found;
    }

    [[nodiscard]] std::optional<std::string> text(const char* key) const {
        const auto* const value = find(key);
        if (value == nullptr)
            return std::nullopt;
        if (!value->is_string())
            wrong(key, "a text");
        return value->get<std::string>();
    }

    [[nodiscard]] std::string name(const request_spec& spec) const {
        const auto given = text("name");
        if (!given)
            return spec.path.empty() ? spec.method : fmt::format("{} {}", spec.method, spec.path);
        if (given->empty() || printable(*given) != *given)
            wrong("name", fmt::format("1 to {} visible characters of ASCII", longest_shown));
        return *given;
    }

    [[nodiscard]] double weight() const {
        const auto* const value = find("weight");
        if (value == nullptr)
            return 1;
        const auto number = value->is_number() ? value->get<double>() : 0;
        if (!(number > 0) || number > most_weight)
            wrong("weight", "a number above 0, up to 1e9");
        return number;
    }

    [[nodiscard]] std::optional<unsigned> expected() const {
        const auto* const value = find("expect");
        if (value == nullptr)
            return std::nullopt;
        if (!value->is_number_unsigned() || value->get<std::uint64_t>() < 200 ||
            value->get<std::uint64_t>() > 599)
            wrong("expect", "a status from 200 to 599");
        return value->get<unsigned>();
    }

    [[nodiscard]] std::vector<std::string> headers() const {
        const auto* const value = find("headers");
        std::vector<std::string> lines;
        if (value == nullptr)
            return lines;
        if (!value->is_object() && !value->is_array())
            wrong("headers", "{\"Name\": \"value\"} or [\"Name: value\"]");
        for (const auto& [key, line] : value->items()) {
            if (!line.is_string())
                wrong("headers", "{\"Name\": \"value\"} or [\"Name: value\"], all of them texts");
            const auto said = line.get<std::string>();
            lines.push_back(value->is_array() ? said : fmt::format("{}: {}", key, said));
        }
        return lines;
    }

    [[nodiscard]] std::string body() const {
        const auto* const value = find("body");
        if (value == nullptr)
            return {};
        if (value->is_string())
            return value->get<std::string>();
        if (!value->is_structured())
            wrong("body", "a text, {\"file\": \"NAME\"}, or another object or array");
        if (value->is_object() && value->size() == 1 && value->contains("file") &&
            (*value)["file"].is_string())
            return read_((*value)["file"].get<std::string>());
        return value->dump();
    }

    const json& entry_;
    const body_reader& read_;
    std::string where_;
};

} // namespace

std::vector<request_spec> parse_requests(std::string_view text, const std::string& path, body_reader read) {
    if (!read)
        read = [&](const std::string& name) {
            return read_file(std::filesystem::path(path).parent_path() / name);
        };
    const auto all = parse(text, path);
    const json* list = &all;
    if (all.is_object()) {
        if (all.size() != 1 || !all.contains("requests"))
            refuse(path, "write an array of requests, or {\"requests\": [...]} and nothing else");
        list = &all["requests"];
    }
    if (!list->is_array())
        refuse(path, "write an array of requests, [{\"path\": \"/...\"}, ...]");
    if (list->empty() || list->size() > request_set::most_named)
        refuse(path,
               fmt::format("there are {} requests: give 1 to {}", list->size(), request_set::most_named));
    std::vector<request_spec> specs;
    std::set<std::string> names;
    for (const auto& entry : *list) {
        auto& added = specs.emplace_back(entry_reader(entry, path, specs.size() + 1, read).read());
        if (!names.insert(added.name).second)
            refuse(path, fmt::format("two requests are called '{}': give them a \"name\" each",
                                     printable(added.name)));
    }
    return specs;
}

std::vector<request_spec> read_requests(const std::string& path) {
    return parse_requests(read_file(path), path);
}

} // namespace beastmark::loadgen
