#include "loadgen/name_refresh.hpp"

#include "common/number.hpp"

#include <chrono>
#include <utility>

namespace beastmark::loadgen {

struct name_refresh::name {
    name(name_refresh& owner, event_loop& loop, std::size_t target, const url& where, std::uint16_t number,
         const resolved_name::endpoints& first)
        : known(first),
          lookup(loop,
                 [this, &owner, target](const name_lookup::answer& answer) {
                     const auto news = known.take(answer);
                     if (news.addresses)
                         owner.tell_.changed(target, *news.addresses);
                     if (news.failure)
                         owner.tell_.failed(target, *news.failure);
                     wait(owner.ttl_);
                 }),
          again(loop, [this, host = where.host, number] { lookup.start(host, number); }) {}

    void wait(std::chrono::nanoseconds ttl) { again.set(std::chrono::steady_clock::now() + ttl); }

    resolved_name known;
    name_lookup lookup;
    timer again;
};

name_refresh::name_refresh(event_loop& loop, const plan& what, listener tell)
    : ttl_(what.dns_ttl), tell_(std::move(tell)) {
    for (std::size_t i = 0; i < what.targets.size(); ++i) {
        const auto& t = what.targets[i];
        const auto port = parse_number<std::uint16_t>(t.where.port);
        if (port && !numeric_address(t.where.host, *port))
            names_.push_back(std::make_unique<name>(*this, loop, i, t.where, *port, t.endpoints));
    }
}

name_refresh::~name_refresh() = default;

void name_refresh::start() {
    for (auto& n : names_)
        n->wait(ttl_);
}

} // namespace beastmark::loadgen
