#include "loadgen/connection_demand.hpp"

#include <algorithm>
#include <cmath>

namespace beastmark::loadgen {

namespace {

constexpr double memory_s = 0.25;
constexpr double headroom = 1.25;
constexpr double catch_up_s = 0.1; // in which what waits is to have gone out

double in_s(std::chrono::nanoseconds t) {
    return std::chrono::duration<double>(t).count();
}

} // namespace

std::uint64_t connection_demand::update(const sight& now) {
    const auto passed = in_s(now.at - before_.at);
    if (!(passed > 0))
        return 0;
    const auto kept = std::exp(-passed / memory_s);
    const auto ended = static_cast<double>(now.ended - before_.ended);
    seconds_ = seconds_ * kept + passed;
    due_ = due_ * kept + static_cast<double>(now.due - before_.due);
    ended_ = ended_ * kept + ended;
    busy_s_ = busy_s_ * kept + in_s(now.busy - before_.busy);
    before_ = now;

    auto service_s = ended_ > 0 ? busy_s_ / ended_ : 0;
    if (ended == 0 && now.in_flight > 0) // a service that stalls: it will have taken that long at least
        service_s = std::max(service_s, in_s(now.oldest));
    const auto rate = due_ / seconds_ + static_cast<double>(now.waiting) / catch_up_s;
    auto need = static_cast<std::uint64_t>(std::ceil(rate * service_s * headroom));
    if (now.waiting > 0) // whatever the law says: bursts
        need = std::max(need, now.in_flight + now.in_flight / 8 + 1);
    return need;
}

} // namespace beastmark::loadgen
