#include "tests/support/http_client.hpp"

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <charconv>
#include <cstring>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace beastmark::testing {

namespace {

using clock = std::chrono::steady_clock;

bool same_name(std::string_view a, std::string_view b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

/// False when the deadline passed.
bool wait_for(int fd, short events, clock::time_point deadline) {
    for (;;) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - clock::now());
        pollfd entry{fd, events, 0};
        const int ready = ::poll(&entry, 1, static_cast<int>(std::max<std::int64_t>(left.count(), 0)));
        if (ready > 0)
            return true;
        if (ready == 0)
            return false;
        if (errno != EINTR)
            throw http_error(std::string("poll: ") + std::strerror(errno));
    }
}

std::size_t parse_size(std::string_view text, int base) {
    std::size_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
    if (text.empty() || error != std::errc{} || end != text.data() + text.size())
        throw http_error("not a size: '" + std::string(text) + "'");
    return value;
}

std::string_view trimmed(std::string_view text) {
    const auto first = text.find_first_not_of(" \t");
    if (first == text.npos)
        return {};
    return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

void parse_status_line(const std::string& line, http_response& response) {
    if (line.size() < 12 || !line.starts_with("HTTP/1.") || line[8] != ' ' ||
        (line.size() > 12 && line[12] != ' '))
        throw http_error("not a status line: '" + line + "'");
    response.version = line.substr(0, 8);
    response.status = static_cast<int>(parse_size(std::string_view(line).substr(9, 3), 10));
    response.reason = line.size() > 13 ? line.substr(13) : "";
}

} // namespace

std::optional<std::string> http_response::header(std::string_view name) const {
    for (const auto& [key, value] : headers)
        if (same_name(key, name))
            return value;
    return std::nullopt;
}

std::size_t http_response::count(std::string_view name) const {
    return static_cast<std::size_t>(std::count_if(
        headers.begin(), headers.end(), [&](const auto& field) { return same_name(field.first, name); }));
}

http_client::http_client(std::uint16_t port, const std::string& host, int receive_buffer)
    : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    if (receive_buffer > 0)
        ::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    ::inet_pton(AF_INET, host.c_str(), &address.sin_addr);
    if (::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        const std::string reason = std::strerror(errno);
        ::close(fd_);
        throw http_error("connect to " + host + ":" + std::to_string(port) + ": " + reason);
    }
    const int on = 1; // each send() a segment: a fragment is really a fragment
    ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

http_client::~http_client() {
    if (fd_ >= 0)
        ::close(fd_);
}

http_client::http_client(http_client&& other) noexcept {
    *this = std::move(other);
}

http_client& http_client::operator=(http_client&& other) noexcept {
    std::swap(fd_, other.fd_);
    std::swap(buffer_, other.buffer_);
    std::swap(ending_, other.ending_);
    return *this;
}

void http_client::send(std::string_view bytes) {
    const auto deadline = clock::now() + patience;
    while (!bytes.empty()) {
        const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent >= 0)
            bytes.remove_prefix(static_cast<std::size_t>(sent));
        else if (errno != EAGAIN && errno != EINTR)
            throw http_error(std::string("send: ") + std::strerror(errno));
        else if (!wait_for(fd_, POLLOUT, deadline))
            throw http_error("send: the peer does not read");
    }
}

bool http_client::try_send(std::string_view bytes) {
    try {
        send(bytes);
        return true;
    } catch (const http_error&) {
        return false;
    }
}

void http_client::send_fragments(const std::vector<std::string_view>& pieces) {
    for (const auto piece : pieces)
        send(piece);
}

/// One recv. False at end of stream, reset or deadline.
bool http_client::fill(clock::time_point deadline) {
    if (ending_ != ending::open || !wait_for(fd_, POLLIN, deadline))
        return false;
    char block[16384];
    const ssize_t got = ::recv(fd_, block, sizeof block, 0);
    if (got > 0) {
        buffer_.append(block, static_cast<std::size_t>(got));
        return true;
    }
    ending_ = got == 0 ? ending::closed : ending::reset;
    return false;
}

