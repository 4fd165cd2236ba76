// --dns-ttl: the names of the targets are looked up again while the run goes on. On the loop of one load
// thread, which never waits for an answer: common/name_lookup asks in a thread of its own.
#pragma once

#include "common/event_loop.hpp"
#include "common/name_lookup.hpp"
#include "loadgen/plan.hpp"
#include "loadgen/resolved_name.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace beastmark::loadgen {

class name_refresh {
public:
    struct listener {
        std::function<void(std::size_t target, const resolved_name::endpoints&)> changed;
        std::function<void(std::size_t target, const std::string& why)> failed; // once for each target
    };

    /// Targets whose URL holds an address are left out. Both must outlive this.
    name_refresh(event_loop& loop, const plan& what, listener tell);
    ~name_refresh();
    name_refresh(const name_refresh&) = delete;
    name_refresh& operator=(const name_refresh&) = delete;

    /// Looks up each name when its time to live is over, then that long after each answer.
    void start();

private:
    struct name;

    std::chrono::nanoseconds ttl_;
    listener tell_;
    std::vector<std::unique_ptr<name>> names_;
};

} // namespace beastmark::loadgen
