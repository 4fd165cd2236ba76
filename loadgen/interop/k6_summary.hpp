// The end of a run in the words of k6, for what reads k6's summaries.
#pragma once

#include "loadgen/run.hpp"
#include "loadgen/slo.hpp"

#include <nlohmann/json_fwd.hpp>

#include <span>

namespace beastmark::loadgen::interop {

/// What k6 gives to handleSummary(): `metrics` with type, contains, values and thresholds, `root_group`,
/// `options`, `state`. Times are in milliseconds; of several targets the sum, and each apart as
/// http_req_duration{target:NAME}. docs/loadgen.md says which figure of ours is which of k6's.
/// https://grafana.com/docs/k6/latest/results-output/end-of-test/custom-summary/
nlohmann::json k6_summary(const run_record& record, std::span<const slo_result> objectives);

/// The same as k6's --summary-export writes it: the values of a metric are its fields, a rate is called
/// `value`, and a threshold is true when it was crossed.
nlohmann::json k6_summary_export(const nlohmann::json& summary);

} // namespace beastmark::loadgen::interop
