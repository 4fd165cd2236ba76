#include "tests/browser/browser.hpp"

#include "tests/support/process.hpp"
#include "tests/support/temporary_directory.hpp"

#include <nlohmann/json.hpp>

#include <fstream>
#include <sstream>
#include <stdexcept>

namespace beastmark::browser {
namespace {

constexpr const char* program = "/usr/bin/chromium";

std::vector<std::string> console_lines(const std::string& log) {
    std::vector<std::string> found;
    std::istringstream lines(log);
    for (std::string line; std::getline(lines, line);)
        if (line.find(":CONSOLE") != std::string::npos)
            found.push_back(line);
    return found;
}

nlohmann::json read_self_check(const std::string& dom) {
    const std::string open = "id=\"self-check\">";
    const std::size_t begin = dom.find(open);
    if (begin == std::string::npos)
        return nullptr;
    const std::size_t end = dom.find("</script>", begin);
    nlohmann::json found =
        nlohmann::json::parse(dom.substr(begin + open.size(), end - begin - open.size()), nullptr, false);
    return found.is_discarded() ? nlohmann::json(nullptr) : found;
}

} // namespace

visit::visit() = default;
visit::~visit() = default;
visit::visit(visit&&) noexcept = default;

std::string visit::title() const {
    const std::size_t begin = dom.find("<title>") + 7;
    return dom.substr(begin, dom.find("</title>", begin) - begin);
}

nlohmann::json visit::chart(const std::string& id, const std::string& part) const {
    if (self_check->is_object() && self_check->contains(part))
        for (const nlohmann::json& one : self_check->at(part))
            if (one.at("id") == id)
                return one;
    return nullptr;
}

visit open(const std::string& page, const std::string& fragment, preference scheme) {
    const testing::temporary_directory directory;
    const std::string file = directory.path() / "report.html";
    std::ofstream(file, std::ios::binary) << page;
    const std::string profile = directory.path() / "profile";
    testing::finished_process finished =
        testing::run({.arguments = {program, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic",
                                    "--no-first-run", "--disable-background-networking",
                                    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
                                    "--window-size=1300,1000", "--user-data-dir=" + profile,
                                    scheme == preference::dark ? "--blink-settings=preferredColorScheme=0"
                                                               : "--blink-settings=preferredColorScheme=1",
                                    "--enable-logging=stderr", "--v=0", "--virtual-time-budget=5000",
                                    "--dump-dom", "file://" + file + "#" + fragment},
                      .environment = {"HOME=" + profile}},
                     std::chrono::seconds(100));
    if (finished.status.code != 0)
        throw std::runtime_error(std::string(program) + ": " + to_string(finished.status) + "\n" +
                                 finished.err);
    visit result;
    result.dom = std::move(finished.out);
    result.console = console_lines(finished.err);
    result.self_check = std::make_unique<nlohmann::json>(read_self_check(result.dom));
    return result;
}

} // namespace beastmark::browser
