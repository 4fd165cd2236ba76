#include "ingest/postgres/lifeline.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>

namespace beastmark::postgres {

void lifeline::hold(int socket) {
    const std::lock_guard lock(mutex_);
    copy_.emplace(::fcntl(socket, F_DUPFD_CLOEXEC, 0), "duplicating a socket's descriptor");
    if (cut_)
        shut_down();
}

void lifeline::let_go() {
    const std::lock_guard lock(mutex_);
    copy_.reset();
    began_.reset();
}

void lifeline::begin(clock::time_point now) {
    const std::lock_guard lock(mutex_);
    began_ = now;
}

void lifeline::end() {
    const std::lock_guard lock(mutex_);
    began_.reset();
}

// Without the lock: only the thread that calls this changes the copy.
bool lifeline::has_news() const {
    if (!copy_)
        return false;
    pollfd asked{.fd = copy_->get(), .events = POLLIN, .revents = 0};
    return ::poll(&asked, 1, 0) != 0;
}

void lifeline::cut_older_than(clock::time_point limit) {
    const std::lock_guard lock(mutex_);
    if (began_ && *began_ < limit)
        shut_down();
}

void lifeline::cut() {
    const std::lock_guard lock(mutex_);
    cut_ = true;
    shut_down();
}

void lifeline::shut_down() noexcept {
    if (copy_)
        ::shutdown(copy_->get(), SHUT_RDWR);
}

} // namespace beastmark::postgres
