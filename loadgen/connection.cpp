#include "loadgen/connection.hpp"

#include "loadgen/http1/http1_connection.hpp"
#include "loadgen/http2/http2_connection.hpp"
#include "loadgen/lane.hpp"

#include <boost/asio/error.hpp>

#include <algorithm>
#include <utility>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace beastmark::loadgen {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

constexpr std::chrono::milliseconds first_backoff{10};
constexpr std::chrono::milliseconds longest_backoff{320};

// Since the socket was made; 0 where the kernel does not say.
std::uint32_t socket_retransmissions(int socket) {
    tcp_info info{};
    socklen_t size = sizeof info;
    return getsockopt(socket, IPPROTO_TCP, TCP_INFO, &info, &size) == 0 ? info.tcpi_total_retrans : 0;
}

} // namespace

connection::connection(lane& owner, event_loop& loop, const target& to, id_type id, std::uint64_t number)
    : lane_(owner),
      target_(to),
      id_(id),
      number_(number),
      home_(owner.addresses().home_of(number)),
      loop_(loop),
      timer_(loop, [this] { on_timer(); }),
      input_(std::make_unique_for_overwrite<char[]>(input_capacity)) {}

connection::~connection() {
    close_socket();
}

void connection::connect() {
    step_ = step::connecting;
    addresses_tried_ = 0;
    try_next_address();
}

void connection::leave_gone_address() {
    if (step_ == step::closed || lane_.addresses().has(address_))
        return;
    if (step_ == step::serving)
        leave();
    else
        connect();
}

boost::system::result<connecting_socket> connection::begin_attempt() {
    if (!target_.unix_socket.empty()) {
        sockaddr_un path{};
        path.sun_family = AF_UNIX;
        target_.unix_socket.copy(path.sun_path, sizeof path.sun_path - 1);
        return begin_connect(loop_, reinterpret_cast<const sockaddr*>(&path), sizeof path, *this);
    }
    const auto& to = lane_.addresses().known()[address_];
    const auto& sources = lane_.the_plan().rules.sources;
    if (!sources.reach(to)) // a name that resolves to something else now
        return error_code(asio::error::address_family_not_supported);
    // Those that begin at the same address take the sources in turn.
    const auto from = sources.of(to, number_ / lane_.addresses().size());
    return begin_connect(loop_, to.data(), static_cast<socklen_t>(to.size()), *this,
                         from ? from->data() : nullptr, from ? static_cast<socklen_t>(from->size()) : 0);
}

void connection::try_next_address() {
    address_ = lane_.addresses().to_try(home_, addresses_tried_++, number_);
    if (in_service_)
        lane_.goes_to(id_, address_);
    close_socket();
    connect_began_ = std::chrono::steady_clock::now();
    could_not_ = {};
    if (const auto made = begin_attempt()) {
        socket_ = made->descriptor;
        watch_ = made->watch;
        ended_ = false;
    } else {
        could_not_ = made.error();
    }
    // Told later, also what is known now: who tells at once would be called back in the middle of it.
    if (could_not_)
        timer_.set(connect_began_);
    else if (in_service_)
        timer_.cancel();
    else
        timer_.set(connect_began_ + lane_.the_plan().timeout);
}

void connection::on_timer() {
    switch (step_) {
    case step::connecting:
        on_attempt_ended(could_not_ ? could_not_ : error_code(asio::error::timed_out));
        break;
    case step::handshaking:
        attempt_failed(phase::tls, asio::error::timed_out);
        break;
    case step::greeting:
        attempt_failed(phase::http2, asio::error::timed_out);
        break;
    default:
        lane_.want_connect(id_);
    }
}

void connection::on_attempt_ended(const error_code& code) {
    if (code) {
        attempt_failed(phase::connect, code);
        return;
    }
    while_connecting_ = socket_retransmissions(socket_);
    handshake_began_ = std::chrono::steady_clock::now();
    lane_.count_connect(handshake_began_ - connect_began_);
    if (target_.tls)
        begin_handshake();
    else
        up();
}

void connection::begin_handshake() {
    step_ = step::handshaking;
    tls_.emplace(*target_.tls, target_.where.host, socket_, ticket_.get());
    shake_hands();
}

void connection::shake_hands() {
    const auto code = tls_->handshake();
    if (code == asio::error::would_block)
        return;
    if (code) {
        attempt_failed(phase::tls, code);
        return;
    }
    lane_.count_tls_handshake(std::chrono::steady_clock::now() - handshake_began_);
    up();
}

void connection::up() {
    step_ = step::greeting;
    kept_ = 0;
    unsent_ = {};
    opened();
}

void connection::serve(stream_type streams) {
    timer_.cancel();
    step_ = step::serving;
    in_service_ = true;
    home_ = address_;
    lane_.connected(id_, address_, streams);
}

void connection::serve_again() {
    step_ = step::serving;
    home_ = address_;
    lane_.count_opened(address_);
}

void connection::rest() {
    timer_.cancel();
    close_socket();
    step_ = step::serving;
}

void connection::attempt_failed(phase where, const error_code& code) {
    if (!in_service_)
        forget();
    step_ = step::connecting;
    lane_.address_failed(address_, where, code);
    if (addresses_tried_ < lane_.addresses().size()) {
        try_next_address();
        return;
    }
    if (in_service_) {
        on_not_opened(where, code);
        return;
    }
    ++failures_;
    close_and_reconnect();
    lane_.connect_failed(id_, where, code);
}

void connection::did_not_work(phase where, const error_code& code) {
    ++failures_;
    lane_.did_not_work(where, code);
}

void connection::close_and_reconnect() {
    close();
    reconnect();
}

void connection::reconnect() {
    if (failures_ == 0) {
        lane_.want_connect(id_);
        return;
    }
    const auto doublings = std::min(failures_ - 1, 10u);
    timer_.set(std::chrono::steady_clock::now() +
               std::min<std::chrono::milliseconds>(first_backoff * (1u << doublings), longest_backoff));
}

std::uint64_t connection::retransmitted() {
    if (!while_connecting_)
        return retransmitted_before_;
    return retransmitted_before_ + (socket_retransmissions(socket_) - *while_connecting_);
}

std::string_view connection::chosen_protocol() const {
    return tls_ ? tls_->chosen_protocol() : std::string_view();
}

void connection::close() {
    if (std::exchange(in_service_, false))
        lane_.disconnected();
    step_ = step::closed;
    forget();
    timer_.cancel();
    close_socket();
}

void connection::close_socket() noexcept {
    ++generation_;
    unsent_ = {};
    if (socket_ < 0)
        return;
    retransmitted_before_ = retransmitted(); // in whatever step it ends: the sum never falls
    while_connecting_.reset();
    if (tls_) {
        if (target_.tls->resumes())
            if (auto given = tls_->ticket())
                ticket_ = std::move(given);
        tls_->say_goodbye();
        tls_.reset();
    }
    loop_.remove(watch_, socket_);
    ::close(socket_);
    socket_ = -1;
}

std::unique_ptr<connection> make_connection(lane& owner, event_loop& loop, const target& to,
                                            connection::id_type id, std::uint64_t number) {
    if (owner.the_plan().version == http_version::http_2)
        return std::make_unique<http2_connection>(owner, loop, to, id, number);
    return std::make_unique<http1_connection>(owner, loop, to, id, number);
}

} // namespace beastmark::loadgen
