#include "loadgen/report.hpp"
#include "loadgen/report_command.hpp"
#include "tests/unit/loadgen/compared_results.hpp"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <filesystem>
#include <fstream>
#include <iterator>

namespace beastmark::loadgen {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

json result(const std::string& target = "t") {
    return {{"schema", "loadgen.result/1"}, {"targets", {{target, {{"totals", json::object()}}}}}};
}

std::string render(const json& one, const report_options& options = {}) {
    const std::vector<json> results{one};
    return render_report(results, options);
}

/// The results as the page will read them.
json embedded(const std::string& page) {
    const std::string open = "id=\"results\">";
    const std::size_t begin = page.find(open) + open.size();
    return json::parse(page.substr(begin, page.find("</script>", begin) - begin));
}

TEST(report, holds_the_results_the_library_and_nothing_from_a_network) {
    const std::string page = render(result());
    EXPECT_EQ(embedded(page), json::array({result()}));
    EXPECT_THAT(page, HasSubstr("Chart.js v3"));
    EXPECT_THAT(page, Not(HasSubstr("src=")));
    EXPECT_THAT(page, Not(HasSubstr("href=\"http")));
    EXPECT_THAT(page, Not(HasSubstr("@import")));
    EXPECT_THAT(page, Not(HasSubstr("{{")));
}

TEST(report, a_result_cannot_end_the_script_it_stands_in) {
    json hostile = result("</script><script>alert(1)</script><!--");
    hostile["tool"] = "{{script}}\xff";
    const std::string page = render(hostile);
    EXPECT_THAT(page, Not(HasSubstr("<script>alert")));
    const json read = embedded(page)[0];
    EXPECT_TRUE(read["targets"].contains("</script><script>alert(1)</script><!--"));
    EXPECT_EQ(read["tool"], "{{script}}\uFFFD") << "not filled in, and valid UTF-8";
}

TEST(report, the_title_is_given_or_made_from_the_targets) {
    EXPECT_THAT(render(result("post")), HasSubstr("<title>Load test: post</title>"));
    EXPECT_THAT(render(result(), {.title = "A <b> & \"c\""}),
                HasSubstr("<h1>A &lt;b&gt; &amp; &quot;c&quot;</h1>"));
}

TEST(report, scraped_series_that_no_chart_shows_are_left_out) {
    json one = result();
    one["scraped"]["t"] = {
        {"series", {{{"name", "db_client_connection_count"}}, {{"name", "process_open_fds"}}, 3}}};
    EXPECT_EQ(embedded(render(one))[0]["scraped"]["t"]["series"],
              json({{{"name", "db_client_connection_count"}}}));
}

TEST(report, encoded_histograms_are_left_out_and_their_percentiles_are_not) {
    json one = result();
    one["targets"]["t"]["latency"] = {
        {"response", {{"count", 2}, {"p99_us", 7.5}, {"hdr", "HISTFAAAAB42pNp"}}},
        {"service", {{"hdr", "HISTFAAAAB42pNp"}}},
        {"odd", 3}};
    one["targets"]["odd"] = {{"latency", "none"}};
    one["targets"]["odder"] = 7;
    const std::string page = render(one);
    EXPECT_THAT(page, Not(HasSubstr("HISTFAAAAB42pNp")));
    EXPECT_EQ(embedded(page)[0]["targets"]["t"]["latency"],
              json({{"response", {{"count", 2}, {"p99_us", 7.5}}}, {"service", json::object()}, {"odd", 3}}));
}

TEST(report, says_what_is_wrong_with_a_result) {
    EXPECT_EQ(check_result(result()), "");
    EXPECT_EQ(check_result(json::array()), "not a result of loadgen (no \"schema\")");
    json other = result();
    other["schema"] = "loadgen.result/9";
    EXPECT_EQ(check_result(other), "schema \"loadgen.result/9\", this program reads \"loadgen.result/1\"");
    EXPECT_EQ(check_result({{"schema", "loadgen.result/1"}}), "no \"targets\"");
    EXPECT_EQ(check_result({{"schema", "loadgen.result/1"}, {"targets", {{"t", 1}}}}),
              "target \"t\" has no \"totals\"");
}

TEST(report, refuses_what_is_nested_too_deep_to_be_copied) {
    for (const auto* const key : {"schema", "targets", "more"}) {
        const std::string text = "{\"schema\":\"loadgen.result/1\",\"targets\":{\"t\":{\"totals\":{}}},\"" +
                                 std::string(key) + "\":" + std::string(300'000, '[') +
                                 std::string(300'000, ']') + "}";
        const auto deep = json::parse(text, nullptr, false);
        ASSERT_FALSE(deep.is_discarded());
        EXPECT_EQ(check_result(deep), "not a result of loadgen (nested more than 64 deep)");
    }
}

class report_command : public testing::Test {
protected:
    report_command() {
        std::string name = testing::TempDir() + "report_XXXXXX";
        directory_ = ::mkdtemp(name.data());
    }

    ~report_command() override { std::filesystem::remove_all(directory_); }

    std::string write(const std::string& name, const std::string& content) {
        std::ofstream(directory_ / name) << content;
        return directory_ / name;
    }

    static std::string read(const std::filesystem::path& path) {
        std::ifstream in(path);
        return {std::istreambuf_iterator<char>(in), {}};
    }

    int run(std::vector<std::string> words) {
        CLI::App app;
        report_arguments arguments;
        CLI::App* command = add_report_command(app, arguments);
        words.insert(words.begin(), "report");
        std::reverse(words.begin(), words.end());
        app.parse(words);
        testing::internal::CaptureStderr();
        testing::internal::CaptureStdout();
        const int code = command->parsed() ? run_report(arguments) : -1;
        said_ = testing::internal::GetCapturedStdout();
        complaint_ = testing::internal::GetCapturedStderr();
        return code;
    }

    std::filesystem::path directory_;
    std::string complaint_;
    std::string said_;
};

TEST_F(report_command, writes_one_page_from_several_results) {
    const std::string a = write("a.json", result("alpha").dump());
    const std::string b = write("b.json", result("beta").dump());
    ASSERT_EQ(run({a, b, "-o", directory_ / "r.html", "--title", "Both"}), 0) << complaint_;
    std::ifstream in(directory_ / "r.html");
    const std::string page{std::istreambuf_iterator<char>(in), {}};
    EXPECT_THAT(page, HasSubstr("<title>Both</title>"));
    EXPECT_EQ(embedded(page).size(), 2U);
    EXPECT_EQ(said_ + complaint_, "") << "no comparison";
    EXPECT_THAT(page, HasSubstr("id=\"comparison\">null<"));
}

TEST_F(report_command, tells_a_comparison_on_stdout_in_the_page_and_in_markdown) {
    const std::string a = write("a.json", testing_results::ladder("alpha", 4'000).dump());
    const std::string b = write("b.json", testing_results::ladder("beta", 2'000, 16'000, 20).dump());
    const auto page = directory_ / "r.html";
    ASSERT_EQ(run({a, b, "-o", page, "--title", "Both", "--markdown", directory_ / "t.md"}), 0) << complaint_;
    EXPECT_EQ(complaint_, "");
    EXPECT_THAT(said_, HasSubstr("alpha holds 4,000 requests/s, 2 times beta (one round)."));
    EXPECT_THAT(read(directory_ / "t.md"), HasSubstr("# Both\n\nalpha holds 4,000 requests/s"));
    EXPECT_THAT(read(page), HasSubstr("\"headline\":[\"alpha holds 4,000"));
    ASSERT_EQ(run({a, b, "-o", page, "--held-p99", "10ms", "--held-availability", "99"}), 0) << complaint_;
    EXPECT_THAT(said_, HasSubstr("p99 below 10 ms and availability above 99 %"));
    EXPECT_THAT(read(page), HasSubstr("beta held no rate"));
}

TEST_F(report_command, says_why_results_are_no_comparison) {
    const std::string a = write("a.json", testing_results::ladder("alpha", 4'000).dump());
    const std::string b = write("b.json", testing_results::result_of("beta", {{.rate = 10}}).dump());
    EXPECT_EQ(run({a, b, "-o", directory_ / "r.html"}), 0);
    const std::string why = "there is no rate that all targets were asked for";
    EXPECT_EQ(complaint_, "loadgen report: no comparison: " + why + "\n");
    EXPECT_EQ(said_, "");
    EXPECT_THAT(read(directory_ / "r.html"), HasSubstr("{\"why_not\":\"" + why + "\"}"));
    const std::string table = directory_ / "t.md";
    EXPECT_EQ(run({a, "-o", directory_ / "r.html", "--markdown", table}), 1);
    EXPECT_EQ(complaint_, "loadgen report: " + table + ": not written: the results are no comparison\n");
    EXPECT_FALSE(std::filesystem::exists(table));
    EXPECT_EQ(run({a, a, "-o", directory_ / "r.html", "--markdown", directory_ / "none" / "t.md"}), 1);
    EXPECT_THAT(complaint_, HasSubstr("t.md: cannot be written"));
}

TEST(report_objective, is_read_from_the_flags_or_refused) {
    const auto read = [](const char* p99, const char* availability) {
        return objective_of({.held_p99 = p99, .held_availability = availability});
    };
    EXPECT_EQ(objective_of({}).p99_us, 50'000);
    EXPECT_DOUBLE_EQ(objective_of({}).availability, 0.999);
    EXPECT_EQ(read("1.5s", "0").p99_us, 1'500'000);
    EXPECT_DOUBLE_EQ(read("1s", "95%").availability, 0.95);
    for (const char* wrong : {"50", "0s", "-1ms", "fast", ""})
        EXPECT_THROW(read(wrong, "99%"), std::invalid_argument) << wrong;
    for (const char* wrong : {"100", "-1", "nan", "%", "most"})
        EXPECT_THROW(read("50ms", wrong), std::invalid_argument) << wrong;
}

TEST_F(report_command, refuses_with_one_line_that_names_the_file) {
    const auto expect_refusal = [&](const std::string& file, const std::string& why) {
        EXPECT_EQ(run({file, "-o", directory_ / "r.html"}), 1);
        EXPECT_EQ(complaint_, "loadgen report: " + file + ": " + why + "\n");
        EXPECT_FALSE(std::filesystem::exists(directory_ / "r.html"));
    };
    expect_refusal(directory_ / "none.json", "cannot be read");
    expect_refusal(directory_, "cannot be read");
    expect_refusal(write("text.json", "{\"schema\":"), "not JSON");
    expect_refusal(write("old.json", R"({"schema":"loadgen.result/0","targets":{}})"),
                   "schema \"loadgen.result/0\", this program reads \"loadgen.result/1\"");
}

TEST_F(report_command, says_when_the_page_cannot_be_written) {
    const std::string page = directory_ / "no such folder" / "r.html";
    EXPECT_EQ(run({write("a.json", result().dump()), "-o", page}), 1);
    EXPECT_EQ(complaint_, "loadgen report: " + page + ": cannot be written\n");
}

} // namespace
} // namespace beastmark::loadgen
