#include "server/workspace.hpp"

#include <utility>

namespace beastmark::server {

namespace {

// One that had to hold more is not kept.
constexpr std::size_t most_spare_bytes = 128 * 1024;

} // namespace

std::unique_ptr<workspace> workspace_pool::borrow() {
    if (spare_.empty()) {
        spare_.reserve(most_spare); // so that giving back never allocates
        return std::make_unique<workspace>(input_bytes_);
    }
    auto lent = std::move(spare_.back());
    spare_.pop_back();
    return lent;
}

void workspace_pool::give_back(std::unique_ptr<workspace> unused) {
    if (spare_.size() < most_spare &&
        unused->body.capacity() + unused->output.capacity() <= most_spare_bytes) {
        unused->begin = unused->end = 0;
        spare_.push_back(std::move(unused));
    }
}

} // namespace beastmark::server
