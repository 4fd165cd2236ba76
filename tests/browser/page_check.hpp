// What the tests of the page share: making one and checking what was drawn on it.
#pragma once

#include "tests/browser/browser.hpp"

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <vector>

namespace beastmark::browser {

std::string page_of(const std::vector<nlohmann::json>& results);

using lines = std::vector<std::string>;

/// Of the lines of a chart of the self-check; none where there is no chart.
lines labels_of(const nlohmann::json& chart);

/// Chart by chart and line by line: marks in the chart's own record, and pixels of the line's colour on the
/// canvas.
void expect_drawn(const visit& visit, const std::string& chart, const lines& expected, int marks);

/// `script` runs in the page after its own.
std::string with_script(std::string page, const std::string& script);

/// What `script`, the body of a function, returns as text in the page of `results`, with plain spaces.
std::string told_by(const std::vector<nlohmann::json>& results, const std::string& script);

/// The page came to its end and complained of nothing.
void expect_quiet(const visit& visit);

} // namespace beastmark::browser
