// How often a service has turned something away.
#pragma once

#include "tests/support/metrics.hpp"
#include "tests/support/service.hpp"

#include <string>

namespace beastmark::testing {

/// By reason, the label of docs/design.md section 3; -1 when there is no such series.
inline double rejected(const service& running, const std::string& reason) {
    return metrics::scrape(running.admin_port())
        .sum("beastmark_rejected_total", {{"reason", reason}})
        .value_or(-1);
}

} // namespace beastmark::testing
