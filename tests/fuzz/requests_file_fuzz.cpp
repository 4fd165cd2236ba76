// A file of --requests: it is refused with one line, or its requests are those of a set that draws each of
// them.
#include "loadgen/request_set.hpp"
#include "loadgen/requests_file.hpp"
#include "oracle.hpp"

#include <cstdint>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace beastmark::loadgen;
    using beastmark::fuzz::must;
    const std::string_view text{reinterpret_cast<const char*>(data), size};
    std::vector<request_spec> all;
    try {
        all = parse_requests(text, "f.json", [](const std::string& name) { return name; });
    } catch (const std::invalid_argument& wrong) {
        const std::string_view message = wrong.what();
        must(message.starts_with("--requests f.json") && message.find('\n') == std::string_view::npos);
        return 0;
    }
    must(!all.empty() && all.size() <= request_set::most_named);
    const auto where = url::parse("http://h/");
    const request_template any("GET", where, {}, body_template());
    std::set<std::string> names;
    std::vector<request_set::named> several;
    for (const auto& each : all) {
        must(each.weight > 0);
        names.insert(each.name);
        several.push_back({each.name, each.weight, any, each.expected});
    }
    must(names.size() == all.size());
    const request_set set(std::move(several), size);
    for (std::uint64_t i = 0; i < 64; ++i) {
        must(set.index_of(i) < all.size());
    }
    return 0;
}
