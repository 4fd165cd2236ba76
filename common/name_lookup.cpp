#include "common/name_lookup.hpp"

#include <cerrno>
#include <cstring>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

#include <netdb.h>

namespace beastmark {

namespace {

struct free_list {
    void operator()(addrinfo* list) const noexcept { freeaddrinfo(list); }
};

name_lookup::answer look_up(const std::string& host, const std::string& port, int flags) {
    addrinfo hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = flags | AI_NUMERICSERV;
    addrinfo* found = nullptr;
    name_lookup::answer result;
    const int error = getaddrinfo(host.c_str(), port.c_str(), &hints, &found);
    if (error != 0) {
        result.error = host + ": " +
                       (error == EAI_SYSTEM ? std::generic_category().message(errno) : gai_strerror(error));
        return result;
    }
    const std::unique_ptr<addrinfo, free_list> list(found);
    for (const addrinfo* each = list.get(); each != nullptr; each = each->ai_next) {
        auto& address = result.addresses.emplace_back();
        std::memcpy(&address.storage, each->ai_addr, each->ai_addrlen);
        address.size = each->ai_addrlen;
    }
    return result;
}

} // namespace

// Shared by the thread that asks and the look-up that waits.
struct name_lookup::job {
    job(event_loop& l, name_lookup& o, std::string h, std::uint16_t p)
        : host(std::move(h)), port(std::to_string(p)), loop(&l), owner(o) {}

    const std::string host;
    const std::string port;
    answer result; // the thread's until it is told
    // Null when nobody waits any more: the loop and the owner may be gone then. Changed by the loop's thread
    // alone and under the mutex, so that they last as long as the other thread holds it.
    event_loop* loop;
    name_lookup& owner;
    std::mutex mutex;
};

name_lookup::name_lookup(event_loop& loop, std::function<void(const answer&)> on_answer)
    : loop_(loop), on_answer_(std::move(on_answer)) {}

name_lookup::~name_lookup() {
    abandon();
}

void name_lookup::start(const std::string& host, std::uint16_t port) {
    wanted_ = true;
    if (job_ && job_->host == host && job_->port == std::to_string(port))
        return;
    abandon();
    job_ = std::make_shared<job>(loop_, *this, host, port);
    try {
        std::thread([asked = job_] {
            asked->result = look_up(asked->host, asked->port, 0);
            tell(asked);
        }).detach();
    } catch (const std::system_error& no_thread) {
        job_->result.error = host + ": " + no_thread.what();
        tell(job_);
    }
}

void name_lookup::abandon() noexcept {
    if (!job_)
        return;
    {
        const std::lock_guard lock(job_->mutex);
        job_->loop = nullptr;
    }
    job_.reset();
}

void name_lookup::tell(const std::shared_ptr<job>& done) {
    const std::lock_guard lock(done->mutex);
    if (done->loop == nullptr)
        return;
    done->loop->post([done] {
        if (done->loop == nullptr)
            return; // abandoned meanwhile
        auto& owner = done->owner;
        owner.job_.reset();
        if (std::exchange(owner.wanted_, false))
            owner.on_answer_(done->result);
    });
}

std::optional<socket_address> numeric_address(const std::string& host, std::uint16_t port) {
    auto [addresses, error] = look_up(host, std::to_string(port), AI_NUMERICHOST);
    if (!error.empty())
        return std::nullopt;
    return addresses.front();
}

} // namespace beastmark
