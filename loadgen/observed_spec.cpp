#include "loadgen/observed_spec.hpp"

#include "common/number.hpp"
#include "loadgen/name.hpp"
#include "loadgen/url.hpp"

#include <stdexcept>

namespace beastmark::loadgen {
namespace {

[[noreturn]] void refuse(std::string_view option, std::string_view form, std::string_view text,
                         std::string_view why) {
    std::string line(option);
    line.append(" wants ").append(form).append(", not '").append(text).append("': ").append(why);
    throw std::invalid_argument(line);
}

struct named {
    std::string_view name;
    std::string_view value;
};

named split(std::string_view option, std::string_view form, std::string_view text) {
    const std::size_t at = text.find('=');
    if (at == std::string_view::npos)
        refuse(option, form, text, "there is no '='");
    const std::string_view name = text.substr(0, at);
    if (!is_name(name))
        refuse(option, form, text, "a name is " + std::string(name_rule));
    return {name, text.substr(at + 1)};
}

} // namespace

watch_spec parse_watch(std::string_view text) {
    const auto [name, value] = split("--watch", "NAME=PID", text);
    const auto pid = parse_number<pid_t>(value);
    if (!pid || *pid <= 0)
        refuse("--watch", "NAME=PID", text, "the process id is not a positive number");
    return {std::string(name), *pid};
}

scrape_spec parse_scrape(std::string_view text) {
    constexpr std::string_view option = "--scrape";
    constexpr std::string_view form = "NAME=http://HOST[:PORT]/PATH";
    const auto [name, url_text] = split(option, form, text);
    if (!url_text.starts_with("http://"))
        refuse(option, form, text, "the URL does not begin with http://");
    try {
        const auto where = url::parse(url_text);
        return {std::string(name), where.text, where.host, where.port, where.target};
    } catch (const std::invalid_argument& wrong) {
        refuse(option, form, text, wrong.what());
    }
}

} // namespace beastmark::loadgen
