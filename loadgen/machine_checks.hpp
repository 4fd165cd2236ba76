// Is this machine set up for the load that is asked for? A pure function of facts.
#pragma once

#include "loadgen/machine_facts.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace beastmark::loadgen {

/// The load that `loadgen doctor` is asked about.
struct load_wish {
    std::optional<double> rate{}; // requests per second
    std::uint32_t connections = 64;
    std::uint32_t threads = 1;
};

enum class finding_kind {
    ok,
    warning, // figures may suffer, or it depends on the service
    problem, // this load cannot be offered from here, or its figures would be wrong
};

/// "ok", "warning", "problem".
std::string_view name_of(finding_kind kind) noexcept;

struct finding {
    std::string_view check; // which, one word or two
    finding_kind is = finding_kind::ok;
    std::string text{};    // what was found, beside what is asked
    std::string way_out{}; // empty when ok
};

/// One of each check, always in the same order; what the kernel does not say is left out.
std::vector<finding> check_machine(const machine_facts& machine, const load_wish& wish);

} // namespace beastmark::loadgen
