#include "tests/support/metrics.hpp"

#include "tests/support/http_client.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <stdexcept>

namespace beastmark::testing {

namespace {

/// Reads one sample line from the left.
class line_reader {
public:
    explicit line_reader(std::string_view line) : line_(line), rest_(line) {}

    metric_sample sample() {
        metric_sample result;
        result.name = name();
        if (accept('{')) {
            while (!accept('}')) {
                const std::string key = name();
                expect('=');
                if (!result.labels.emplace(key, quoted()).second)
                    fail("the same label twice");
                if (!accept(','))
                    if (rest_.empty() || rest_.front() != '}')
                        fail("expected , or }");
            }
        }
        expect(' ');
        result.value = number();
        return result;
    }

private:
    [[noreturn]] void fail(const std::string& what) const {
        throw std::runtime_error("metrics: " + what + " in '" + std::string(line_) + "'");
    }

    bool accept(char c) {
        if (rest_.empty() || rest_.front() != c)
            return false;
        rest_.remove_prefix(1);
        return true;
    }

    void expect(char c) {
        if (!accept(c))
            fail(std::string("expected '") + c + "'");
    }

    std::string name() {
        const auto end = std::min(
            rest_.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_:"),
            rest_.size());
        if (end == 0 || (rest_.front() >= '0' && rest_.front() <= '9'))
            fail("expected a name");
        std::string result(rest_.substr(0, end));
        rest_.remove_prefix(end);
        return result;
    }

    std::string quoted() {
        std::string result;
        expect('"');
        while (!accept('"')) {
            if (rest_.empty())
                fail("unterminated label value");
            char c = rest_.front();
            rest_.remove_prefix(1);
            if (c == '\\') {
                if (rest_.empty() || std::string_view("\\\"n").find(rest_.front()) == std::string_view::npos)
                    fail("bad escape");
                c = rest_.front() == 'n' ? '\n' : rest_.front();
                rest_.remove_prefix(1);
            }
            result += c;
        }
        return result;
    }

    double number() {
        const std::string text(rest_);
        if (text == "+Inf" || text == "Inf")
            return HUGE_VAL;
        char* end = nullptr;
        const double value = std::strtod(text.c_str(), &end);
        if (text.empty() || *end != '\0')
            fail("expected a number (and no timestamp)");
        return value;
    }

    std::string_view line_;
    std::string_view rest_;
};

bool includes(const metric_labels& all, const metric_labels& some) {
    return std::all_of(some.begin(), some.end(), [&](const auto& label) {
        const auto found = all.find(label.first);
        return found != all.end() && found->second == label.second;
    });
}

} // namespace

metrics metrics::parse(std::string_view text) {
    metrics result;
    if (!text.ends_with('\n'))
        throw std::runtime_error("metrics: the last line has no newline");
    while (!text.empty()) {
        const auto end = text.find('\n');
        const std::string_view line = text.substr(0, end);
        text.remove_prefix(end + 1);
        constexpr std::string_view type = "# TYPE ";
        if (line.starts_with(type)) {
            const auto rest = line.substr(type.size());
            const auto space = rest.find(' ');
            if (space == rest.npos)
                throw std::runtime_error("metrics: '" + std::string(line) + "'");
            if (!result.types_.emplace(rest.substr(0, space), rest.substr(space + 1)).second)
                throw std::runtime_error("metrics: a second TYPE line: '" + std::string(line) + "'");
        } else if (!line.empty() && line.front() != '#') {
            result.samples_.push_back(line_reader(line).sample());
        }
    }
    return result;
}

metrics metrics::scrape(std::uint16_t port) {
    const auto response = fetch(port, "GET", "/metrics", {}, {"Connection: close"});
    if (response.status != 200 || !response.header("Content-Type").value_or("").starts_with("text/plain"))
        throw std::runtime_error("GET /metrics: " + std::to_string(response.status));
    return parse(response.body);
}

std::vector<metric_sample> metrics::find(std::string_view name, const metric_labels& labels) const {
    std::vector<metric_sample> found;
    std::copy_if(
        samples_.begin(), samples_.end(), std::back_inserter(found),
        [&](const metric_sample& sample) { return sample.name == name && includes(sample.labels, labels); });
    return found;
}

std::optional<double> metrics::sum(std::string_view name, const metric_labels& labels) const {
    const auto found = find(name, labels);
    if (found.empty())
        return std::nullopt;
    double total = 0;
    for (const auto& sample : found)
        total += sample.value;
    return total;
}

} // namespace beastmark::testing
