#include "loadgen/cpu_placement.hpp"

#include <cerrno>
#include <system_error>

namespace beastmark::loadgen {

cpu_placement place(std::span<const unsigned> allowed) {
    if (allowed.size() < 2)
        return {.shared = true};
    const auto others = allowed.subspan(1);
    return {.server = {allowed.front()}, .load = {others.begin(), others.end()}};
}

std::vector<unsigned> allowed_cpus() {
    std::vector<unsigned> cpus;
    cpu_set_t set;
    CPU_ZERO(&set);
    if (::sched_getaffinity(0, sizeof set, &set) != 0)
        return cpus;
    for (unsigned cpu = 0; cpu < CPU_SETSIZE; ++cpu)
        if (CPU_ISSET(cpu, &set))
            cpus.push_back(cpu);
    return cpus;
}

bound_to::bound_to(std::span<const unsigned> cpus) {
    if (cpus.empty())
        return;
    CPU_ZERO(&before_);
    cpu_set_t wanted;
    CPU_ZERO(&wanted);
    for (const unsigned cpu : cpus)
        CPU_SET(cpu, &wanted);
    if (::sched_getaffinity(0, sizeof before_, &before_) != 0 ||
        ::sched_setaffinity(0, sizeof wanted, &wanted) != 0)
        throw std::system_error(errno, std::generic_category(), "cannot bind a thread to its CPUs");
    bound_ = true;
}

bound_to::~bound_to() {
    if (bound_)
        ::sched_setaffinity(0, sizeof before_, &before_);
}

} // namespace beastmark::loadgen
