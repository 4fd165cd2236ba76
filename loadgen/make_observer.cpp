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

void add_observed(nlohmann::json& result, const observer& beside) {
    result["watched"] = beside.watched();
    result["scraped"] = beside.scraped();
    result["manifest"]["placement"] = beside.placement();
}

} // namespace beastmark::loadgen
