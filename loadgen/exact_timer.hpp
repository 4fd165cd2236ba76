// A one-shot timer with a timerfd of its own. Asio's timers share one: each that fires sets it again for the
// next in line, and each arrival once more. Setting a timer is what costs most on a virtual machine (it
// leaves the guest: 3 to 5 us where a send takes 5), so what fires for each request is kept apart.
#pragma once

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <boost/system/error_code.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace beastmark::loadgen {

class exact_timer {
public:
    /// Throws boost::system::system_error when there is no descriptor left.
    explicit exact_timer(boost::asio::io_context& context);

    /// Calls `handler(error_code)` at `t` (at once when that is past), or with operation_aborted after
    /// cancel(). One wait at a time.
    template <class Handler>
    void async_wait(std::chrono::steady_clock::time_point t, Handler handler) {
        set(t);
        descriptor_.async_read_some(
            boost::asio::buffer(&expirations_, sizeof expirations_),
            [handler](const boost::system::error_code& code, std::size_t) { handler(code); });
    }

    void cancel();

private:
    void set(std::chrono::steady_clock::time_point t);

    boost::asio::posix::basic_stream_descriptor<boost::asio::io_context::executor_type> descriptor_;
    std::uint64_t expirations_ = 0;
};

} // namespace beastmark::loadgen
