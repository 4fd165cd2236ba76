// What `loadgen report` takes: any JSON is refused with one line or becomes a page, and nothing in it gets
// out of the page's data block or out of the title.
#include "loadgen/report.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

using beastmark::loadgen::render_report;
using nlohmann::json;

void require(bool holds) {
    if (!holds) {
        std::abort();
    }
}

std::string page_of(const json& result) {
    const std::array results{result, result};
    return render_report(results);
}

std::size_t tags_in(std::string_view page) {
    return static_cast<std::size_t>(std::count(page.begin(), page.end(), '<'));
}

// The page of a harmless result: another may hold no more tags than this one.
std::size_t usual_tags() {
    static const auto count = tags_in(
        page_of({{"schema", "loadgen.result/1"}, {"targets", {{"t", {{"totals", json::object()}}}}}}));
    return count;
}

json data_of(std::string_view page) {
    constexpr std::string_view opening = "id=\"results\">";
    page.remove_prefix(page.find(opening) + opening.size());
    const auto data = page.substr(0, page.find("</script>"));
    require(data.find('<') == std::string_view::npos);
    return json::parse(data, nullptr, false);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text{reinterpret_cast<const char*>(data), size};
    const auto result = json::parse(text, nullptr, false);
    if (result.is_discarded() || !beastmark::loadgen::check_result(result).empty()) {
        return 0;
    }
    const auto page = page_of(result);
    require(tags_in(page) == usual_tags());
    const auto shown = data_of(page);
    require(shown.is_array() && shown.size() == 2 && shown[0] == shown[1]);
    for (const auto& [key, value] : result.items()) { // only these two lose a part of what they hold
        require(key == "targets" || key == "scraped" || shown[0].at(key) == value);
    }
    for (const auto& [name, target] : result["targets"].items()) {
        require(shown[0].at("targets").at(name).at("totals") == target["totals"]);
    }
    return 0;
}
