// What loadgen sees of everything but the load: CPU and memory of processes (--watch), Prometheus endpoints
// (--scrape). One thread of its own, with a lower priority than the load's; a slow or dead endpoint costs a
// gap in its own columns and nothing else.
#pragma once

#include "loadgen/scrape.hpp"
#include "loadgen/watch.hpp"

#include <nlohmann/json_fwd.hpp>

#include <chrono>
#include <memory>
#include <vector>

namespace beastmark::loadgen {

class observer {
public:
    /// Checks that the processes exist and resolves the endpoints. loadgen itself is always watched, under
    /// the name "loadgen". Throws std::runtime_error with one clear line: a name twice, no such process, a
    /// host that does not resolve.
    observer(std::vector<watch_spec> watches, std::vector<scrape_spec> scrapes);

    /// Stops, if it runs.
    ~observer();

    /// Starts the thread: a baseline at `t0` (the first scheduled arrival; may be in the future), then a
    /// sample at each whole second after it. Once only.
    void start(std::chrono::steady_clock::time_point t0);

    /// Takes a last sample when more than half a second went by since the one before, waits for scrapes under
    /// way (0.9 s at most) and joins the thread. May be called again, or without start().
    void stop();

    /// `watched`, `scraped` and `manifest.placement` of docs/result.md. Only after stop().
    nlohmann::json watched() const;
    nlohmann::json scraped() const;
    nlohmann::json placement() const;

private:
    class loop;
    std::unique_ptr<loop> loop_;
};

} // namespace beastmark::loadgen