void http_client::need(std::size_t size, clock::time_point deadline) {
    while (buffer_.size() < size) {
        if (fill(deadline))
            continue;
        const char* why = ending_ == ending::open     ? "nothing more within the deadline"
                          : ending_ == ending::closed ? "closed by the peer"
                                                      : "reset by the peer";
        throw http_error(std::string(why) + " after '" + buffer_.substr(0, 200) + "'");
    }
}

std::string http_client::take(std::size_t size, clock::time_point deadline) {
    need(size, deadline);
    std::string bytes = buffer_.substr(0, size);
    buffer_.erase(0, size);
    return bytes;
}

std::string http_client::take_line(clock::time_point deadline) {
    std::size_t end;
    while ((end = buffer_.find("\r\n")) == std::string::npos)
        need(buffer_.size() + 1, deadline);
    std::string line = take(end + 2, deadline);
    line.resize(end);
    if (line.find_first_of("\r\n") != std::string::npos)
        throw http_error("a bare CR or LF in '" + line + "'");
    return line;
}

std::string http_client::take_chunked(clock::time_point deadline) {
    std::string body;
    for (;;) {
        const std::string line = take_line(deadline);
        const std::size_t size = parse_size(std::string_view(line).substr(0, line.find(';')), 16);
        if (size == 0)
            break;
        body += take(size, deadline);
        if (take(2, deadline) != "\r\n")
            throw http_error("no CRLF after a chunk");
    }
    while (!take_line(deadline).empty()) {
    }
    return body;
}

http_response http_client::receive(bool to_head, std::chrono::milliseconds deadline) {
    const auto end = clock::now() + deadline;
    http_response response;
    parse_status_line(take_line(end), response);
    for (std::string line; !(line = take_line(end)).empty();) {
        const auto colon = line.find(':');
        if (colon == std::string::npos || colon == 0 || line.find_first_of(" \t") < colon)
            throw http_error("not a header field: '" + line + "'");
        response.headers.emplace_back(line.substr(0, colon),
                                      trimmed(std::string_view(line).substr(colon + 1)));
    }
    if (to_head || response.status < 200 || response.status == 204 || response.status == 304)
        return response;
    if (response.count("Content-Length") + response.count("Transfer-Encoding") > 1)
        throw http_error("ambiguous framing of the response");
    if (const auto length = response.header("Content-Length"))
        response.body = take(parse_size(*length, 10), end);
    else if (response.header("Transfer-Encoding"))
        response.body = take_chunked(end);
    else
        response.body = receive_to_end(deadline);
    return response;
}

std::string http_client::receive_to_end(std::chrono::milliseconds deadline) {
    switch (wait_for_end(deadline)) {
    case ending::open:
        throw http_error("still open after '" + buffer_.substr(0, 200) + "'");
    case ending::reset:
        throw http_error("reset by the peer after '" + buffer_.substr(0, 200) + "'");
    case ending::closed:
        break;
    }
    return std::exchange(buffer_, {});
}

std::string http_client::receive_some(std::chrono::milliseconds deadline) {
    if (buffer_.empty())
        fill(clock::now() + deadline);
    return std::exchange(buffer_, {});
}

ending http_client::wait_for_end(std::chrono::milliseconds deadline) {
    const auto end = clock::now() + deadline;
    while (fill(end)) {
    }
    return ending_;
}

void http_client::finish_sending() {
    ::shutdown(fd_, SHUT_WR);
}

void http_client::abort() {
    const linger now{1, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    ::close(std::exchange(fd_, -1));
}

std::string request(std::string_view method, std::string_view target, std::string_view body,
                    const std::vector<std::string>& headers) {
    std::string text;
    text.append(method).append(" ").append(target).append(" HTTP/1.1\r\nHost: test\r\n");
    for (const auto& line : headers)
        text.append(line).append("\r\n");
    if (!body.empty())
        text.append("Content-Length: ").append(std::to_string(body.size())).append("\r\n");
    return text.append("\r\n").append(body);
}

http_response fetch(std::uint16_t port, std::string_view method, std::string_view target,
                    std::string_view body, const std::vector<std::string>& headers) {
    http_client client(port);
    client.send(request(method, target, body, headers));
    return client.receive(method == "HEAD");
}

} // namespace beastmark::testing
