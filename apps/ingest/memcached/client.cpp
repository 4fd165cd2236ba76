#include "ingest/memcached/client.hpp"

#include "ingest/memcached/codec.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>
#include <spdlog/spdlog.h>

#include <random>
#include <utility>

namespace beastmark::memcached {
namespace {

client_options checked(client_options options) {
    if (options.hard_limit.count() == 0)
        options.hard_limit = 2 * options.timeout;
    return options;
}

} // namespace

client::client(boost::asio::io_context& context, const client_options& options, client_metrics& metrics)
    : options_(checked(options)),
      metrics_(metrics),
      resolver_(context),
      socket_(context),
      timer_(context),
      backoff_(options.first_retry, options.retry_cap, std::random_device()()),
      queue_(options.max_pending) {
    count_state();
}

client::~client() = default;

void client::start() {
    if (state_ == state::stopped)
        connect();
}

bool client::ready() const noexcept {
    return state_ == state::up && !queue_.stalled();
}

void client::stop() {
    state_ = state::stopped;
    close();
    fail_all();
}

void client::set(set_request& r) {
    r.submitted = clock::now();
    if (!ready())
        return finish(r, errc::unavailable);
    if (queue_.full())
        return finish(r, errc::overloaded);
    if (!is_key(r.key))
        return finish(r, errc::refused);
    queue_.push(r);
    count_state();
    schedule_write();
}

void client::tick(clock::time_point now) {
    if (state_ == state::connecting || state_ == state::probing) {
        if (now >= attempt_deadline_)
            lose("no answer to the attempt to connect in time");
        return;
    }
    while (set_request* const r = queue_.abandon_before(now - options_.timeout))
        finish(*r, errc::timed_out);
    if (state_ == state::up && queue_.oldest_before(now - options_.hard_limit))
        lose("no reply to a set in time");
}

// --- connecting
// -----------------------------------------------------------------------------------------------

void client::connect() {
    state_ = state::connecting;
    attempt_deadline_ = clock::now() + options_.connect_timeout;
    const auto on_connected = [this, attempt = attempt_](error_code error) {
        if (attempt == attempt_)
            connected(error);
    };
    error_code not_numeric;
    const auto address = boost::asio::ip::make_address(options_.host, not_numeric);
    if (!not_numeric) // spares the resolver and its thread
        return socket_.async_connect({address, options_.port}, on_connected);
    resolver_.async_resolve(options_.host, std::to_string(options_.port),
                            [this, attempt = attempt_, on_connected](error_code error, const auto& found) {
                                if (attempt != attempt_)
                                    return;
                                if (error)
                                    return lose(error.message());
                                boost::asio::async_connect(
                                    socket_, found,
                                    [on_connected](error_code e, const tcp::endpoint&) { on_connected(e); });
                            });
}

// A hung server's kernel still accepts connections, one that is full answers and closes: only a reply proves
// it.
void client::connected(error_code error) {
    if (error)
        return lose(error.message());
    socket_.set_option(tcp::no_delay(true), error);
    state_ = state::probing;
    queue_.push_probe(clock::now());
    read();
    write();
}

void client::up() {
    state_ = state::up;
    backoff_.reset();
    logged_reason_.clear();
    const bool again = std::exchange(was_up_, true);
    if (again)
        metrics_.reconnects.add();
    if (!options_.name.empty())
        spdlog::info("{}: {}", options_.name, again ? "the cache is back" : "connected to the cache");
}

// --- reading and writing
// ----------------------------------------------------------------------------------------

void client::read() {
    const auto space = queue_.read_space();
    socket_.async_read_some(boost::asio::buffer(space.data(), space.size()),
                            [this, attempt = attempt_](error_code error, std::size_t bytes) {
                                if (attempt == attempt_)
                                    received(error, bytes);
                            });
}

// While a completion runs, the caller's code may set again, or stop the client.
void client::received(error_code error, std::size_t bytes) {
    if (error)
        return lose(error.message());
    queue_.received(bytes);
    const auto attempt = attempt_;
    for (;;) {
        set_queue::completion result;
        switch (queue_.next(result)) {
        case set_queue::progress::need_bytes:
            count_state();
            return read();
        case set_queue::progress::out_of_sync:
            return lose("unexpected answer: " + queue_.offending_line());
        case set_queue::progress::completed:
            if (state_ == state::probing)
                up();
            if (result.request != nullptr)
                finish(*result.request, result.error);
            if (attempt != attempt_)
                return;
        }
    }
}

// All sets of one turn of the loop leave in one write: the write is started after those already running.
void client::schedule_write() {
    if (queue_.writing() || std::exchange(write_scheduled_, true))
        return;
    boost::asio::post(socket_.get_executor(), [this, attempt = attempt_] {
        if (attempt != attempt_)
            return;
        write_scheduled_ = false;
        write();
    });
}

void client::write() {
    const auto piece = queue_.start_write();
    if (piece.empty())
        return;
    boost::asio::async_write(socket_, boost::asio::buffer(piece.data(), piece.size()),
                             [this, attempt = attempt_](error_code error, std::size_t) {
                                 if (attempt != attempt_)
                                     return;
                                 if (error)
                                     return lose(error.message());
                                 queue_.written();
                                 write();
                             });
}

// --- loss and the end
// -------------------------------------------------------------------------------------------

void client::lose(std::string_view reason) {
    const bool was_up = state_ == state::up;
    state_ = state::waiting;
    log_loss(was_up, reason);
    close();
    timer_.expires_after(backoff_.next());
    timer_.async_wait([this, attempt = attempt_](error_code error) {
        if (!error && attempt == attempt_)
            connect();
    });
    fail_all();
}

void client::close() {
    ++attempt_;
    write_scheduled_ = false;
    resolver_.cancel();
    timer_.cancel();
    error_code ignored;
    socket_.close(ignored);
    count_state();
}

void client::fail_all() {
    error_code error;
    while (set_request* const r = queue_.fail_next(error))
        finish(*r, error);
}

void client::finish(set_request& r, error_code error) {
    metrics_.record(error, clock::now() - r.submitted);
    r.done(r, error);
}

void client::count_state() {
    const bool is_up = state_ == state::up;
    metrics_.connecting.set(is_up ? 0 : 1);
    metrics_.idle.set(is_up && queue_.empty() ? 1 : 0);
    metrics_.used.set(is_up && !queue_.empty() ? 1 : 0);
}

void client::log_loss(bool was_up, std::string_view reason) {
    if (was_up || reason != logged_reason_) {
        if (!options_.name.empty())
            spdlog::warn("{}: {}: {}", options_.name,
                         was_up ? "lost the cache" : "cannot connect, trying again", reason);
    }
    if (!was_up)
        logged_reason_ = reason;
}

} // namespace beastmark::memcached
