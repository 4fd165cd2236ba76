// Reads one HTTP answer and keeps nothing of it but its status and whether its body holds a text.
#pragma once

#include "loadgen/body_search.hpp"

#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/none.hpp>

#include <cstddef>
#include <cstdint>

namespace beastmark::loadgen {

/// Beast's parser without a message behind it: no allocation, the body is counted and dropped.
class response_parser final : public boost::beast::http::basic_parser<false> {
public:
    /// @param head_only the request was HEAD: the answer ends with its head (RFC 9110 section 9.3.2).
    /// @param wanted what the body should contain; null: anything.
    response_parser(bool head_only, std::uint32_t head_limit, const body_search* wanted = nullptr)
        : wanted_(wanted) {
        skip(head_only);
        header_limit(head_limit);
        body_limit(boost::none);
        eager(true);
    }

    [[nodiscard]] unsigned status() const noexcept { return status_; }

    /// What was wanted is in the body so far.
    [[nodiscard]] bool body_as_expected() const noexcept { return !wanted_ || wanted_->found(seen_); }

    /// 1xx: another answer follows. 101 is none of them: what follows it is no HTTP (RFC 9110 section 15.2).
    [[nodiscard]] bool informational() const noexcept {
        return status_ >= 100 && status_ < 200 && status_ != 101;
    }

private:
    using error_code = boost::beast::error_code;
    using string_view = boost::beast::string_view;

    void on_request_impl(boost::beast::http::verb, string_view, string_view, int, error_code&) override {}

    void on_response_impl(int code, string_view, int, error_code&) override {
        status_ = static_cast<unsigned>(code);
    }

    void on_field_impl(boost::beast::http::field, string_view, string_view, error_code&) override {}

    void on_header_impl(error_code& ec) override {
        if (status_ < 100 || status_ > 599)
            ec = boost::beast::http::error::bad_status;
    }

    void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code&) override {}

    std::size_t on_body_impl(string_view body, error_code&) override { return look_at(body); }

    void on_chunk_header_impl(std::uint64_t, string_view, error_code&) override {}

    std::size_t on_chunk_body_impl(std::uint64_t, string_view body, error_code&) override {
        return look_at(body);
    }

    void on_finish_impl(error_code&) override {}

    std::size_t look_at(string_view body) noexcept {
        if (wanted_)
            seen_ = wanted_->feed(seen_, {body.data(), body.size()});
        return body.size();
    }

    unsigned status_ = 0;
    const body_search* wanted_;
    body_search::progress seen_ = 0;
};

} // namespace beastmark::loadgen
