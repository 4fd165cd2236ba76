#include "ingest/link_log.hpp"

#include <spdlog/spdlog.h>

#include <utility>

namespace beastmark::ingest {

link_log::link_log(std::string name, std::string backend, std::size_t links)
    : name_(std::move(name)), backend_(std::move(backend)), links_(links) {}

void link_log::up(bool again) {
    const std::lock_guard lock(mutex_);
    if (++up_ > 1)
        return;
    logged_reason_.clear();
    if (!name_.empty() && std::exchange(back_is_news_, false))
        spdlog::info("{}: {}{}{}", name_, again ? "" : "connected to ", backend_, again ? " is back" : "");
}

void link_log::lost(bool was_up, std::string_view reason) {
    const std::lock_guard lock(mutex_);
    if (was_up)
        --up_;
    if (name_.empty())
        return;
    if (was_up && up_ == 0 && may_log(next_backend_loss_logged_)) {
        spdlog::warn("{}: lost {}: {}", name_, backend_, reason);
        back_is_news_ = true;
    } else if (was_up && up_ > 0 && may_log(next_loss_logged_)) {
        spdlog::warn("{}: lost a connection, {} of {} are left: {}", name_, up_, links_, reason);
    } else if (!was_up && reason != logged_reason_ && may_log(next_failure_logged_)) {
        spdlog::warn("{}: cannot connect, trying again: {}", name_, reason);
        logged_reason_ = reason;
        back_is_news_ = back_is_news_ || up_ == 0;
    }
}

void link_log::refused(std::string_view code, std::string_view message) {
    const std::lock_guard lock(mutex_);
    if (!name_.empty() && may_log(next_refusal_logged_))
        spdlog::warn("{}: {} refused a statement (SQLSTATE {}, told once a second): {}", name_, backend_,
                     code, message);
}

bool link_log::may_log(clock::time_point& next) noexcept {
    const auto now = clock::now();
    if (now < next)
        return false;
    next = now + std::chrono::seconds(1);
    return true;
}

} // namespace beastmark::ingest
