// A shard but shard 0: joins it, and hands it what was counted.
#pragma once

#include "loadgen/shard_group.hpp"

#include <string>

namespace beastmark::loadgen {

class shard_guest final : public shard_group {
public:
    shard_guest(const plan& what, const run_options& options);

    steady_time agree_on_start() override;

    [[nodiscard]] clock_skew skew() const override;

    int finish(const run_record& record, int own_exit_code) override;

    [[nodiscard]] bool fetched() const override { return false; } // only scrapes come here

private:
    [[nodiscard]] bool ask(const std::string& request, steady_time now);

    barrier_options barrier_;
    std::string output_;
    join_request request_;
    clock_estimate clocks_;
    steady_time heard_{}; // of shard 0
    std::string trouble_; // why not, the last time
};

} // namespace beastmark::loadgen
