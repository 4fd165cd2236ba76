// What --noise-floor reads.
#include "loadgen/paired/output.hpp"
#include "loadgen/paired/pair_result.hpp"
#include "simulated_pair.hpp"
#include "tests/support/temporary_directory.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <fstream>
#include <string>

namespace beastmark::loadgen::paired {
namespace {

using ::testing::HasSubstr;

class noise_floor : public ::testing::Test {
protected:
    noise_floor() {
        simulated_pair pair(1);
        null_ = result_of({{"a", pair.side()}, {"a-2", pair.side()}});
        const std::array other{side{"a-2", read_stages(null_, "a-2")}};
        null_["paired"] = {{"null", true},
                           {"comparison", json_of(compare({"a", read_stages(null_, "a")}, other).front())}};
    }

    /// The floor of the error rate; what is told on stderr is in `told`.
    double read() {
        const auto path = folder_.path() / "null.json";
        std::ofstream(path) << null_;
        ::testing::internal::CaptureStderr();
        const auto floors = read_noise_floor({.noise_floor = path.string()}, null_["config"]);
        told = ::testing::internal::GetCapturedStderr();
        return floors.at(0).stages.at(0).differences.at(0).likely.high;
    }

    testing::temporary_directory folder_;
    nlohmann::json null_;
    std::string told;
};

TEST_F(noise_floor, is_that_of_a_null_run) {
    EXPECT_GT(read(), 0);
    EXPECT_EQ(told, "");
}

TEST_F(noise_floor, of_a_run_not_to_be_believed_says_so) {
    const auto floor = read();
    null_["targets"]["a-2"]["validity"] = {{"believable", false}, {"text", "NOT TO BE BELIEVED: 9 of 60 s"}};
    EXPECT_EQ(read(), floor);
    EXPECT_THAT(told, HasSubstr("null.json, a-2, is not to be believed: "));
}

} // namespace
} // namespace beastmark::loadgen::paired
