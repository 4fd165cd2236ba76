#include "loadgen/body_template.hpp"

#include <gtest/gtest.h>

#include <map>
#include <regex>
#include <set>
#include <stdexcept>
#include <string>

namespace beastmark::loadgen {
namespace {

TEST(body_template, text_without_placeholders_stays_as_it_is) {
    const body_template t(R"({"a": {"b": "}} { {"}})");
    EXPECT_TRUE(t.constant());
    EXPECT_EQ(t.render(1, 2), R"({"a": {"b": "}} { {"}})");
    EXPECT_TRUE(body_template().constant());
    EXPECT_EQ(body_template().render(1, 2), "");
}

TEST(body_template, placeholders_have_their_form) {
    const body_template t("{{uuid}}|{{seq}}|{{rand -3 3}}|{{mac}}|{{ uuid }}");
    EXPECT_FALSE(t.constant());
    const std::string uuid = "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}";
    const std::regex form(uuid + "\\|([0-9]+)\\|-?[0-3]\\|([0-9A-F]{2}-){5}[0-9A-F]{2}\\|" + uuid);
    for (const std::uint64_t i : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{12'345}, UINT64_MAX}) {
        const auto text = t.render(42, i);
        std::smatch found;
        ASSERT_TRUE(std::regex_match(text, found, form)) << text;
        EXPECT_EQ(found[1], std::to_string(i));
        EXPECT_LE(text.size(), t.max_size());
    }
}

TEST(body_template, depends_on_nothing_but_seed_and_index) {
    const std::string text = "{{uuid}}{{rand 0 1000000}}{{mac}}";
    EXPECT_EQ(body_template(text).render(1, 5), body_template(text).render(1, 5));
    EXPECT_NE(body_template(text).render(1, 5), body_template(text).render(2, 5));
    EXPECT_NE(body_template(text).render(1, 5), body_template(text).render(1, 6));
}

TEST(body_template, uuids_of_many_arrivals_differ) {
    const body_template t("{{uuid}}");
    std::set<std::string> seen;
    for (std::uint64_t seed = 0; seed < 4; ++seed)
        for (std::uint64_t i = 0; i < 25'000; ++i)
            seen.insert(t.render(seed, i));
    EXPECT_EQ(seen.size(), 100'000u);
}

// 60,000 draws of 6 values: each count is within 5 standard deviations (91) of 10,000, but for one seed in
// 300,000.
TEST(body_template, rand_is_even_and_takes_both_ends) {
    const body_template t("{{rand 10 15}}");
    std::map<std::string, int> counts;
    for (std::uint64_t i = 0; i < 60'000; ++i)
        ++counts[t.render(1, i)];
    ASSERT_EQ(counts.size(), 6u);
    for (const auto& [value, count] : counts)
        EXPECT_NEAR(count, 10'000, 460) << value;
    EXPECT_EQ(body_template("{{rand 7 7}}").render(1, 1), "7");
    EXPECT_LE(body_template("{{rand -9223372036854775808 9223372036854775807}}").render(1, 1).size(), 20u);
}

void expect_error(const std::string& text, const std::string& placeholder, const std::string& position) {
    try {
        body_template t(text);
        ADD_FAILURE() << text;
    } catch (const std::invalid_argument& wrong) {
        const std::string message = wrong.what();
        EXPECT_NE(message.find(placeholder), std::string::npos) << message;
        EXPECT_NE(message.find(position), std::string::npos) << message;
    }
}

TEST(body_template, errors_name_the_placeholder_and_its_position) {
    expect_error("ab{{uid}}", "{{uid}}", "byte 3");
    expect_error("{{}}", "{{}}", "byte 1");
    expect_error("{{rand 1}}", "{{rand 1}}", "byte 1");
    expect_error("{{rand 5 1}}", "{{rand 5 1}}", "byte 1");
    expect_error("{{rand 1 2 3}}", "{{rand 1 2 3}}", "byte 1");
    expect_error("{{rand a b}}", "{{rand a b}}", "byte 1");
    expect_error("{{seq 1}}", "{{seq 1}}", "byte 1");
    expect_error("12345{{uuid", "{{uuid", "byte 6");
}

} // namespace
} // namespace beastmark::loadgen
