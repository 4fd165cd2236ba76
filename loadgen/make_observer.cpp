#include "loadgen/make_observer.hpp"

#include <nlohmann/json.hpp>

#include <utility>
#include <vector>

namespace beastmark::loadgen {

observer make_observer(const run_options& options) {
    std::vector<watch_spec> watches;
    for (const auto& text : options.watches)
        watches.push_back(parse_watch(text));
    std::vector<scrape_spec> scrapes;
    for (const auto& text : options.scrapes)
        scrapes.push_back(parse_scrape(text));
    return {std::move(watches), std::move(scrapes)};
}

nlohmann::json observed(const observer& beside) {
    return {{"watched", beside.watched()}, {"scraped", beside.scraped()}, {"placement", beside.placement()}};
}

void add_observed(nlohmann::json& result, nlohmann::json seen) {
    result["watched"] = std::move(seen["watched"]);
    result["scraped"] = std::move(seen["scraped"]);
    result["manifest"]["placement"] = std::move(seen["placement"]);
}

} // namespace beastmark::loadgen
