#include "loadgen/http1/http1_connection.hpp"

#include "loadgen/lane.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/system/errc.hpp>

#include <cstring>

namespace beastmark::loadgen {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using boost::system::error_code;

http1_connection::http1_connection(lane& owner, event_loop& loop, const target& to, id_type id,
                                   std::uint64_t number)
    : connection(owner, loop, to, id, number) {
    if (to.requests.max_size() > 0)
        output_ = std::make_unique_for_overwrite<char[]>(to.requests.max_size());
}

bool http1_connection::keeps_alive() const {
    return owner().the_plan().rules.keep_alive;
}

void http1_connection::opened() {
    sent_ = 0;
    if (busy_) {
        serve_again();
        begin();
        return;
    }
    if (!keeps_alive()) // it can be reached
        rest();
    serve(1);
}

void http1_connection::send(stream_type /*stream*/, std::uint64_t arrival) {
    busy_ = true;
    answering_ = false;
    const auto& request = to().requests.of(arrival);
    head_only_ = request.head_only();
    if (request.constant())
        request_ = request.constant_bytes();
    else
        request_ = {output_.get(), request.render(output_.get(), owner().the_plan().seed, arrival)};
    if (keeps_alive())
        begin();
    else
        connect();
}

void http1_connection::begin() {
    ++sent_;
    expect_answer();
    unsent_ = request_;
    write();
}

void http1_connection::expect_answer() {
    const auto& wanted = owner().the_plan().expected_body;
    parser_.emplace(head_only_, static_cast<std::uint32_t>(input_capacity), wanted ? &*wanted : nullptr);
}

void http1_connection::give_up(stream_type /*stream*/) {
    if (keeps_alive()) {
        close_and_reconnect();
        return;
    }
    end_request();
    owner().stream_up(id(), 0, address());
}

// Of one that is not kept, which stays in service.
void http1_connection::end_request() {
    busy_ = false;
    kept_ = 0;
    rest();
}

void http1_connection::leave() {
    if (!keeps_alive())
        return;
    if (busy_)
        leaving_ = true;
    else
        lose_idle();
}

void http1_connection::forget() {
    busy_ = false;
    leaving_ = false;
}

void http1_connection::on_bytes_sent(std::size_t size) {
    owner().count_out(id(), size);
}

void http1_connection::on_send_error(const error_code& code) {
    fail(outcome::reset, phase::send, code);
}

void http1_connection::on_bytes(std::size_t size) {
    if (!busy_) { // nothing was asked: what follows on this connection cannot be trusted
        did_not_work(phase::parse, make_error_code(boost::system::errc::protocol_error));
        lose_idle();
        return;
    }
    owner().count_in(id(), size);
    if (!answering_)
        owner().first_byte(id(), read_at());
    answering_ = true;
    kept_ += size;
    parse();
}

// The connection's end. It ends an answer without a length (RFC 9112 section 6.3), and breaks any other.
void http1_connection::on_end(const error_code& code) {
    if (!busy_) {
        did_not_work(phase::read, code);
        lose_idle();
        return;
    }
    if (code == asio::error::eof && parser_->got_some() && parser_->is_header_done()) {
        error_code incomplete;
        parser_->put_eof(incomplete);
        if (!incomplete) {
            complete(false);
            return;
        }
    }
    fail(outcome::reset, phase::read, code);
}

void http1_connection::parse() {
    std::size_t used = 0;
    while (used < kept_) {
        error_code code;
        used += parser_->feed(asio::const_buffer(input() + used, kept_ - used), code);
        if (parser_->is_done() && parser_->informational()) {
            expect_answer();
            continue;
        }
        if (parser_->is_done()) {
            // Bytes behind the answer or the end of the connection, or an answer to half a request: not a
            // connection to go on with.
            const auto clean = used == kept_ && unsent_.empty() && !ended() && parser_->status() != 101;
            complete(clean && parser_->keep_alive());
            return;
        }
        if (code == http::error::need_more)
            break;
        if (code) {
            fail(outcome::protocol_error, phase::parse, code);
            return;
        }
    }
    kept_ -= used;
    if (used > 0 && kept_ > 0)
        std::memmove(input(), input() + used, kept_);
    if (kept_ == input_capacity)
        fail(outcome::protocol_error, phase::parse, http::error::buffer_overflow);
}

void http1_connection::complete(bool reusable) {
    worked();
    reusable = reusable && !leaving_ && sent_ != owner().the_plan().rules.requests;
    if (!keeps_alive()) {
        end_request();
        reusable = true; // by another socket
    } else if (reusable) {
        busy_ = false;
        kept_ = 0; // before the lane is told: it may send the next request at once
    } else {
        close_and_reconnect();
    }
    owner().answered(id(), read_at(), parser_->status(), reusable, parser_->body_as_expected());
}

void http1_connection::on_not_opened(phase where, const error_code& code) {
    fail(outcome::connect_error, where, code);
}

void http1_connection::fail(outcome how, phase where, const error_code& code) {
    // A closed loop has no arrivals: only the pause before it connects again keeps it from asking a service
    // that is away as fast as it can.
    if (!keeps_alive() && !owner().the_plan().arrivals.closed_loop()) {
        const lane::pause until_it_is_up(owner());
        end_request();
        owner().failed(id(), how, where, code);
        owner().stream_up(id(), 0, address());
        return;
    }
    if (how == outcome::reset || how == outcome::connect_error)
        did_not_work(where, code);
    close_and_reconnect();
    owner().failed(id(), how, where, code);
}

void http1_connection::lose_idle() {
    close_and_reconnect();
    owner().lost_idle(id());
}

} // namespace beastmark::loadgen
