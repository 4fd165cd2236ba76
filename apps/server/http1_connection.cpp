#include "server/http1_connection.hpp"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <utility>

namespace beastmark::server {

namespace {

// Answers that may wait in memory before the client must take some.
constexpr std::size_t output_limit_bytes = 64 * 1024;

} // namespace

http1_connection::~http1_connection() {
    if (workspace_) {
        workspace_->parser.reset();
        workspace_->output.clear();
        shared_.workspaces.give_back(std::move(workspace_));
    }
}

std::span<char> http1_connection::input_space() {
    if (!workspace_) {
        workspace_ = shared_.workspaces.borrow();
    }
    auto& w = *workspace_;
    if (w.begin > 0) { // what is left is part of a head or of a chunk's header, and short
        std::memmove(w.input.get(), w.input.get() + w.begin, w.end - w.begin);
        w.end -= w.begin;
        w.begin = 0;
    }
    return {w.input.get() + w.end, w.capacity - w.end};
}

void http1_connection::received(std::size_t bytes, clock::time_point now) {
    workspace_->end += bytes;
    received_at_ = now;
    if (workspace_->parser) {
        last_active_ = now;
    }
}

http1_connection::stage http1_connection::advance() {
    for (std::size_t taken = 0; !handling_ && !ending_; ++taken) {
        if (!workspace_) {
            return stage::input;
        }
        if (taken == shared_.connection.pipelined || workspace_->output.size() >= output_limit_bytes) {
            return stage::output;
        }
        if (!parse_one()) {
            return stage::input;
        }
    }
    return handling_ ? stage::handler : stage::end;
}

// Takes one request as far as the input goes. True when it was answered or given to the handler.
bool http1_connection::parse_one() {
    auto& w = *workspace_;
    if (!w.parser) {
        // A client may send empty lines before a request (RFC 9112 section 2.2), which is no activity.
        while (w.unread().starts_with("\r\n")) {
            w.begin += 2;
        }
        if (w.unread().empty() || w.unread() == "\r") {
            return false;
        }
        begin_request();
        last_active_ = std::max(last_active_, received_at_);
    }
    auto& parser = *w.parser;
    w.begin += parser.feed(w.unread());
    switch (parser.current()) {
    case request_parser::state::complete:
        dispatch();
        return true;
    case request_parser::state::failed:
        end_with(*parser.error());
        return true;
    case request_parser::state::need_more:
        break;
    }
    if (parser.refused_before_body()) {
        end_with(*parser.error());
        return true;
    }
    if (parser.wants_continue() && !continued_) {
        continued_ = true;
        w.output += continue_response;
    }
    return false;
}

void http1_connection::begin_request() {
    workspace_->parser.emplace(shared_.routes, shared_.request, workspace_->body);
    started_at_ = received_at_;
}

void http1_connection::dispatch() {
    const auto& parser = *workspace_->parser;
    keep_alive_ = parser.keeps_alive() && !shared_.draining;
    if (++requests_ == shared_.connection.requests && keep_alive_) {
        keep_alive_ = false;
        shared_.metrics.reject(rejection::request_count);
    }
    if (parser.error()) {
        answer(*parser.error());
        return;
    }
    if (const auto fixed = shared_.routes[route_index()].fixed_answer; !fixed.empty()) {
        answer(response{.body = fixed});
        return;
    }
    if (is_overloaded()) {
        answer(errors::overload);
        return;
    }
    handling_ = true;
    shared_.metrics.active_requests.add(1);
    dispatching_ = true;
    shared_.handles->handle(*this);
    dispatching_ = false;
}

bool http1_connection::is_overloaded() const {
    return static_cast<std::size_t>(shared_.metrics.active_requests.value()) >=
               shared_.connection.in_flight ||
           (came_after_ < received_at_ && received_at_ - came_after_ > shared_.connection.queue_time);
}

void http1_connection::respond(const response& what) {
    settle(what);
}

void http1_connection::respond(const http_error& error) {
    settle(error);
}

// The handler's answer, of either kind.
template <class Answer>
void http1_connection::settle(const Answer& given) {
    handling_ = false;
    shared_.metrics.active_requests.add(-1);
    keep_alive_ = keep_alive_ && !shared_.draining;
    answer(given);
    if (!dispatching_) {
        answered();
    }
}

connection_header http1_connection::connection() const {
    if (!keep_alive_) {
        return connection_header::close;
    }
    return workspace_->parser->is_http_1_0() ? connection_header::keep_alive : connection_header::none;
}

void http1_connection::answer(const response& what) {
    auto& w = *workspace_;
    const method requested = w.parser->requested_method();
    append_response(w.output, what, shared_.date.text(), connection(), requested != method::head);
    last_active_ = clock::now();
    shared_.metrics.record(requested, w.parser->route_index(), what.status, last_active_ - started_at_);
    ending_ = !keep_alive_;
    // The client did not ask for the end: it may be sending its next request.
    lingering_ = lingering_ || (ending_ && w.parser->keeps_alive());
    continued_ = false;
    w.parser.reset();
}

void http1_connection::answer(const http_error& error) {
    if (error.counted_as) {
        shared_.metrics.reject(*error.counted_as);
    }
    std::string_view extra;
    std::string allowed;
    if (error.status == http::status::method_not_allowed) {
        extra = allowed.append("Allow: ").append(shared_.routes[route_index()].allow()).append("\r\n");
    } else if (error.status == http::status::service_unavailable) {
        extra = "Retry-After: 1\r\n";
    }
    shared_.error_body.clear();
    append_error_body(shared_.error_body, error);
    answer(response{.status = error.status, .body = shared_.error_body, .extra_headers = extra});
}

// The place of a next request is unknown, or the client is not to send the body: answer and close
// lingeringly.
void http1_connection::end_with(const http_error& error) {
    keep_alive_ = false;
    lingering_ = true;
    answer(error);
}

void http1_connection::time_out() {
    if (!workspace_->parser) { // half of an empty line
        begin_request();
    }
    end_with(workspace_->parser->has_head() ? errors::body_timeout : errors::head_timeout);
}

std::string_view http1_connection::output() const {
    return workspace_ ? std::string_view{workspace_->output}.substr(sent_bytes_) : std::string_view{};
}

void http1_connection::sent(std::size_t bytes) {
    sent_bytes_ += bytes;
    if (sent_bytes_ == workspace_->output.size()) {
        workspace_->output.clear();
        sent_bytes_ = 0;
    }
}

void http1_connection::rest() {
    if (!workspace_) {
        return;
    }
    auto& w = *workspace_;
    if (ending_ && w.begin < w.end) { // requests behind the last one: they are not answered
        lingering_ = true;
        w.begin = w.end;
    }
    if (w.is_unused()) {
        shared_.workspaces.give_back(std::move(workspace_));
    }
}

} // namespace beastmark::server
