#include "loadgen/request_set.hpp"

#include "loadgen/arrival_random.hpp"

#include <zlib.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

namespace beastmark::loadgen {

namespace {

// So that which request it is has nothing to do with what its placeholders become.
constexpr std::uint64_t choice_stream = 0x63686f696365;

std::uint64_t of_2_64(double share) {
    return share >= 1 ? UINT64_MAX : static_cast<std::uint64_t>(std::ldexp(std::max(share, 0.0), 64));
}

template <class Number>
std::uint32_t crc_of(std::uint32_t crc, const std::vector<Number>& numbers) {
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): zlib's bytes are unsigned
    const auto* const bytes = reinterpret_cast<const Bytef*>(numbers.data());
    return numbers.empty() ? crc
                           : static_cast<std::uint32_t>(crc32_z(crc, bytes, numbers.size() * sizeof(Number)));
}

} // namespace

request_set::request_set(request_template only) {
    std::vector<request_template> one;
    one.push_back(std::move(only));
    take(std::move(one));
}

request_set::request_set(std::vector<named> several, std::uint64_t seed) : seed_(seed ^ choice_stream) {
    std::vector<double> weights;
    std::vector<request_template> requests;
    for (auto& each : several) {
        weights.push_back(each.weight);
        named_.push_back({std::move(each.name), each.expected});
        requests.push_back(std::move(each.request));
    }
    fill_columns(std::move(weights));
    take(std::move(requests));
}

request_set::request_set(std::vector<request_template> distinct,
                         std::shared_ptr<const std::vector<std::uint32_t>> which)
    : which_(std::move(which)) {
    take(std::move(distinct));
}

// Walker's method of aliases, as Vose has it: A linear algorithm for generating random numbers with a given
// distribution, IEEE Transactions on Software Engineering 17 (1991).
void request_set::fill_columns(std::vector<double> shares) {
    const auto sum = std::accumulate(shares.begin(), shares.end(), 0.0);
    for (auto& s : shares)
        s = s / sum * static_cast<double>(shares.size());
    columns_.resize(shares.size());
    std::vector<std::uint32_t> below;
    std::vector<std::uint32_t> above;
    for (std::uint32_t i = 0; i < shares.size(); ++i)
        (shares[i] < 1 ? below : above).push_back(i);
    while (!below.empty() && !above.empty()) {
        const auto small = below.back();
        const auto large = above.back();
        below.pop_back();
        columns_[small] = {of_2_64(shares[small]), large};
        shares[large] -= 1 - shares[small];
        if (shares[large] < 1) {
            above.pop_back();
            below.push_back(large);
        }
    }
    // What is left is 1 but for rounding: its own, whatever is drawn.
}

std::uint32_t request_set::choose(std::uint64_t arrival) const noexcept {
    if (which_)
        return (*which_)[arrival];
    arrival_random random(seed_, arrival);
    const auto drawn = arrival_random::scaled(random.next(), columns_.size());
    const auto own = static_cast<std::uint32_t>(drawn.whole);
    const auto& c = columns_[own];
    return drawn.rest < c.threshold || c.threshold == UINT64_MAX ? own : c.other;
}

void request_set::take(std::vector<request_template> requests) {
    size_ = requests.size();
    for (const auto& r : requests)
        if (!r.constant())
            max_size_ = std::max(max_size_, r.max_size());
    requests_ = std::make_shared<const std::vector<request_template>>(std::move(requests));
}

std::uint32_t request_set::checksum() const {
    std::uint32_t crc = 0;
    for (const auto& r : *requests_)
        crc = r.checksum(crc);
    for (const auto& c : columns_)
        crc = crc_of(crc, std::vector<std::uint64_t>{c.threshold, c.other});
    return which_ ? crc_of(crc, *which_) : crc;
}

} // namespace beastmark::loadgen
