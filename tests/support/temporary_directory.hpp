// A directory under /tmp that goes away with its owner.
#pragma once

#include <filesystem>

namespace beastmark::testing {

/// Creates /tmp/beastmark-XXXXXX (short, so that a unix socket's path fits in it), open to other users for
/// reading. Removed by the destructor; what a killed test left behind is removed by the next test that
/// creates one: the owner holds a lock for as long as it lives, so that a directory in use is never touched.
class temporary_directory {
public:
    temporary_directory();
    ~temporary_directory();
    temporary_directory(const temporary_directory&) = delete;
    temporary_directory& operator=(const temporary_directory&) = delete;

    const std::filesystem::path& path() const noexcept { return path_; }

private:
    std::filesystem::path path_;
    int lock_ = -1;
};

} // namespace beastmark::testing
