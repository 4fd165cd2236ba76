#include "tests/support/temporary_directory.hpp"

#include <cerrno>
#include <chrono>
#include <string>
#include <system_error>

#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace beastmark::testing {

namespace {

namespace fs = std::filesystem;

constexpr const char* prefix = "beastmark-";
constexpr const char* lock_name = "lock";

int open_lock(const fs::path& directory, int flags) {
    return ::open((directory / lock_name).c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW | flags, 0600);
}

/// A minute of grace: between mkdtemp and flock a directory of another test looks abandoned.
bool older_than_a_minute(const fs::path& directory) {
    std::error_code error;
    const auto written = fs::last_write_time(directory, error);
    return !error && fs::file_time_type::clock::now() - written > std::chrono::minutes(1);
}

void remove_abandoned() {
    std::error_code error;
    for (const auto& entry : fs::directory_iterator("/tmp", error)) {
        if (!entry.path().filename().string().starts_with(prefix) || !older_than_a_minute(entry.path()))
            continue;
        const int lock = open_lock(entry.path(), 0);
        if (lock < 0)
            continue;
        if (::flock(lock, LOCK_EX | LOCK_NB) == 0)
            fs::remove_all(entry.path(), error);
        ::close(lock);
    }
}

} // namespace

temporary_directory::temporary_directory() {
    remove_abandoned();
    std::string name = std::string("/tmp/") + prefix + "XXXXXX";
    if (::mkdtemp(name.data()) == nullptr || ::chmod(name.c_str(), 0755) != 0)
        throw std::system_error(errno, std::generic_category(), "mkdtemp " + name);
    path_ = name;
    lock_ = open_lock(path_, O_CREAT);
    if (lock_ < 0 || ::flock(lock_, LOCK_EX | LOCK_NB) != 0)
        throw std::system_error(errno, std::generic_category(), "lock in " + name);
}

temporary_directory::~temporary_directory() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
    ::close(lock_);
}

} // namespace beastmark::testing
