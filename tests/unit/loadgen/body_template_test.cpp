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
    expect_error("{{pick }}", "{{pick }}", "byte 1");
    expect_error("a{{pad}}", "{{pad}}", "byte 2");
    expect_error("{{pad 1 2}}", "{{pad 1 2}}", "byte 1");
    expect_error("{{pad 16777217}}", "{{pad 16777217}}", "up to 16777216");
    expect_error("{{pad 16777216}}{{pad 1}}", "{{pad 1}}", "16777216 bytes in all");
}

TEST(body_template, padding_of_a_head_stays_below_what_servers_take) {
    line_files files;
    for (const auto where : {template_place::header, template_place::target}) {
        EXPECT_EQ(body_template("{{pad 8192}}", where, files).max_size(), 8192u);
        EXPECT_THROW(body_template("{{pad 8193}}", where, files), std::invalid_argument);
    }
}

TEST(body_template, padding_is_a_constant) {
    const body_template t("<{{pad 5}}{{pad 0}}>");
    EXPECT_TRUE(t.constant());
    EXPECT_EQ(t.constant_text(), "<xxxxx>");
    EXPECT_EQ(t.max_size(), 7u);
}

// Files that a test names.
line_files with(const std::map<std::string, std::string>& texts) {
    return line_files([texts](const std::string& path) { return texts.at(path); });
}

TEST(body_template, a_line_is_picked_by_seed_and_index) {
    auto files = with({{"my names.txt", "ann\nbob\r\n\ncleo"}});
    const body_template t("{{pick my names.txt}}-{{ pick  my names.txt }}", template_place::body, files);
    EXPECT_FALSE(t.constant());
    EXPECT_EQ(t.max_size(), 9u);
    std::map<std::string, int> counts;
    for (std::uint64_t i = 0; i < 90'000; ++i)
        ++counts[t.render(1, i)];
    ASSERT_EQ(counts.size(), 9u) << "each line, at both places, whatever the other";
    for (const auto& [text, count] : counts)
        EXPECT_NEAR(count, 10'000, 480) << text; // five standard deviations
    EXPECT_TRUE(counts.contains("bob-cleo")) << "neither CR nor a missing end of the last line";
    EXPECT_EQ(t.render(7, 3), t.render(7, 3));
}

TEST(body_template, a_file_is_read_once_whoever_names_it) {
    int reads = 0;
    line_files files([&](const std::string&) {
        ++reads;
        return std::string("a\n");
    });
    const body_template one("{{pick f}}{{pick f}}", template_place::body, files);
    const body_template two("{{pick f}}", template_place::header, files);
    EXPECT_EQ(one.render(1, 1) + two.render(1, 1), "aaa");
    EXPECT_EQ(reads, 1);
}

std::string refusal(const std::string& lines, template_place where) {
    auto files = with({{"f.txt", lines}});
    try {
        const body_template t("{{pick f.txt}}", where, files);
        return "taken";
    } catch (const std::invalid_argument& wrong) {
        return wrong.what();
    }
}

TEST(body_template, a_picked_line_cannot_end_the_line_of_a_head) {
    using enum template_place;
    EXPECT_EQ(refusal("a\n\nb\rX-Evil: 1\n", header), "f.txt, line 3: a header cannot hold byte 0x0d");
    EXPECT_EQ(refusal("a\nb\rc\n", body), "taken");
    EXPECT_EQ(refusal(std::string("a\0", 2), header), "f.txt, line 1: a header cannot hold byte 0x00");
    EXPECT_EQ(refusal("a\tb c\n", header), "taken");
    EXPECT_EQ(refusal("a\na b\n", target), "f.txt, line 2: a URL cannot hold byte 0x20: percent-encode it");
    EXPECT_EQ(refusal("\xc3\xa4\n", target), "f.txt, line 1: a URL cannot hold byte 0xc3: percent-encode it");
    EXPECT_EQ(refusal("a#b\n", target), "f.txt, line 1: a URL cannot hold byte 0x23: percent-encode it");
    EXPECT_EQ(refusal("a%20b?c=d/e\r\n", target), "taken");
}

TEST(body_template, files_that_are_empty_or_have_endless_lines_are_refused) {
    using enum template_place;
    EXPECT_EQ(refusal("", body), "f.txt is empty: there is no line to pick");
    EXPECT_EQ(refusal("\r\n\n", body), "f.txt is empty: there is no line to pick");
    EXPECT_EQ(refusal("a\n" + std::string(65537, 'y'), body),
              "f.txt, line 2: it has 65537 bytes, above the limit of 65536");
    EXPECT_EQ(refusal("a\n" + std::string(65536, 'y'), body), "taken");
    EXPECT_EQ(refusal(std::string(8193, 'y'), target),
              "f.txt, line 1: it has 8193 bytes, above the limit of 8192 in a URL");
    EXPECT_THROW(body_template("{{pick /no/such/file}}"), std::runtime_error);
    EXPECT_THROW(body_template("{{pick /tmp}}"), std::runtime_error) << "a folder";
}

TEST(body_template, braces_of_a_literal_mean_nothing) {
    EXPECT_EQ(body_template::literal("{{nope}}").constant_text(), "{{nope}}");
}

TEST(body_template, what_is_put_together_renders_as_one) {
    auto t = body_template::literal("a");
    t.append("b");
    t.append(body_template("c{{seq}}d"));
    t.append(body_template("e{{mac}}"));
    EXPECT_EQ(t.render(1, 7).substr(0, 6), "abc7de");
    EXPECT_EQ(t.max_size(), 5 + 20 + 17u);
}

TEST(body_template, each_has_a_checksum_of_its_own) {
    auto one = with({{"f", "a\nb"}});
    auto other = with({{"f", "a\nc"}});
    std::set<std::uint32_t> sums;
    for (const auto* const text :
         {"", "a", "{{seq}}", "{{mac}}", "{{rand 1 2}}", "{{rand 1 3}}", "{{pick f}}"})
        sums.insert(body_template(text, template_place::body, one).checksum(0));
    sums.insert(body_template("{{pick f}}", template_place::body, other).checksum(0));
    EXPECT_EQ(sums.size(), 8u);
}

} // namespace
} // namespace beastmark::loadgen
