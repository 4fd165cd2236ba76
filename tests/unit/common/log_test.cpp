#include "common/log.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <spdlog/spdlog.h>

namespace beastmark {
namespace {

TEST(log, as_json_escapes_what_is_said) {
    const std::string said = "a \"quoted\" \\ word\nand a\tcontrol \x01 é";
    ::testing::internal::CaptureStderr();
    init_logging("info", "json");
    spdlog::info("{}", said);
    const auto line = ::testing::internal::GetCapturedStderr();
    EXPECT_EQ(line.find('\n'), line.size() - 1);
    const auto read = nlohmann::json::parse(line, nullptr, false);
    ASSERT_TRUE(read.is_object()) << line;
    EXPECT_EQ(read["message"], said);
    EXPECT_EQ(read["level"], "info");
}

} // namespace
} // namespace beastmark
