#include "common/thread_priority.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <thread>

#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

namespace beastmark {
namespace {

int nice_of_this_thread() {
    return ::getpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()));
}

// sched_getattr(2), whose C library of Debian 12 has none: words of 64 bits, the fourth is the slice.
std::uint64_t slice_ns_of_this_thread() {
    std::array<std::uint64_t, 6> attributes{};
    return ::syscall(SYS_sched_getattr, 0, attributes.data(), sizeof attributes, 0) == 0 ? attributes[3] : 0;
}

TEST(thread_priority, who_gives_way_is_nicer_alone) {
    const auto before = nice_of_this_thread();
    int nice = 0;
    std::thread([&] {
        give_way();
        nice = nice_of_this_thread();
    }).join();
    EXPECT_EQ(nice, before > 10 ? before : 10);
    EXPECT_EQ(nice_of_this_thread(), before);
}

TEST(thread_priority, who_is_to_run_when_woken_has_a_short_slice_and_its_share) {
    if (sched_getscheduler(0) != SCHED_OTHER)
        GTEST_SKIP() << "not an ordinary thread";
    const auto before = nice_of_this_thread();
    std::uint64_t usual = 0;
    std::uint64_t asked = 0;
    int nice = 0;
    std::thread([&] {
        usual = slice_ns_of_this_thread();
        run_when_woken();
        asked = slice_ns_of_this_thread();
        nice = nice_of_this_thread();
    }).join();
    EXPECT_EQ(nice, before);
    if (usual == 0)
        GTEST_SKIP() << "this kernel has no slices to ask for: Linux 6.12 is the first";
    EXPECT_EQ(asked, 100'000u);
}

} // namespace
} // namespace beastmark
