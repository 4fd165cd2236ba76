// Which CPUs the calibration of `loadgen doctor` uses for what.
#pragma once

#include <span>
#include <vector>

#include <sched.h>

namespace beastmark::loadgen {

struct cpu_placement {
    std::vector<unsigned> server{}; // of the null server: one CPU
    std::vector<unsigned> load{};   // of the load threads: all others
    bool shared = false;            // one CPU, or unknown: they get in each other's way
};

/// The server gets the first CPU, as everything under test does on a machine with two cores
/// (docs/measuring.md).
/// @param allowed ascending; with less than two nothing is placed.
cpu_placement place(std::span<const unsigned> allowed);

/// The CPUs that the calling thread may run on, ascending. Empty where the kernel knows more than a cpu_set_t
/// holds (1024).
std::vector<unsigned> allowed_cpus();

/// Binds the calling thread, and with it those it starts meanwhile, to some CPUs; at its end the thread may
/// run where it could before.
class bound_to {
public:
    /// @param cpus none: nothing is changed. Throws std::system_error.
    explicit bound_to(std::span<const unsigned> cpus);

    ~bound_to();
    bound_to(const bound_to&) = delete;
    bound_to& operator=(const bound_to&) = delete;

private:
    cpu_set_t before_{};
    bool bound_ = false;
};

} // namespace beastmark::loadgen
