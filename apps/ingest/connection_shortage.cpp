#include "ingest/connection_shortage.hpp"

#include "ingest/ingest_metrics.hpp"

#include <spdlog/spdlog.h>

#include <utility>

namespace beastmark::ingest {

void connection_shortage::tick() {
    if (const auto line = look(metrics_.connected(), metrics_.refused()); !line.empty()) {
        spdlog::log(told_ ? spdlog::level::warn : spdlog::level::info, "postgresql: {}", line);
    }
}

std::string connection_shortage::look(std::size_t connected, std::uint64_t refused) {
    const bool connected_moved = std::exchange(connected_, connected) != connected;
    const bool refused_moved = std::exchange(refused_, refused) != refused;
    if (connected_moved || refused_moved) {
        return {};
    }
    if (connected >= asked_) {
        return std::exchange(told_, std::nullopt)
                   ? "the database gives all " + std::to_string(asked_) + " connections now"
                   : std::string();
    }
    // None at all is no smaller pool: the pools tell why they cannot connect.
    if (connected == 0 || refused == refused_when_told_) {
        return {};
    }
    refused_when_told_ = refused;
    if (std::exchange(told_, connected) == connected) {
        return {};
    }
    return "the database gives " + std::to_string(connected) + " of the " + std::to_string(asked_) +
           " connections that --pool asks for (max_connections?): going on with those";
}

} // namespace beastmark::ingest
