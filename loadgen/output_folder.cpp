#include "loadgen/output_folder.hpp"

#include "common/histogram_encoding.hpp"
#include "loadgen/exit_codes.hpp"
#include "loadgen/report.hpp"
#include "loadgen/shard_file.hpp"
#include "loadgen/tell.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <system_error>

#include <unistd.h>

namespace beastmark::loadgen {

namespace {

// A device, a pipe, or what the shell opened: what has it open, or a link to it, is not to be replaced.
bool is_written_in_place(const std::filesystem::path& path) {
    std::error_code ignored;
    const auto what = std::filesystem::status(path, ignored);
    const bool is_descriptor =
        path == "/dev/stdout" || path == "/dev/stderr" || path.parent_path() == "/dev/fd";
    return is_descriptor || (std::filesystem::exists(what) && !std::filesystem::is_regular_file(what));
}

void write_in_place(const std::filesystem::path& path, std::string_view content) {
    std::fflush(stdout); // what was shown before comes before
    std::ofstream file(path, std::ios::binary | std::ios::app);
    file.write(content.data(), static_cast<std::streamsize>(content.size()));
    file.close();
    if (!file)
        throw std::runtime_error(fmt::format("cannot write {}: {}", path.string(), std::strerror(errno)));
}

} // namespace

void write_file(const std::filesystem::path& given, std::string_view content) {
    if (is_written_in_place(given))
        return write_in_place(given, content);
    const auto path = std::filesystem::is_symlink(given) ? std::filesystem::weakly_canonical(given) : given;
    auto temporary = path;
    temporary += fmt::format(".{}.tmp", getpid());
    std::ofstream file(temporary, std::ios::binary);
    file.write(content.data(), static_cast<std::streamsize>(content.size()));
    file.close();
    std::error_code code;
    if (file)
        std::filesystem::rename(temporary, path, code);
    if (!file || code) {
        const auto why = code ? code.message() : std::string(std::strerror(errno));
        std::filesystem::remove(temporary, code);
        throw std::runtime_error(fmt::format("cannot write {}: {}", path.string(), why));
    }
}

std::string read_file(const std::filesystem::path& path) {
    if (std::filesystem::is_directory(path)) // opens, and cannot be read
        throw std::runtime_error(fmt::format("cannot read {}: it is a folder", path.string()));
    std::ifstream file(path, std::ios::binary);
    std::string content{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    if (!file)
        throw std::runtime_error(fmt::format("cannot read {}: {}", path.string(), std::strerror(errno)));
    return content;
}

void require_folder(const std::string& folder) {
    std::error_code code;
    std::filesystem::create_directories(folder, code);
    if (code)
        throw std::runtime_error(fmt::format("cannot make the folder {}: {}", folder, code.message()));
}

void require_folder_of(std::string_view option, const std::filesystem::path& file) {
    const auto folder = file.has_parent_path() ? file.parent_path() : std::filesystem::path(".");
    if (!file.empty() && !std::filesystem::is_directory(folder))
        throw std::runtime_error(
            fmt::format("{} {}: there is no folder {}", option, file.string(), folder.string()));
}

void remove_results(const std::filesystem::path& folder, const run_record& record) {
    std::error_code ignored;
    for (const auto* const name : {"result.json", "report.html", shard_file_name})
        std::filesystem::remove(folder / name, ignored);
    for (const auto& t : record.what.targets)
        std::filesystem::remove(folder / (t.name + ".hgrm"), ignored);
}

void write_results(const std::filesystem::path& folder, const std::string& title, const run_record& record,
                   const nlohmann::json& result) {
    write_file(folder / "result.json",
               result.dump(1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
    write_file(folder / "report.html", render_report(std::span(&result, 1), {.title = title}));
    const auto* const note =
        record.what.arrivals.closed_loop() ? "#[Closed loop: coordinated, understates]\n" : "";
    for (std::size_t i = 0; i < record.targets.size(); ++i)
        write_file(folder / (record.what.targets[i].name + ".hgrm"),
                   percentile_distribution(record.targets[i].total().times.response) + note);
    show("\nwritten: {}  {}\n", (folder / "result.json").string(), (folder / "report.html").string());
}

int exit_code_of(const run_record& record, std::span<const slo_result> objectives, bool all_shards) {
    if (record.signal != 0)
        return 128 + record.signal;
    if (!all_shards)
        return exits::shards_missing;
    if (!record.believable())
        return exits::not_to_be_believed;
    const auto kept = std::all_of(objectives.begin(), objectives.end(), [](const auto& r) { return r.pass; });
    return kept ? 0 : exits::objective_missed;
}

} // namespace beastmark::loadgen
