#include "ingest/blocking/connect_turns.hpp"

#include <chrono>

namespace beastmark::ingest {

bool connect_turns::await() {
    std::unique_lock lock(mutex_);
    while (!stopped_ && !pacing_.may_begin(clock::now())) {
        const auto turn = pacing_.next_turn();
        if (turn == clock::time_point::max())
            changed_.wait(lock); // until something has changed
        else
            changed_.wait_until(lock, turn);
    }
    if (!stopped_)
        pacing_.began(clock::now());
    return !stopped_;
}

// Its own turn is free again, and there may be one more: two wait no longer, and not all of several hundred.
void connect_turns::succeeded() {
    {
        const std::lock_guard lock(mutex_);
        pacing_.succeeded(clock::now());
    }
    changed_.notify_one();
    changed_.notify_one();
}

bool connect_turns::failed(bool full) {
    bool none = false;
    {
        const std::lock_guard lock(mutex_);
        refused_ += full ? 1 : 0;
        pacing_.failed(clock::now(), full);
        none = pacing_.connected() == 0;
    }
    changed_.notify_one();
    return none;
}

void connect_turns::lost() {
    {
        const std::lock_guard lock(mutex_);
        pacing_.lost(clock::now());
    }
    changed_.notify_one();
}

bool connect_turns::give_place() {
    const std::lock_guard lock(mutex_);
    const auto now = clock::now();
    const bool wanted = pacing_.answer_wanted(now);
    if (wanted)
        pacing_.gave_up(now);
    return wanted;
}

std::uint64_t connect_turns::refused() const {
    const std::lock_guard lock(mutex_);
    return refused_;
}

void connect_turns::stop() {
    {
        const std::lock_guard lock(mutex_);
        stopped_ = true;
    }
    changed_.notify_all();
}

} // namespace beastmark::ingest
