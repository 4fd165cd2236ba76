#include "loadgen/tally.hpp"

#include <algorithm>
#include <numeric>

namespace beastmark::loadgen {

std::uint64_t tally::settled() const noexcept {
    return std::accumulate(outcomes.begin(), outcomes.end(), std::uint64_t{0});
}

std::optional<double> tally::availability() const noexcept {
    const auto ended_after_sending =
        completed + not_connected + of(outcome::timeout) + of(outcome::reset) + of(outcome::protocol_error);
    const auto judged = offered - (sent - ended_after_sending);
    if (judged == 0)
        return std::nullopt;
    return static_cast<double>(of(outcome::ok)) / static_cast<double>(judged);
}

void tally::add_error(phase where, const boost::system::error_code& code, std::uint64_t n) {
    loadgen::add_error(errors, where, code, n);
}

void tally::merge(const tally& other) {
    offered += other.offered;
    sent += other.sent;
    not_connected += other.not_connected;
    completed += other.completed;
    skipped_late += other.skipped_late;
    bytes_in += other.bytes_in;
    bytes_out += other.bytes_out;
    for (std::size_t i = 0; i < outcome_count; ++i)
        outcomes[i] += other.outcomes[i];
    for (std::size_t i = 0; i < status_count; ++i)
        statuses[i] += other.statuses[i];
    for (std::size_t i = 0; i < status_count; ++i)
        good_statuses[i] += other.good_statuses[i];
    for (std::size_t i = 0; i < status_count; ++i)
        wrong_bodies[i] += other.wrong_bodies[i];
    for (const auto& e : other.errors)
        add_error(e.where, e.code, e.count);
}

void tally::reset() noexcept {
    offered = sent = not_connected = completed = skipped_late = bytes_in = bytes_out = 0;
    outcomes.fill(0);
    statuses.fill(0);
    good_statuses.fill(0);
    wrong_bodies.fill(0);
    errors.clear(); // keeps its memory
}

void latencies::merge(const latencies& other) noexcept {
    for (const auto& kind : latency_kinds)
        (this->*kind.member).merge(other.*kind.member);
}

void latencies::reset() noexcept {
    for (const auto& kind : latency_kinds)
        (this->*kind.member).reset();
}

slice& interval::of(std::size_t segment) {
    // Newest first: nearly every request belongs to the current stage.
    for (auto i = used_; i-- > 0;)
        if (slices_[i]->segment == segment)
            return *slices_[i];
    if (used_ == slices_.size())
        slices_.push_back(std::make_unique<slice>());
    auto& fresh = *slices_[used_++];
    fresh.segment = segment;
    return fresh;
}

void interval::merge(const interval& other) {
    for (std::size_t i = 0; i < other.size(); ++i) {
        auto& into = of(other[i].segment);
        into.ok_in_time += other[i].ok_in_time;
        into.counts.merge(other[i].counts);
        into.times.merge(other[i].times);
        into.addresses.merge(other[i].addresses);
        into.requests.merge(other[i].requests);
    }
}

void interval::reset() noexcept {
    for (std::size_t i = 0; i < used_; ++i) {
        slices_[i]->ok_in_time = 0;
        slices_[i]->counts.reset();
        slices_[i]->times.reset();
        slices_[i]->addresses.reset();
        slices_[i]->requests.reset();
    }
    used_ = 0;
}

} // namespace beastmark::loadgen
