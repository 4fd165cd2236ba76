// Owns what the kernel names by a number.
#pragma once

#include <cerrno>
#include <system_error>

#include <unistd.h>

namespace beastmark {

/// A file descriptor that is closed with its owner.
class descriptor {
public:
    /// Throws std::system_error that says `what` failed when `number` is -1: the error is errno's.
    descriptor(int number, const char* what) : number_(number) {
        if (number_ < 0)
            throw std::system_error(errno, std::generic_category(), what);
    }

    descriptor(const descriptor&) = delete;
    descriptor& operator=(const descriptor&) = delete;

    ~descriptor() { ::close(number_); }

    [[nodiscard]] int get() const noexcept { return number_; }

private:
    int number_;
};

} // namespace beastmark
