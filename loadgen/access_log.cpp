#include "loadgen/access_log.hpp"

#include "common/number.hpp"
#include "loadgen/json_parts.hpp"
#include "loadgen/url.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <optional>

namespace beastmark::loadgen {

namespace {

using std::chrono::nanoseconds;
using std::chrono::seconds;

constexpr double year_2200 = 7'258'118'400;

// Takes a text apart from its front.
class scanner {
public:
    explicit scanner(std::string_view text) : rest_(text) {}

    bool take(char c) {
        if (rest_.empty() || rest_.front() != c)
            return false;
        rest_.remove_prefix(1);
        return true;
    }

    // Of exactly so many digits.
    std::optional<int> number(std::size_t digits) {
        const auto text = rest_.substr(0, digits);
        if (text.size() < digits || text.find_first_not_of("0123456789") != std::string_view::npos)
            return std::nullopt;
        rest_.remove_prefix(digits);
        return parse_number<int>(text);
    }

    std::string_view word(std::size_t size) {
        const auto text = rest_.substr(0, size);
        rest_.remove_prefix(text.size());
        return text;
    }

    std::string_view until(char c) { return word(std::min(rest_.find(c), rest_.size())); }

    [[nodiscard]] std::string_view rest() const { return rest_; }

private:
    std::string_view rest_;
};

struct date {
    std::optional<int> year;
    std::optional<unsigned> month;
    std::optional<int> day;
};

std::optional<seconds> days_of(const date& d) {
    if (!d.year || !d.month || !d.day || *d.year < 1970 || *d.year >= 2200)
        return std::nullopt;
    const std::chrono::year_month_day day(std::chrono::year(*d.year), std::chrono::month(*d.month),
                                          std::chrono::day(static_cast<unsigned>(*d.day)));
    if (!day.ok())
        return std::nullopt;
    return std::chrono::sys_days(day).time_since_epoch();
}

// HH:MM:SS.
std::optional<seconds> time_of_day(scanner& from) {
    const auto hour = from.number(2);
    if (!hour || !from.take(':'))
        return std::nullopt;
    const auto minute = from.number(2);
    if (!minute || !from.take(':'))
        return std::nullopt;
    const auto second = from.number(2);
    if (!second || *hour > 23 || *minute > 59 || *second > 60)
        return std::nullopt;
    return std::chrono::hours(*hour) + std::chrono::minutes(*minute) + seconds(*second);
}

// "+0100", "-07:00", "Z"; nothing is UTC, too.
std::optional<seconds> zone(scanner& from) {
    if (from.take('Z') || from.rest().empty())
        return from.rest().empty() ? std::optional(seconds(0)) : std::nullopt;
    const bool behind = from.take('-');
    if (!behind && !from.take('+'))
        return std::nullopt;
    const auto hours = from.number(2);
    from.take(':');
    const auto minutes = from.number(2);
    if (!hours || !minutes || *hours > 23 || *minutes > 59 || !from.rest().empty())
        return std::nullopt;
    const seconds ahead = std::chrono::hours(*hours) + std::chrono::minutes(*minutes);
    return behind ? -ahead : ahead;
}

std::optional<unsigned> month_of(std::string_view name) {
    constexpr std::array<std::string_view, 12> names{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    const auto at = std::find(names.begin(), names.end(), name);
    if (at == names.end())
        return std::nullopt;
    return static_cast<unsigned>(at - names.begin()) + 1;
}

// "31/Jan/2026:10:00:00 +0100", of the Common Log Format.
std::optional<nanoseconds> clf_time(std::string_view text) {
    scanner from(text);
    date d;
    d.day = from.number(2);
    if (!from.take('/'))
        return std::nullopt;
    d.month = month_of(from.word(3));
    if (!from.take('/'))
        return std::nullopt;
    d.year = from.number(4);
    if (!from.take(':'))
        return std::nullopt;
    const auto days = days_of(d);
    const auto time = time_of_day(from);
    if (!days || !time || !from.take(' '))
        return std::nullopt;
    const auto ahead = zone(from);
    if (!ahead)
        return std::nullopt;
    return *days + *time - *ahead;
}

// The fraction of a second in ns: ".25"; nothing is 0. More than nine digits are cut.
std::optional<nanoseconds> fraction(scanner& from) {
    if (!from.take('.'))
        return nanoseconds(0);
    const auto digits = from.word(std::min(from.rest().find_first_not_of("0123456789"), from.rest().size()));
    if (digits.empty())
        return std::nullopt;
    std::string nine(digits.substr(0, 9));
    nine.resize(9, '0');
    return nanoseconds(*parse_number<int>(nine));
}

// ISO 8601, RFC 3339: "2026-01-31T10:00:00.25Z".
std::optional<nanoseconds> iso_time(std::string_view text) {
    scanner from(text);
    date d;
    d.year = from.number(4);
    if (!from.take('-'))
        return std::nullopt;
    const auto month = from.number(2);
    if (!month || !from.take('-'))
        return std::nullopt;
    d.month = static_cast<unsigned>(*month);
    d.day = from.number(2);
    if (!from.take('T') && !from.take(' '))
        return std::nullopt;
    const auto days = days_of(d);
    const auto time = time_of_day(from);
    if (!days || !time)
        return std::nullopt;
    const auto part = fraction(from);
    if (!part)
        return std::nullopt;
    const auto ahead = zone(from);
    if (!ahead)
        return std::nullopt;
    return *days + *time + *part - *ahead;
}

// nginx's $msec: "1769850000.250".
std::optional<nanoseconds> msec_time(std::string_view word) {
    const auto dot = word.find('.');
    if (dot == std::string_view::npos)
        return std::nullopt;
    const auto whole = parse_number<std::int64_t>(word.substr(0, dot));
    if (!whole || *whole < 0 || static_cast<double>(*whole) > year_2200)
        return std::nullopt;
    scanner from(word.substr(dot));
    const auto part = fraction(from);
    if (!part || !from.rest().empty())
        return std::nullopt;
    return seconds(*whole) + *part;
}

// CONNECT asks for no path.
bool is_method(std::string_view text) {
    constexpr std::size_t longest = 20;
    return !text.empty() && text.size() <= longest && text != "CONNECT" &&
           text.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ-_") == std::string_view::npos;
}

std::variant<logged_request, not_a_request> read_clf(std::string_view line) {
    const auto open = line.find('[');
    const auto close = line.find(']', open == std::string_view::npos ? line.size() : open);
    if (open == std::string_view::npos || close == std::string_view::npos)
        return not_a_request{"there is no [time]"};
    const auto time = clf_time(line.substr(open + 1, close - open - 1));
    if (!time)
        return not_a_request{"its [time] is not like [31/Jan/2026:10:00:00 +0100]"};
    scanner from(line.substr(close + 1));
    from.until('"');
    if (!from.take('"'))
        return not_a_request{"there is no \"request\" behind the time"};
    // What a request line cannot hold is escaped in logs: behind a backslash.
    scanner request(from.until('"'));
    if (!from.take('"'))
        return not_a_request{"its \"request\" does not end"};
    logged_request read;
    read.method = request.until(' ');
    request.take(' ');
    read.path = request.until(' ');
    if (!is_method(read.method) || !is_request_target(read.path) || read.path.find('\\') != std::string::npos)
        return not_a_request{"its \"request\" is not a method and a path"};
    if (request.take(' ') && !request.rest().starts_with("HTTP/"))
        return not_a_request{"its \"request\" is more than method, path and version"};
    const auto exact = msec_time(line.substr(0, std::min(line.find(' '), line.size())));
    read.at = exact.value_or(*time);
    read.whole_second = !exact;
    return read;
}

std::optional<nanoseconds> json_time(const nlohmann::json& ts) {
    if (ts.is_string())
        return iso_time(ts.get_ref<const std::string&>());
    const auto number = number_of(ts);
    if (!number || *number < 0 || *number > year_2200)
        return std::nullopt;
    const auto whole = std::floor(*number); // apart, so that the fraction keeps its digits
    return seconds(static_cast<std::int64_t>(whole)) + nanoseconds(std::llround((*number - whole) * 1e9));
}

std::variant<logged_request, not_a_request> read_json(std::string_view line) {
    const auto all = parse_shallow(line);
    if (!all.is_object())
        return not_a_request{"it is not JSON"};
    const auto time = json_time(part_of(all, "ts"));
    if (!time)
        return not_a_request{"\"ts\" is neither seconds since 1970 nor like \"2026-01-31T10:00:00.25Z\""};
    const auto& path = part_of(all, "path");
    if (!path.is_string() || !is_request_target(path.get_ref<const std::string&>()))
        return not_a_request{"\"path\" is not a path of visible ASCII"};
    const auto& body = part_of(all, "body");
    const auto& method = part_of(all, "method");
    if ((!body.is_null() && !body.is_string()) || (!method.is_null() && !method.is_string()))
        return not_a_request{"\"method\" and \"body\" are texts"};
    logged_request read;
    read.at = *time;
    read.path = path;
    read.body = body.is_null() ? "" : body.get<std::string>();
    read.method = !method.is_null() ? method.get<std::string>() : read.body.empty() ? "GET" : "POST";
    if (!is_method(read.method))
        return not_a_request{"\"method\" is not an HTTP method"};
    return read;
}

} // namespace

std::variant<logged_request, not_a_request> read_log_line(std::string_view line) {
    return line.starts_with('{') ? read_json(line) : read_clf(line);
}

} // namespace beastmark::loadgen
