// `loadgen compare`: what it refuses, and its exit codes.
#include "loadgen/paired/compare_command.hpp"
#include "simulated_pair.hpp"
#include "tests/support/temporary_directory.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>

namespace beastmark::loadgen::paired {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

struct told {
    int exit_code = 0;
    std::string out;
    std::string err;
};

class compare_command : public ::testing::Test {
protected:
    compare_command() {
        simulated_pair pair(1);
        base_ = result_of({{"app", pair.side()}});
        same_ = result_of({{"app", pair.side()}});
        slower_ = result_of({{"app", pair.side(1.2)}});
        write("base", base_);
        write("same", same_);
        write("slower", slower_);
    }

    std::filesystem::path write(const std::string& name, const nlohmann::json& result) {
        const auto folder = folder_.path() / name;
        std::filesystem::create_directories(folder);
        std::ofstream(folder / "result.json") << result;
        return folder / "result.json";
    }

    std::filesystem::path path(const std::string& name) { return folder_.path() / name; }

    told compare(const std::vector<std::string>& others, compare_arguments a = {}) {
        a.base = path("base") / "result.json";
        for (const auto& name : others)
            a.others.push_back(path(name)); // its folder
        ::testing::internal::CaptureStdout();
        ::testing::internal::CaptureStderr();
        told t;
        t.exit_code = run_compare(a);
        std::fflush(stdout);
        t.out = ::testing::internal::GetCapturedStdout();
        t.err = ::testing::internal::GetCapturedStderr();
        return t;
    }

