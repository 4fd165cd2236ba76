// What `loadgen doctor` found: as text for people, as JSON for programs.
#pragma once

#include "loadgen/calibration.hpp"
#include "loadgen/machine_checks.hpp"
#include "loadgen/timer_error.hpp"

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace beastmark::loadgen {

struct diagnosis {
    load_wish wish{};
    machine_facts machine{};
    std::vector<finding> findings{};
    timer_error timer{};
    calibration measured{};
    calibration_settings with{}; // how it was measured

    /// The rate asked for is clean and no check found a problem; nothing when no rate was asked for.
    [[nodiscard]] std::optional<bool> good() const;
};

/// Lines of at most 100 columns.
std::string text_of(const diagnosis& d);

/// docs/measuring.md has its fields.
nlohmann::json json_of(const diagnosis& d, int exit_code);

} // namespace beastmark::loadgen
