#include "loadgen/cpu_placement.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace beastmark::loadgen {
namespace {

using testing::ElementsAre;

TEST(cpu_placement, the_server_gets_the_first_cpu_and_the_load_the_others) {
    const auto four = place(std::vector<unsigned>{2, 3, 5, 7});
    EXPECT_THAT(four.server, ElementsAre(2));
    EXPECT_THAT(four.load, ElementsAre(3, 5, 7));
    EXPECT_FALSE(four.shared);
    EXPECT_TRUE(place({}).shared);
}

TEST(cpu_placement, a_thread_is_bound_for_a_while) {
    const auto before = allowed_cpus();
    ASSERT_FALSE(before.empty());
    {
        const std::vector<unsigned> last{before.back()};
        const bound_to bound(last);
        EXPECT_EQ(allowed_cpus(), last);
        const bound_to nothing({});
        EXPECT_EQ(allowed_cpus(), last);
    }
    EXPECT_EQ(allowed_cpus(), before);
}

} // namespace
} // namespace beastmark::loadgen
