// A connection of HTTP/2 (RFC 9113): as many requests at once as it has streams. It serves once the server's
// preface has come. When the server goes away (GOAWAY), or says nothing more, it takes no further request,
// ends those under way and connects again.
#pragma once

#include "loadgen/connection.hpp"
#include "loadgen/http2/http2_session.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace beastmark::loadgen {

class http2_connection final : public connection {
public:
    http2_connection(lane& owner, event_loop& loop, const target& to, id_type id, std::uint64_t number);

    void send(stream_type number, std::uint64_t arrival) override;
    void flush() override;
    void give_up(stream_type number) override;

private:
    struct stream {
        bool up = false;
        bool busy = false;
        std::uint64_t reads_before = 0; // when it was sent
        std::unique_ptr<char[]> output; // its request, of those that differ
    };

    void opened() override;
    void on_bytes(std::size_t size) override;
    void on_end(const boost::system::error_code& code) override;
    void on_send_error(const boost::system::error_code& code) override;
    void on_bytes_sent(std::size_t size) override;

    void on_sent() override { flush(); }

    void leave() override;
    void forget() override;

    void want_flush();
    void tell();
    void tell(const http2_event& e);
    void allow(std::uint32_t streams);
    void raise(stream_type number);
    void lower(stream_type number);
    void end(stream_type number);

    [[nodiscard]] bool takes_requests(stream_type number) const { return !draining_ && number < allowed_; }

    void drain();
    void close_when_drained();
    void lose(outcome how, phase where, boost::system::error_code code);

    std::optional<http2_session> session_; // while it is open
    std::vector<http2_event> events_;
    std::vector<stream> streams_;
    http2_message message_;   // that is being sent
    stream_type allowed_ = 0; // by the server; 0: it has not spoken yet, or wants a pause
    stream_type busy_ = 0;
    std::uint64_t reads_ = 0;
    std::uint32_t sent_ = 0; // requests, since it was opened
    bool draining_ = false;
    bool answered_ = false; // anything, since it was opened
    bool wants_flush_ = false;
    boost::system::error_code why_away_; // where the server did not go in peace
};

} // namespace beastmark::loadgen
