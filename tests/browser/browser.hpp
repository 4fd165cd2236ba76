// Opens a report in headless Chromium and tells what came of it.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include <memory>
#include <string>
#include <vector>

namespace beastmark::browser {

struct visit {
    visit();
    ~visit();
    visit(visit&&) noexcept;

    std::string dom;                  // serialised after the scripts ran
    std::vector<std::string> console; // all that the page said or failed with
    std::unique_ptr<nlohmann::json>
        self_check; // the page's own record of what it drew; null when there is none

    /// The document's title; tests' own scripts write there what they found.
    std::string title() const;

    /// The chart with that id of the self-check; a null value when it is not there.
    nlohmann::json chart(const std::string& id, const std::string& part = "charts") const;
};

enum class preference { light, dark };

/// `fragment` is what follows # in the address: "ink" asks for a count of coloured pixels, "dark" or "light"
/// for a theme. Throws std::runtime_error when the browser cannot be run.
visit open(const std::string& page, const std::string& fragment = "ink",
           preference scheme = preference::light);

} // namespace beastmark::browser
