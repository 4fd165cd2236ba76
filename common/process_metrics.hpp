// What every program of the kit exports about itself: CPU, memory, descriptors, control group, build.
#pragma once

#include "common/cgroup.hpp"

#include <prometheus/collectable.h>

namespace beastmark {

/// Reads /proc and the control group when scraped. A figure the kernel does not give is exported as 0
/// (cgroup_cpu_limit_cores: 0 is unlimited), so that every series exists from the start.
class process_collector : public prometheus::Collectable {
public:
    std::vector<prometheus::MetricFamily> Collect() const override; // NOLINT(readability-identifier-naming)

private:
    cgroup cgroup_;
};

} // namespace beastmark
