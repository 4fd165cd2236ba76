// Where threads hand over what they counted: once a second, by exchanging a full block for an empty one.
#pragma once

#include "loadgen/dispatcher.hpp"
#include "loadgen/evidence.hpp"
#include "loadgen/tally.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace beastmark::loadgen {

/// One thread's counts of one target for one second of the run.
struct report_block {
    std::size_t target = 0;
    std::size_t row = 0; // the second of the run, from 0
    run_time ends{};     // when that row ends: a whole second, or the run's last moment
    bool last = false;   // this thread has nothing more to say about this target
    std::uint64_t in_flight = 0;
    std::uint64_t connections = 0;
    std::uint64_t waiting = 0;
    thread_evidence evidence;
    std::unique_ptr<interval> counts;
};

/// Thread-safe. Touched once a second by each worker, never for a request.
class mailbox {
public:
    void submit(report_block block) {
        const std::lock_guard lock(mutex_);
        full_.push_back(std::move(block));
    }

    /// Everything submitted since the last call.
    std::vector<report_block> collect() {
        const std::lock_guard lock(mutex_);
        return std::exchange(full_, {});
    }

    /// An empty block to count into: a returned one, where there is one.
    std::unique_ptr<interval> empty() {
        {
            const std::lock_guard lock(mutex_);
            if (!spare_.empty()) {
                auto block = std::move(spare_.back());
                spare_.pop_back();
                return block;
            }
        }
        return std::make_unique<interval>();
    }

    /// Gives a read block back for reuse.
    void recycle(std::unique_ptr<interval> block) {
        block->reset();
        const std::lock_guard lock(mutex_);
        spare_.push_back(std::move(block));
    }

private:
    std::mutex mutex_;
    std::vector<report_block> full_;
    std::vector<std::unique_ptr<interval>> spare_;
};

} // namespace beastmark::loadgen
