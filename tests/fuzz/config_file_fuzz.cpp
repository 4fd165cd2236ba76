// A file for --config: what is accepted are options of the command, what is refused is told with its line.
#include "loadgen/command_line.hpp"
#include "loadgen/settings/config_file.hpp"

#include <cstdint>
#include <cstdlib>
#include <stdexcept>
#include <string_view>

namespace {

void require(bool holds) {
    if (!holds) {
        std::abort();
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    namespace settings = beastmark::loadgen::settings;
    static const beastmark::loadgen::command_line line;
    const auto& command = *line.run_app;
    try {
        for (const auto& each :
             settings::parse_config({reinterpret_cast<const char*>(data), size}, "f.toml", command)) {
            const auto* const option = settings::find(command, each.key);
            require(option != nullptr);
            require(each.texts.size() == 1 || settings::is_repeatable(*option));
            require(each.where.starts_with("f.toml, line "));
        }
    } catch (const std::invalid_argument& wrong) {
        require(std::string_view(wrong.what()).starts_with("f.toml, line "));
    }
    return 0;
}
