#include "loadgen/http2/http2_connection.hpp"

#include "loadgen/http2/http2_error.hpp"
#include "loadgen/lane.hpp"

#include <algorithm>
#include <utility>

namespace beastmark::loadgen {

using boost::system::error_code;

http2_connection::http2_connection(lane& owner, event_loop& loop, const target& to, id_type id,
                                   std::uint64_t number)
    : connection(owner, loop, to, id, number), streams_(owner.the_plan().streams) {
    for (auto& s : streams_)
        if (to.requests.max_size() > 0)
            s.output = std::make_unique_for_overwrite<char[]>(to.requests.max_size());
}

void http2_connection::opened() {
    if (to().tls && chosen_protocol() != "h2") {
        attempt_failed(phase::tls, http2_errc::not_chosen);
        return;
    }
    const auto& wanted = owner().the_plan().expected_body;
    session_.emplace(static_cast<std::uint32_t>(streams_.size()), wanted ? &*wanted : nullptr);
    flush();
}

void http2_connection::send(stream_type number, std::uint64_t arrival) {
    auto& s = streams_[number];
    s.busy = true;
    s.reads_before = reads_;
    ++busy_;
    to().requests.of(arrival).render(message_, s.output.get(), owner().the_plan().seed, arrival);
    session_->submit(number, message_);
    if (++sent_ == owner().the_plan().rules.requests || session_->used_up())
        drain();
    want_flush();
}

void http2_connection::want_flush() {
    if (!std::exchange(wants_flush_, true))
        owner().want_flush(id());
}

void http2_connection::flush() {
    wants_flush_ = false;
    const auto before = generation();
    while (session_ && unsent_.empty()) {
        unsent_ = session_->output();
        if (unsent_.empty())
            break;
        write();
        if (before != generation())
            return;
    }
    tell(); // what could not be sent
}

void http2_connection::give_up(stream_type number) {
    auto& s = streams_[number];
    const bool silent = s.reads_before == reads_; // since before it was sent
    end(number);
    s.up = false;
    session_->cancel(number);
    want_flush();
    if (silent)
        drain();
    if (takes_requests(number))
        raise(number);
    close_when_drained();
}

void http2_connection::leave() {
    drain();
    close_when_drained();
}

void http2_connection::forget() {
    session_.reset();
    events_.clear();
    for (auto& s : streams_)
        s.up = s.busy = false;
    allowed_ = 0;
    busy_ = 0;
    sent_ = 0;
    draining_ = false;
    answered_ = false;
    why_away_ = {};
}

void http2_connection::on_bytes_sent(std::size_t size) {
    owner().count_out_now(size);
}

void http2_connection::on_send_error(const error_code& code) {
    lose(outcome::reset, phase::send, code);
}

void http2_connection::on_bytes(std::size_t size) {
    ++reads_;
    owner().count_in_now(size);
    session_->feed({input(), size});
    want_flush();
    tell();
}

void http2_connection::on_end(const error_code& code) {
    lose(outcome::reset, why_away_ ? phase::http2 : phase::read, why_away_ ? why_away_ : code);
}

// The lane sends what follows from all of them together.
void http2_connection::tell() {
    if (!session_)
        return;
    session_->take_events(events_);
    if (events_.empty())
        return;
    const auto before = generation();
    auto events = std::exchange(events_, {});
    const lane::pause until_all_are_told(owner());
    for (const auto& e : events) {
        tell(e);
        if (before != generation())
            return;
    }
    close_when_drained();
    if (before != generation())
        return;
    events.clear();
    events_ = std::move(events); // its room
}

void http2_connection::tell(const http2_event& e) {
    const auto slot = owner().slot_of(id(), e.place);
    switch (e.what) {
    case http2_event_kind::streams_allowed:
        allow(e.count);
        break;
    case http2_event_kind::first_byte:
        owner().first_byte(slot, read_at());
        break;
    case http2_event_kind::answered: {
        worked();
        answered_ = true;
        end(e.place);
        const bool up = streams_[e.place].up = takes_requests(e.place);
        owner().answered(slot, read_at(), e.status, up, e.body_as_expected);
        break;
    }
    case http2_event_kind::not_taken:
        end(e.place);
        streams_[e.place].up = false;
        owner().not_taken(slot);
        break;
    case http2_event_kind::failed:
        end(e.place);
        streams_[e.place].up = false;
        owner().failed(slot, e.how, phase::http2, e.code);
        if (takes_requests(e.place))
            raise(e.place);
        break;
    case http2_event_kind::going_away:
        why_away_ = e.code;
        drain();
        break;
    case http2_event_kind::over:
        lose(outcome::protocol_error, phase::http2, e.code);
        break;
    }
}

// The server allows so many streams at once from now on.
void http2_connection::allow(std::uint32_t streams) {
    const bool first = !is_serving();
    const auto before =
        std::exchange(allowed_, std::min(streams, static_cast<std::uint32_t>(streams_.size())));
    if (first) {
        if (allowed_ == 0 || draining_) // not yet, or not any more
            return;
        for (stream_type i = 0; i < allowed_; ++i)
            streams_[i].up = true;
        serve(allowed_);
        return;
    }
    for (auto i = before; i < allowed_; ++i)
        if (!streams_[i].up && takes_requests(i))
            raise(i);
    for (auto i = allowed_; i < before; ++i)
        if (streams_[i].up && !streams_[i].busy)
            lower(i);
}

void http2_connection::raise(stream_type number) {
    streams_[number].up = true;
    owner().stream_up(id(), number, address());
}

void http2_connection::lower(stream_type number) {
    streams_[number].up = false;
    owner().stream_down(id(), number);
}

void http2_connection::end(stream_type number) {
    streams_[number].busy = false;
    --busy_;
}

void http2_connection::drain() {
    if (std::exchange(draining_, true))
        return;
    for (stream_type i = 0; i < streams_.size(); ++i)
        if (streams_[i].up && !streams_[i].busy)
            lower(i);
}

void http2_connection::close_when_drained() {
    if (!draining_ || busy_ > 0)
        return;
    const auto why = why_away_ ? why_away_ : error_code(http2_errc::not_taken);
    if (!is_serving()) {
        attempt_failed(phase::http2, why);
        return;
    }
    if (why_away_ || !answered_)
        did_not_work(phase::http2, why);
    close_and_reconnect();
}

// A copy of the code: it may be what forget() forgets.
void http2_connection::lose(outcome how, phase where, error_code code) {
    if (!is_serving()) {
        attempt_failed(phase::http2, code);
        return;
    }
    if (how == outcome::reset || !answered_)
        did_not_work(where, code);
    const lane::pause until_all_are_told(owner());
    drain();
    std::vector<dispatcher::connection_id> lost;
    for (stream_type i = 0; i < streams_.size(); ++i)
        if (streams_[i].busy)
            lost.push_back(owner().slot_of(id(), i));
    close_and_reconnect();
    for (const auto slot : lost)
        owner().failed(slot, how, where, code);
}

} // namespace beastmark::loadgen
