#include "loadgen/resolved_name.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace beastmark::loadgen {

namespace {

resolved_name::endpoints in_order(resolved_name::endpoints all) {
    std::sort(all.begin(), all.end());
    return all;
}

resolved_name::endpoints endpoints_of(const name_lookup::answer& answer) {
    resolved_name::endpoints all;
    for (const auto& address : answer.addresses) {
        boost::asio::ip::tcp::endpoint each;
        each.resize(address.size);
        std::memcpy(each.data(), address.data(), address.size);
        if (std::find(all.begin(), all.end(), each) == all.end())
            all.push_back(each);
    }
    return all;
}

} // namespace

resolved_name::resolved_name(const endpoints& first) : known_(in_order(first)) {}

resolved_name::news resolved_name::take(const name_lookup::answer& answer) {
    if (answer.addresses.empty())
        return {.failure = std::exchange(told_, true) ? std::nullopt : std::optional(answer.error)};
    auto fresh = endpoints_of(answer);
    auto sorted = in_order(fresh); // resolvers turn the order round from answer to answer
    if (sorted == known_)
        return {};
    known_ = std::move(sorted);
    return {.addresses = std::move(fresh)};
}

} // namespace beastmark::loadgen
