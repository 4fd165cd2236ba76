// Several shards of a test as one run: what each counted in a second is put together as if it had been
// counted by threads of one process, and judged and summed up by the same code. Exact: the counts and
// histograms are those of one process that had sent all of it; in whichever order and grouping shards are
// merged.
#pragma once

#include "loadgen/run.hpp"
#include "loadgen/run_options.hpp"
#include "loadgen/shard_file.hpp"
#include "loadgen/shard_second.hpp"

#include <nlohmann/json.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace beastmark::loadgen {

struct merged_run {
    run_record record;
    run_options options;
    std::uint64_t of = 1;
    std::vector<shard_facts> shards; // those that are there, by index
    std::string text;                // a shard.ndjson of all of them, which can be merged again

    /// Every shard is there and came to its end.
    [[nodiscard]] bool complete() const;

    /// The shard, or null.
    [[nodiscard]] const shard_facts* find(std::uint64_t index) const;

    /// Arrivals of a shard's share up to the run's end, the warm-up left out, that it did not offer to a
    /// target. A closed loop has none.
    [[nodiscard]] std::uint64_t not_offered(std::uint64_t index, std::size_t target) const;
};

class shard_merge {
public:
    /// Of any test, which is then that of the first shard; or of that of test_json().
    shard_merge();
    explicit shard_merge(nlohmann::json test);
    ~shard_merge();
    shard_merge(const shard_merge&) = delete;
    shard_merge& operator=(const shard_merge&) = delete;

    /// Takes the content of a shard.ndjson. A line that was cut off at its end is left out. Throws
    /// std::runtime_error with one clear line that begins with `name`, and takes nothing, when it is no such
    /// file or damaged, of another test, of another number of shards, of a shard that is there, or not of the
    /// shard `only` alone.
    void add(const std::string& name, std::string text, std::optional<std::uint64_t> only = {});

    /// What is there, as one run. At least one was added. `tell.started` and `tell.row_closed` are called, as
    /// by run(). Throws std::runtime_error with one clear line.
    merged_run finish(const run_observer& tell = {}) const;

private:
    struct input;

    void require_same_test(const nlohmann::json& test) const;
    void require_new(const input& other) const;
    [[nodiscard]] std::vector<shard_facts> facts() const;
    [[nodiscard]] run_record prepare(const std::vector<shard_facts>& shards) const;
    [[nodiscard]] shard_second sum_of(std::size_t row, std::size_t target) const;
    void replay(merged_run& into, const run_observer& tell) const;

    nlohmann::json test_; // null: not known yet
    std::string test_of_; // for messages
    std::vector<std::unique_ptr<input>> inputs_;
};

} // namespace beastmark::loadgen