    testing::temporary_directory folder_;
    nlohmann::json base_;
    nlohmann::json same_;
    nlohmann::json slower_;
};

TEST_F(compare_command, of_the_same_thing_no_regression_is_shown) {
    const auto t = compare({"same"});
    EXPECT_EQ(t.exit_code, 0) << t.out;
    EXPECT_THAT(t.out, AllOf(HasSubstr("No difference between base and same is shown at 1,000 requests/s"),
                             HasSubstr("No regression of more than 5% is shown")));
    EXPECT_THAT(t.err, IsEmpty());
}

TEST_F(compare_command, a_regression_beyond_the_tolerance_is_exit_code_3) {
    const auto t = compare({"same", "slower"});
    EXPECT_EQ(t.exit_code, 3) << t.out;
    EXPECT_THAT(t.out, AllOf(HasSubstr("REGRESSION of more than 5%"), HasSubstr("slower's p50 is")));
    compare_arguments tolerant;
    tolerant.tolerance = "40%";
    EXPECT_EQ(compare({"slower"}, tolerant).exit_code, 0);
}

TEST_F(compare_command, an_improvement_is_none) {
    write("base", slower_);
    const auto t = compare({"same"});
    EXPECT_EQ(t.exit_code, 0);
    EXPECT_THAT(t.out, HasSubstr("better"));
}

TEST_F(compare_command, another_run_of_the_base_is_the_noise_floor) {
    compare_arguments a;
    write("again", slower_); // which was the same program
    a.again = {path("again")};
    const auto t = compare({"slower"}, a);
    EXPECT_EQ(t.exit_code, 0) << t.out;
    EXPECT_THAT(t.out, HasSubstr("beyond the noise floor"));
}

TEST_F(compare_command, markdown_begins_with_the_outcome) {
    compare_arguments a;
    a.markdown = path("pr.md");
    EXPECT_EQ(compare({"slower"}, a).exit_code, 3);
    std::ifstream file(*a.markdown);
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    EXPECT_TRUE(text.starts_with("REGRESSION of more than 5%")) << text;
    EXPECT_THAT(text, AllOf(HasSubstr("| 1,000 requests/s | base | slower |"), HasSubstr("**worse**")));
}

TEST_F(compare_command, what_is_not_alike_is_refused_unless_forced) {
    auto other = slower_;
    other["config"]["connections"] = 32;
    other["manifest"]["host"]["cpus"] = 4;
    other["manifest"]["host"]["name"] = "another"; // each container has one
    other["manifest"]["host"]["memory_bytes"] = 8.05e9;
    other["manifest"]["placement"][0]["cpus"] = "2-3";
    other["manifest"]["placement"][0]["pid"] = 7;
    other["manifest"]["cpu_quota_cores"] = 1.5;
    write("other", other);
    const auto refused = compare({"other"});
    EXPECT_EQ(refused.exit_code, 1);
    EXPECT_THAT(refused.out, IsEmpty());
    EXPECT_THAT(refused.err,
                AllOf(HasSubstr("connections: 64 and 32"), HasSubstr("host cpus: 2 and 4"),
                      HasSubstr("CPUs of loadgen: 1 and 2-3"), HasSubstr("cpu_quota_cores: null and 1.5"),
                      HasSubstr("--force compares all the same")));
    EXPECT_THAT(refused.err, ::testing::Not(AllOf(HasSubstr("memory"), HasSubstr("name"))));
    compare_arguments force;
    force.force = true;
    const auto forced = compare({"other"}, force);
    EXPECT_EQ(forced.exit_code, 3);
    EXPECT_THAT(forced.err, HasSubstr("connections: 64 and 32"));
}

TEST_F(compare_command, what_is_not_to_be_believed_is_exit_code_4) {
    for (const auto& doubt :
         {nlohmann::json::parse(R"({"run": {"interrupted": true}})"),
          nlohmann::json::parse(R"({"run": {"stopped": {"condition": "p99>1s"}}})"),
          nlohmann::json::parse(R"({"shards": {"complete": false}})"),
          nlohmann::json::parse(R"({"capacity": {"answer": "found"}})"),
          nlohmann::json::parse(R"({"targets": {"app": {"validity": {"believable": false}}}})")}) {
        auto other = same_;
        other.merge_patch(doubt);
        write("other", other);
        const auto t = compare({"other"});
        EXPECT_EQ(t.exit_code, 4) << doubt;
        EXPECT_THAT(t.err, HasSubstr("is not to be believed")) << doubt;
    }
}

TEST_F(compare_command, nothing_judged_is_no_pass) {
    simulated_pair pair(2, 8);
    write("base", result_of({{"app", pair.side()}}));
    write("short", result_of({{"app", pair.side()}}));
    const auto t = compare({"short"});
    EXPECT_EQ(t.exit_code, 4);
    EXPECT_THAT(t.out, HasSubstr("NO VERDICT"));
}

TEST_F(compare_command, one_that_could_not_be_judged_is_no_pass_of_all) {
    auto dies = same_;
    for (std::size_t i = 36; i < 60; ++i)
        dies["targets"]["app"]["timeline"][i]["availability"] = 0;
    write("dies", dies);
    const auto t = compare({"same", "dies"});
    EXPECT_EQ(t.exit_code, 4) << t.out;
    EXPECT_THAT(t.out, HasSubstr("NO VERDICT on dies at 1,000 requests/s. Of the rest no regression of more "
                                 "than 5% is shown."));
    EXPECT_EQ(compare({"dies", "slower"}).exit_code, 3);
}

TEST_F(compare_command, much_worse_but_not_for_sure_is_no_pass) {
    auto worse = same_;
    auto& seconds = worse["targets"]["app"]["timeline"];
    for (std::size_t i = 30; i < 60; ++i) // half of the time: blocks are few
        seconds[i]["response"]["p99_us"] = 100 * seconds[i]["response"]["p99_us"].get<double>();
    write("worse", worse);
    const auto t = compare({"worse"});
    EXPECT_EQ(t.exit_code, 4) << t.out;
    EXPECT_THAT(t.out, AllOf(HasSubstr("NO VERDICT: more than 5% worse, but not for sure: worse's p99 is"),
                             HasSubstr("Hold the rate for longer")));
}

TEST_F(compare_command, says_which_other_run_of_the_base_gives_no_noise_floor) {
    write("short", result_of({{"app", simulated_pair(2, 8).side()}}));
    compare_arguments a;
    a.again = {path("short")};
    const auto t = compare({"same"}, a);
    EXPECT_EQ(t.exit_code, 0) << t.out;
    EXPECT_THAT(t.err, HasSubstr("short gives no noise floor at 1,000 requests/s: "));
    EXPECT_THAT(t.out, ::testing::Not(HasSubstr("beyond the noise floor")));
}

TEST_F(compare_command, one_of_several_targets_has_to_be_chosen) {
    simulated_pair pair(3);
    write("two", result_of({{"app", pair.side()}, {"beside", pair.side()}}));
    EXPECT_THROW(compare({"two"}), std::invalid_argument);
    ::testing::internal::GetCapturedStdout();
    ::testing::internal::GetCapturedStderr();
    compare_arguments a;
    a.target = "app";
    EXPECT_EQ(compare({"two"}, a).exit_code, 0);
    a.target = "nobody";
    EXPECT_THROW(compare({"two"}, a), std::invalid_argument);
    ::testing::internal::GetCapturedStdout();
    ::testing::internal::GetCapturedStderr();
}

TEST_F(compare_command, wrong_use_is_named) {
    const auto fails = [&](const compare_arguments& given, const std::string& what) {
        auto a = given;
        a.base = path("base");
        try {
            run_compare(a);
            FAIL() << what;
        } catch (const std::exception& error) {
            EXPECT_THAT(error.what(), HasSubstr(what));
        }
    };
    fails({.tolerance = "5"}, "--tolerance '5'");
    fails({.error_tolerance = "-1%"}, "--error-tolerance '-1%'");
    fails({.others = {path("nowhere")}}, "nowhere: cannot be read");
    std::ofstream(path("not.json")) << "{";
    fails({.others = {path("not.json")}}, "not.json: not JSON");
}

} // namespace
} // namespace beastmark::loadgen::paired
