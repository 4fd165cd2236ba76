#include "common/log.hpp"

#include "common/json.hpp"

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <memory>

namespace beastmark {

namespace {

// %j: the message as a JSON string. A pattern alone would not escape it.
class json_message final : public spdlog::custom_flag_formatter {
public:
    void format(const spdlog::details::log_msg& said, const std::tm& /*when*/,
                spdlog::memory_buf_t& line) override {
        text_.clear();
        append_json_string(text_, {said.payload.data(), said.payload.size()});
        line.append(text_.data(), text_.data() + text_.size());
    }

    [[nodiscard]] std::unique_ptr<custom_flag_formatter> clone() const override {
        return std::make_unique<json_message>();
    }

private:
    std::string text_;
};

std::unique_ptr<spdlog::formatter> make_formatter(const std::string& format) {
    auto made = std::make_unique<spdlog::pattern_formatter>(spdlog::pattern_time_type::utc);
    if (format == "json") {
        made->add_flag<json_message>('j').set_pattern(
            R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l","message":%j})");
    } else {
        made->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %l %v");
    }
    return made;
}

} // namespace

const std::vector<std::string>& log_levels() {
    static const std::vector<std::string> levels{"debug", "info", "warning", "error", "off"};
    return levels;
}

const std::vector<std::string>& log_formats() {
    static const std::vector<std::string> formats{"text", "json"};
    return formats;
}

void init_logging(const std::string& level, const std::string& format) {
    auto logger =
        std::make_shared<spdlog::logger>("beastmark", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    logger->set_formatter(make_formatter(format));
    logger->set_level(spdlog::level::from_str(level));
    logger->flush_on(spdlog::level::debug);
    spdlog::set_default_logger(std::move(logger));
}

} // namespace beastmark
