// The files of the report's page, as they are in this folder, and Chart.js, as the distribution packages it.
#pragma once

#include <string_view>

namespace beastmark::loadgen::page {

std::string_view html(); // with {{title}}, {{style}}, {{chart_library}}, {{script}}, {{results}} and
                         // {{comparison}} to be filled in
std::string_view style();
std::string_view chart_library(); // Chart.js 3
std::string_view script();        // the page's own, all files in the order they run

} // namespace beastmark::loadgen::page
