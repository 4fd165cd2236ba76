#include "loadgen/run_files.hpp"

#include "common/histogram_encoding.hpp"
#include "loadgen/report.hpp"
#include "loadgen/result.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <span>
#include <stdexcept>
#include <system_error>
#include <utility>

namespace beastmark::loadgen {

void write_results(const run_options& options, const run_record& record, const nlohmann::json& result) {
    const std::filesystem::path folder(options.output);
    write_file(folder / "result.json",
               result.dump(1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
    write_file(folder / "report.html", render_report(std::span(&result, 1), {.title = options.name}));
    const auto* const note =
        record.what.arrivals.closed_loop() ? "#[Closed loop: coordinated, understates]\n" : "";
    for (std::size_t i = 0; i < record.targets.size(); ++i)
        write_file(folder / (record.what.targets[i].name + ".hgrm"),
                   percentile_distribution(record.targets[i].total().times.response) + note);
    fmt::print("\nwritten: {}  {}\n", (folder / "result.json").string(), (folder / "report.html").string());
}

void remove_results(const std::filesystem::path& folder, const run_record& record) {
    std::error_code ignored;
    std::filesystem::remove(folder / "result.json", ignored);
    std::filesystem::remove(folder / "report.html", ignored);
    for (const auto& t : record.what.targets)
        std::filesystem::remove(folder / (t.name + ".hgrm"), ignored);
}

void require_folder(const std::string& folder) {
    std::error_code code;
    std::filesystem::create_directories(folder, code);
    if (code)
        throw std::runtime_error(fmt::format("cannot make the folder {}: {}", folder, code.message()));
}

observer make_observer(const run_options& options) {
    std::vector<watch_spec> watches;
    for (const auto& text : options.watches)
        watches.push_back(parse_watch(text));
    std::vector<scrape_spec> scrapes;
    for (const auto& text : options.scrapes)
        scrapes.push_back(parse_scrape(text));
    return {std::move(watches), std::move(scrapes)};
}

} // namespace beastmark::loadgen
