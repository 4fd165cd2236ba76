// timeline.ndjson and timeline.csv: each second as it closes, with its histograms, so that a run can be cut
// anew afterwards, and what was measured is there when the run is killed.
#pragma once

#include "loadgen/run.hpp"

#include <filesystem>
#include <fstream>

namespace beastmark::loadgen {

class timeline {
public:
    /// Makes the files; the first line of each says what the others hold. docs/result.md has both. Throws
    /// std::runtime_error with one clear line.
    timeline(const std::filesystem::path& folder, const run_record& record);

    /// The last row of a target, with what was recorded during it. Whether it could be written is known after
    /// close().
    void add(const run_record& record, std::size_t target_index, const latencies& times);

    /// Throws std::runtime_error with one clear line when something could not be written: a full disk.
    void close();

private:
    std::filesystem::path ndjson_path_;
    std::filesystem::path csv_path_;
    std::ofstream ndjson_;
    std::ofstream csv_;
};

} // namespace beastmark::loadgen
