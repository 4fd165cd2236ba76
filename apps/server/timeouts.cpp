#include "server/timeouts.hpp"

namespace beastmark::server {

void timeouts::arm(timeout_node& node, timeout_kind kind, clock::time_point now) {
    const auto index = static_cast<std::size_t>(kind);
    node.unlink();
    node.deadline_ = now + lengths_[index];
    armed_[index].push_back(node);
}

void timeouts::expire(clock::time_point now) {
    for (std::size_t index = 0; index < timeout_kind_count; ++index) {
        list due; // apart, so that one that arms itself again waits for the next call
        while (!armed_[index].empty() && armed_[index].front().deadline_ <= now) {
            due.splice(due.end(), armed_[index], armed_[index].begin());
        }
        while (!due.empty()) {
            timeout_node& node = due.front();
            node.unlink();
            node.on_timeout(static_cast<timeout_kind>(index));
        }
    }
}

} // namespace beastmark::server
