#include "common/thread_priority.hpp"

#include <cstdint>

#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace beastmark {

namespace {

// struct sched_attr of sched_setattr(2), its first version: Debian 12's C library does not have it, and the
// kernel's header that has does not go with <sched.h>.
struct scheduling {
    std::uint32_t size;
    std::uint32_t policy;
    std::uint64_t flags;
    std::int32_t nice;
    std::uint32_t priority;
    std::uint64_t runtime_ns; // of SCHED_OTHER: the slice
    std::uint64_t deadline_ns;
    std::uint64_t period_ns;
};

} // namespace

void give_way() noexcept {
    constexpr int lower_priority = 10;
    const auto this_thread = static_cast<id_t>(::gettid());
    if (::getpriority(PRIO_PROCESS, this_thread) < lower_priority)
        (void)::setpriority(PRIO_PROCESS, this_thread, lower_priority);
}

void run_when_woken() noexcept {
    constexpr unsigned shortest_slice_ns = 100'000; // the kernel's lower bound
    scheduling wanted{};
    if (::syscall(SYS_sched_getattr, 0, &wanted, sizeof wanted, 0) != 0 || wanted.policy != SCHED_OTHER)
        return; // whoever made it a real-time thread has said more
    wanted.runtime_ns = shortest_slice_ns;
    (void)::syscall(SYS_sched_setattr, 0, &wanted, 0);
}

} // namespace beastmark
