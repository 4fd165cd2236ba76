// A connection of HTTP/1.1: one request at a time, one send(2) for it and one recv(2) for its answer, of
// https a record each, besides. It is kept between requests, or is at rest then and made within each, as part
// of its time.
#pragma once

#include "loadgen/connection.hpp"
#include "loadgen/response_parser.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

namespace beastmark::loadgen {

class http1_connection final : public connection {
public:
    http1_connection(lane& owner, event_loop& loop, const target& to, id_type id, std::uint64_t number);

    void send(stream_type stream, std::uint64_t arrival) override;
    void give_up(stream_type stream) override;

private:
    void opened() override;
    void on_bytes(std::size_t size) override;
    void on_end(const boost::system::error_code& code) override;
    void on_send_error(const boost::system::error_code& code) override;
    void on_bytes_sent(std::size_t size) override;
    void leave() override;
    void forget() override;
    void on_not_opened(phase where, const boost::system::error_code& code) override;

    [[nodiscard]] bool keeps_alive() const;
    void begin();
    void end_request();
    void expect_answer();
    void parse();
    void complete(bool reusable);
    void fail(outcome how, phase where, const boost::system::error_code& code);
    void lose_idle();

    bool busy_ = false;
    bool answering_ = false;   // the first byte came, perhaps of a 1xx before the answer
    bool head_only_ = false;   // the answer to what was sent has no body
    bool leaving_ = false;     // its address has gone
    std::uint32_t sent_ = 0;   // requests, since it was opened
    std::string_view request_; // of the arrival under way
    std::optional<response_parser> parser_;
    std::unique_ptr<char[]> output_; // of requests that differ
};

} // namespace beastmark::loadgen
