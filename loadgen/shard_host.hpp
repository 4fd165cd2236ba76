// Shard 0: hands out the start, collects what the others counted, and serves the result of all.
#pragma once

#include "loadgen/shard_group.hpp"
#include "loadgen/shard_merge.hpp"

#include <nlohmann/json.hpp>

#include <memory>
#include <string>
#include <vector>

namespace beastmark::loadgen {

class shard_host final : public shard_group {
public:
    shard_host(const plan& what, const run_options& options, metrics_endpoint& endpoint);

    steady_time agree_on_start() override;

    [[nodiscard]] clock_skew skew() const override { return {}; } // its clock is the measure

    int finish(const run_record& record, int own_exit_code) override;

    [[nodiscard]] bool fetched() const override;

private:
    struct meeting; // what the endpoint's thread and the run's share

    void collect(steady_time deadline);
    void publish(const std::string& folder);

    metrics_endpoint& endpoint_;
    std::uint64_t of_;
    std::chrono::nanoseconds timeout_; // waits for so long: for who joins, and for who hands over
    std::string output_;
    std::vector<std::string> argv_;
    std::shared_ptr<meeting> meeting_;
    steady_time start_{};
};

} // namespace beastmark::loadgen
