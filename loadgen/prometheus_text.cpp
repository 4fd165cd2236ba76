#include "loadgen/prometheus_text.hpp"

#include <charconv>
#include <cstddef>
#include <limits>
#include <optional>

namespace beastmark::loadgen {
namespace {

bool is_blank(char c) {
    return c == ' ' || c == '\t';
}

bool is_name_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == ':';
}

/// A cursor over one line; each taker returns nothing, or false, when the line is not of the form asked for.
class line_reader {
public:
    explicit line_reader(std::string_view line) : rest_(line) {}

    void skip_blanks() {
        while (!rest_.empty() && is_blank(rest_.front()))
            rest_.remove_prefix(1);
    }

    bool at_end() const { return rest_.empty(); }

    bool take(char c) {
        if (rest_.empty() || rest_.front() != c)
            return false;
        rest_.remove_prefix(1);
        return true;
    }

    std::string_view take_name() {
        std::size_t size = 0;
        while (size < rest_.size() && is_name_character(rest_[size]))
            ++size;
        return take_prefix(size);
    }

    std::string_view take_word() {
        std::size_t size = 0;
        while (size < rest_.size() && !is_blank(rest_[size]))
            ++size;
        return take_prefix(size);
    }

    /// What stands between double quotes, with \\ \" and \n unescaped.
    std::optional<std::string> take_quoted() {
        if (!take('"'))
            return std::nullopt;
        std::string value;
        while (!rest_.empty()) {
            char c = rest_.front();
            rest_.remove_prefix(1);
            if (c == '"')
                return value;
            if (c == '\\' && !rest_.empty()) {
                c = rest_.front() == 'n' ? '\n' : rest_.front();
                rest_.remove_prefix(1);
            }
            value.push_back(c);
        }
        return std::nullopt;
    }

private:
    std::string_view take_prefix(std::size_t size) {
        const std::string_view prefix = rest_.substr(0, size);
        rest_.remove_prefix(size);
        return prefix;
    }

    std::string_view rest_;
};

std::optional<double> parse_value(std::string_view word) {
    if (word.starts_with('+'))
        word.remove_prefix(1);
    double value = 0;
    // from_chars knows "inf", "Inf", "nan" and "NaN"; a number too large for a double is out of range.
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
    if (error == std::errc::result_out_of_range)
        return std::numeric_limits<double>::infinity();
    if (error != std::errc{} || end != word.data() + word.size())
        return std::nullopt;
    return value;
}

bool read_labels(line_reader& line, metric_labels& labels) {
    if (!line.take('{'))
        return true;
    for (;;) {
        line.skip_blanks();
        if (line.take('}'))
            return true;
        const std::string_view name = line.take_name();
        line.skip_blanks();
        if (name.empty() || !line.take('='))
            return false;
        line.skip_blanks();
        std::optional<std::string> value = line.take_quoted();
        if (!value)
            return false;
        labels.emplace_back(name, *std::move(value));
        line.skip_blanks();
        if (line.take('}'))
            return true;
        if (!line.take(','))
            return false;
    }
}

metric_type type_of(std::string_view word) {
    if (word == "counter")
        return metric_type::counter;
    if (word == "gauge")
        return metric_type::gauge;
    if (word == "histogram")
        return metric_type::histogram;
    if (word == "summary")
        return metric_type::summary;
    return metric_type::untyped;
}

/// "# TYPE name type"; any other comment is nobody's business.
void read_comment(line_reader line, metric_page& page) {
    line.take('#');
    line.skip_blanks();
    if (line.take_word() != "TYPE")
        return;
    line.skip_blanks();
    const std::string_view name = line.take_name();
    line.skip_blanks();
    page.types[name] = type_of(line.take_word());
}

bool read_sample(line_reader line, metric_page& page) {
    metric_sample sample;
    sample.name = line.take_name();
    if (sample.name.empty())
        return false;
    line.skip_blanks();
    if (!read_labels(line, sample.labels))
        return false;
    line.skip_blanks();
    const std::optional<double> value = parse_value(line.take_word());
    if (!value)
        return false;
    sample.value = *value;
    page.samples.push_back(std::move(sample));
    return true; // what follows is a timestamp or an exemplar
}

} // namespace

metric_page parse_prometheus_text(std::string_view text) {
    metric_page page;
    std::size_t number = 0;
    while (!text.empty()) {
        ++number;
        const std::size_t size = text.find('\n');
        std::string_view line = text.substr(0, size);
        text.remove_prefix(size == std::string_view::npos ? text.size() : size + 1);
        if (line.ends_with('\r'))
            line.remove_suffix(1);
        line_reader reader(line);
        reader.skip_blanks();
        if (reader.at_end())
            continue;
        if (line_reader probe = reader; probe.take('#')) {
            read_comment(reader, page);
        } else if (!read_sample(reader, page)) {
            page.error = "line " + std::to_string(number) + " is not of the Prometheus text format";
            break;
        }
    }
    return page;
}

} // namespace beastmark::loadgen
