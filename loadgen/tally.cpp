#include "loadgen/tally.hpp"

#include "common/error_category.hpp"

#include <algorithm>
#include <deque>
#include <mutex>
#include <numeric>
#include <utility>

namespace beastmark::loadgen {

namespace {

class told_texts {
public:
    int value_of(std::string_view text) {
        constexpr std::size_t longest = 200;
        constexpr std::size_t most = 1000;
        const std::lock_guard lock(mutex_);
        text = text.substr(0, longest);
        auto known = std::find(texts_.begin(), texts_.end(), text);
        if (known == texts_.end()) {
            if (texts_.size() >= most)
                return 1;
            known = texts_.insert(texts_.end(), std::string(text));
        }
        return static_cast<int>(known - texts_.begin()) + 1; // 0 would be no error
    }

    const char* text_of(int value) {
        const std::lock_guard lock(mutex_);
        return texts_.at(static_cast<std::size_t>(value - 1)).c_str();
    }

private:
    std::mutex mutex_;
    std::deque<std::string> texts_{"other"}; // which stay where they are
};

told_texts& told() {
    static told_texts texts;
    return texts;
}

} // namespace

boost::system::error_code told_error(std::string_view text) {
    static constexpr described_category category("told", [](int value) { return told().text_of(value); });
    return {told().value_of(text), category};
}

std::string describe(phase where, const boost::system::error_code& code) {
    constexpr std::array<const char*, phase_count> names{"connect", "send", "read", "parse", "tls"};
    return std::string(names[static_cast<std::size_t>(where)]) + ": " + code.message();
}

std::uint64_t tally::settled() const noexcept {
    return std::accumulate(outcomes.begin(), outcomes.end(), std::uint64_t{0});
}

std::optional<double> tally::availability() const noexcept {
    const auto ended_after_sending =
        completed + of(outcome::timeout) + of(outcome::reset) + of(outcome::protocol_error);
    const auto judged = offered - (sent - ended_after_sending);
    if (judged == 0)
        return std::nullopt;
    return static_cast<double>(of(outcome::ok)) / static_cast<double>(judged);
}

void tally::add_error(phase where, const boost::system::error_code& code, std::uint64_t n) {
    const auto known = std::find_if(errors.begin(), errors.end(),
                                    [&](const error_count& e) { return e.where == where && e.code == code; });
    if (known != errors.end())
        known->count += n;
    else
        errors.push_back({where, code, n});
}

void tally::merge(const tally& other) {
    offered += other.offered;
    sent += other.sent;
    completed += other.completed;
    skipped_late += other.skipped_late;
    bytes_in += other.bytes_in;
    bytes_out += other.bytes_out;
    for (std::size_t i = 0; i < outcome_count; ++i)
        outcomes[i] += other.outcomes[i];
    for (std::size_t i = 0; i < status_count; ++i)
        statuses[i] += other.statuses[i];
    for (std::size_t i = 0; i < status_count; ++i)
        wrong_bodies[i] += other.wrong_bodies[i];
    for (const auto& e : other.errors)
        add_error(e.where, e.code, e.count);
}

void tally::reset() noexcept {
    offered = sent = completed = skipped_late = bytes_in = bytes_out = 0;
    outcomes.fill(0);
    statuses.fill(0);
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
    }
}

void interval::reset() noexcept {
    for (std::size_t i = 0; i < used_; ++i) {
        slices_[i]->ok_in_time = 0;
        slices_[i]->counts.reset();
        slices_[i]->times.reset();
    }
    used_ = 0;
}

} // namespace beastmark::loadgen
