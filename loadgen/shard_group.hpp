// The shards of a test with --barrier: they begin together, and shard 0 makes one result of what all counted.
#pragma once

#include "loadgen/metrics_endpoint.hpp"
#include "loadgen/run.hpp"
#include "loadgen/run_options.hpp"
#include "loadgen/shard_file.hpp"
#include "loadgen/start_barrier.hpp"

#include <memory>
#include <optional>
#include <stdexcept>

namespace beastmark::loadgen {

/// The test goes on, or ended, without shards that it needed: exit code 5.
class shards_missing : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

class shard_group {
public:
    virtual ~shard_group() = default;
    shard_group(const shard_group&) = delete;
    shard_group& operator=(const shard_group&) = delete;

    /// Blocks until the common start is known. Throws shards_missing, or std::runtime_error when shard 0
    /// refuses this one; one clear line.
    virtual steady_time agree_on_start() = 0;

    /// Once it is agreed.
    [[nodiscard]] virtual clock_skew skew() const = 0;

    /// After shard.ndjson is complete: hands it on or puts all together. Returns the exit code: of shard 0
    /// that of the whole test, else `own_exit_code`. Throws as agree_on_start().
    virtual int finish(const run_record& record, int own_exit_code) = 0;

    /// Everything was fetched that somebody may come for.
    [[nodiscard]] virtual bool fetched() const = 0;

protected:
    shard_group() = default;
};

/// For a run with --barrier. The endpoint, of shard 0 alone, has to outlive it; it answers the other shards
/// from now on.
std::unique_ptr<shard_group> make_shard_group(const plan& what, const run_options& options,
                                              metrics_endpoint* endpoint);

} // namespace beastmark::loadgen
