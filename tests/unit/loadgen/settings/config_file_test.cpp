#include "loadgen/command_line.hpp"
#include "loadgen/settings/config_file.hpp"
#include "loadgen/settings/reference_config.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

namespace beastmark::loadgen::settings {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using texts = std::vector<std::string>;

std::map<std::string, texts> read(const std::string& text, const std::string& path = "test.toml") {
    const command_line line;
    std::map<std::string, texts> all;
    for (const auto& each : parse_config(text, path, *line.run_app))
        all[each.key] = each.texts;
    return all;
}

std::string refusal(const std::string& text) {
    try {
        read(text);
    } catch (const std::invalid_argument& problem) {
        return problem.what();
    }
    return "accepted";
}

TEST(config_file, has_a_key_for_each_option_by_its_long_name) {
    const auto all = read(R"(url = "http://127.0.0.1:1/"
rate = "10k"
connections = 64
closed = true
stage = ["10s:100", "1m:100..5k"] # a ramp
slo = 'p99<50ms'
body = '{"mac":"#1, \ and \"2\""}'
label = []
)");
    EXPECT_THAT(all.at("url"), ElementsAre("http://127.0.0.1:1/"));
    EXPECT_THAT(all.at("rate"), ElementsAre("10k"));
    EXPECT_THAT(all.at("connections"), ElementsAre("64"));
    EXPECT_THAT(all.at("closed"), ElementsAre("true"));
    EXPECT_THAT(all.at("stage"), ElementsAre("10s:100", "1m:100..5k"));
    EXPECT_THAT(all.at("slo"), ElementsAre("p99<50ms"));
    EXPECT_THAT(all.at("body"), ElementsAre(R"({"mac":"#1, \ and \"2\""})"));
    EXPECT_THAT(all.at("label"), ElementsAre());
    EXPECT_THAT(read("rate = 2.5").at("rate"), ElementsAre("2.5"));
    EXPECT_THAT(read("rate = 1e4").at("rate"), ElementsAre("10000"));
}

TEST(config_file, names_the_line_and_the_nearest_option_of_an_unknown_key) {
    EXPECT_EQ(refusal("rate = 1\n\nconections = 3\n"),
              "test.toml, line 3: 'conections' is no option of loadgen run: did you mean 'connections'?");
    EXPECT_THAT(refusal("barrier_timeout = '1s'"), HasSubstr("did you mean 'barrier-timeout'?"));
    EXPECT_EQ(refusal("R = 1"), "test.toml, line 1: 'R': write 'rate'");
    for (const auto* const only_typed : {"help = true", "config = 'x'", "again = 'x'", "print-config = true"})
        EXPECT_THAT(refusal(only_typed), HasSubstr("is no option")) << only_typed;
}

TEST(config_file, names_the_line_of_a_value_of_another_kind) {
    EXPECT_EQ(refusal("\nrate = [1, 2]"), "test.toml, line 2: 'rate' takes one value, not an array");
    EXPECT_THAT(refusal("closed = 1"), HasSubstr("line 1: 'closed' is true or false"));
    EXPECT_THAT(refusal("rate = true"), HasSubstr("'rate' takes a value, not true or false"));
    EXPECT_THAT(refusal("[run]\nrate = 1"), HasSubstr("'run' is no option"));
    EXPECT_THAT(refusal("[rate]\nx = 1"), HasSubstr("'rate' is a table"));
    EXPECT_THAT(refusal("duration = 10:00:00"), HasSubstr("put it in quotes"));
    EXPECT_THAT(refusal("rate = inf"), HasSubstr("put it in quotes"));
    EXPECT_THAT(refusal("stage = [['1s:1']]"), HasSubstr("put it in quotes"));
}

TEST(config_file, names_the_line_of_what_is_not_toml) {
    EXPECT_THAT(refusal("rate = 1\nconnections 3"), HasSubstr("test.toml, line 2: "));
    EXPECT_THAT(refusal("rate = 10k"), HasSubstr("test.toml, line 1: "));
    EXPECT_THAT(refusal("rate = 1\nrate = 2"), HasSubstr("test.toml, line 2: "));
    EXPECT_EQ(std::ranges::count(refusal("rate = \"\n"), '\n'), 0);
}

TEST(config_file, letters_beyond_ascii_stand_in_double_quotes_and_comments) {
    EXPECT_THAT(read("name = \"Zürich \\\\ 東京 😀\" # für später\nrate = 1").at("name"),
                ElementsAre("Zürich \\ 東京 😀"));
    EXPECT_THAT(read("name = \"\"\"ä\n\\\"é\"\"\" # ö\nrate = 1").at("name"), ElementsAre("ä\n\"é"));
    EXPECT_THAT(read("\xef\xbb\xbfrate = 1").at("rate"), ElementsAre("1")) << "a byte order mark";
    EXPECT_THAT(refusal("rate = 1\nname = 'Zürich'"),
                HasSubstr("test.toml, line 2: 'ü' can only be in double quotes or in a comment"));
    EXPECT_THAT(refusal("7\xef\xbb\x9f"), HasSubstr("test.toml, line 1: "));
    EXPECT_THAT(refusal("[:"), HasSubstr("test.toml, line 1: "));
    for (const char* const wrong : {"\x80", "\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x82"})
        EXPECT_THAT(refusal(std::string("name = \"") + wrong), HasSubstr("line 1: is not UTF-8"));
}

TEST(config_file, a_body_s_file_is_beside_it) {
    EXPECT_THAT(read("body = '@b.json'", "tests/load.toml").at("body"), ElementsAre("@tests/b.json"));
    EXPECT_THAT(read("body = '@/b.json'", "tests/load.toml").at("body"), ElementsAre("@/b.json"));
    EXPECT_THAT(read("body = 'b@c'", "tests/load.toml").at("body"), ElementsAre("b@c"));
    EXPECT_THAT(read("requests = 'r.json'", "tests/load.toml").at("requests"), ElementsAre("tests/r.json"));
    EXPECT_THAT(read("replay = '/a.log'", "tests/load.toml").at("replay"), ElementsAre("/a.log"));
}

TEST(reference_config, is_a_closed_loop_of_clients) {
    std::map<std::string, texts> all;
    const auto* const text = R"([test]
request = "post"
protocol = "http1"
min_clients = 1
max_clients = 1000
stage_interval_s = 35
request_delay_ms = 100
request_timeout_ms = 5000
)";
    for (const auto& each : parse_reference_config(text, "Tester.toml"))
        all[each.key] = each.texts;
    EXPECT_EQ(all, (std::map<std::string, texts>{{"clients", {"1..1000"}},
                                                 {"step-every", {"35s"}},
                                                 {"think", {"100ms"}},
                                                 {"timeout", {"5000ms"}},
                                                 {"method", {"POST"}},
                                                 {"body", {R"({"mac":"{{mac}}","firmware":"2.1.5"})"}},
                                                 {"expect", {"201"}}}));
}

TEST(reference_config, of_as_many_clients_throughout_has_no_steps) {
    std::map<std::string, texts> all;
    for (const auto& each : parse_reference_config(
             "[test]\nmin_clients = 5\nmax_clients = 5\nstage_interval_s = 35\nrequest_delay_ms = 0\n"
             "request_timeout_ms = 100\n",
             "Tester.toml"))
        all[each.key] = each.texts;
    EXPECT_EQ(all, (std::map<std::string, texts>{
                       {"clients", {"5"}}, {"duration", {"35s"}}, {"timeout", {"100ms"}}}));
}

TEST(reference_config, names_the_line_of_what_it_does_not_know) {
    const auto refused = [](const std::string& text) -> std::string {
        try {
            parse_reference_config(text, "Tester.toml");
        } catch (const std::invalid_argument& problem) {
            return problem.what();
        }
        return "accepted";
    };
    const std::string rest = "min_clients = 1\nmax_clients = 1\nstage_interval_s = 1\nrequest_delay_ms = 0\n"
                             "request_timeout_ms = 1\n";
    EXPECT_EQ(refused("[test]\n" + rest), "accepted");
    EXPECT_THAT(refused(rest), HasSubstr("no table [test]"));
    EXPECT_THAT(
        refused("[test]\nmin_client = 1\n"),
        HasSubstr("line 2: 'min_client' is no key of the reference tester: did you mean 'min_clients'?"));
    EXPECT_THAT(refused("[test]\nprotocol = 'grpc'\n" + rest),
                HasSubstr("line 2: 'protocol' has to be \"http1\""));
    EXPECT_THAT(refused("[test]\nrequest = 'put'\n" + rest), HasSubstr("\"get\" or \"post\""));
    EXPECT_THAT(refused("[test]\nmin_clients = 2\nmax_clients = 1\n"),
                HasSubstr("line 3: 'max_clients' has to be a whole number from 2 on"));
    EXPECT_THAT(refused("[test]\nmin_clients = 1\n"), HasSubstr("'max_clients' is missing"));
}

TEST(nearest, is_the_one_with_the_fewest_letters_changed) {
    const texts known{"rate", "stage", "stop-when", "timeout"};
    EXPECT_EQ(nearest("stages", known), "stage");
    EXPECT_EQ(nearest("stop_when", known), "stop-when");
    EXPECT_EQ(nearest("tiemout", known), "timeout");
    EXPECT_EQ(nearest("", {}), "");
}

TEST(config_text, says_what_was_given_and_what_could_be) {
    command_line line;
    line.parse({"loadgen", "run", "-R", "10k", "-c", "8", "--slo", "p99<1s", "--slo", "rps>1", "--spin", "-b",
                "a\"b\\c\n\x7f\t'#", "http://127.0.0.1:1/"});
    const auto text = config_text(*line.run_app);
    for (const auto* const expected :
         {"\nrate = \"10k\"\n", "\nconnections = 8\n", "\nslo = [\"p99<1s\", \"rps>1\"]\n", "\nspin = true\n",
          "\nbody = \"a\\\"b\\\\c\\n\\u007F\\t'#\"\n", "\nurl = \"http://127.0.0.1:1/\"\n",
          "\n#closed = false\n", "\n#timeout = \"1s\"\n", "\n# connections to each target"})
        EXPECT_THAT(text, HasSubstr(expected));
    EXPECT_THAT(read(text).at("body"), ElementsAre("a\"b\\c\n\x7f\t'#"));
}

TEST(config_text, of_what_no_toml_file_can_hold_says_so) {
    command_line line;
    line.parse({"loadgen", "run", "-R", "1", "-b", "\xff", "http://127.0.0.1:1/"});
    try {
        config_text(*line.run_app);
        FAIL() << "accepted";
    } catch (const std::invalid_argument& problem) {
        EXPECT_THAT(problem.what(), HasSubstr("-b @FILE"));
    }
}

// Something that each option takes, so that one which a later change adds is tried, too.
std::string sample(const CLI::Option& option) {
    const auto type = option.get_type_name();
    if (const auto open = type.find('{'); open != std::string::npos) // the last of its choices
        return type.substr(type.find_last_of("{,") + 1, type.find('}') - type.find_last_of("{,") - 1);
    if (type.find("INT") != std::string::npos || type.find("FLOAT") != std::string::npos)
        return "300";
    // A file is named from the root, or it would be read again with another name.
    const auto key = key_of(option);
    return std::string(key == "requests" || key == "replay" ? "/" : "") + "a \"b\" 'c', #d\\e";
}

TEST(config_text, read_again_gives_the_same_options_whichever_they_are) {
    command_line line;
    std::vector<std::string> argv{"loadgen", "run"};
    for (const auto* const option : settable(*line.run_app)) {
        const auto times = is_repeatable(*option) ? 2 : 1;
        for (int i = 0; i < times; ++i)
            argv.push_back(!option->nonpositional() ? "http://127.0.0.1:1/"
                           : is_flag(*option)       ? "--" + key_of(*option)
                                                    : "--" + key_of(*option) + "=" + sample(*option));
    }
    line.parse(argv);
    std::map<std::string, texts> given;
    for (const auto* const option : settable(*line.run_app)) {
        ASSERT_GT(option->count(), 0u) << key_of(*option);
        given[key_of(*option)] = option->results();
    }
    auto again = read(config_text(*line.run_app));
    EXPECT_EQ(again.size(), given.size());
    for (const auto& [key, texts_given] : given) // each alone: of all together nobody sees which
        EXPECT_EQ(again[key], texts_given) << key;
}

} // namespace
} // namespace beastmark::loadgen::settings
