#include "loadgen/response_parser.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace beastmark::loadgen {
namespace {

namespace http = boost::beast::http;
using boost::beast::error_code;

error_code fed(response_parser& parser, std::string_view text) {
    error_code code;
    parser.feed(boost::asio::buffer(text), code);
    return code;
}

TEST(response_parser, a_status_that_is_none_is_an_error_with_a_body_and_without) {
    for (const std::string status : {"000", "099", "600", "999"}) {
        for (const auto* const rest : {"Content-Length: 0\r\n\r\n", "Content-Length: 1\r\n\r\nx", "\r\n"}) {
            response_parser parser(false, 8192);
            EXPECT_EQ(fed(parser, "HTTP/1.1 " + status + " Odd\r\n" + rest), http::error::bad_status)
                << status;
            EXPECT_FALSE(parser.is_done()) << status;
        }
    }
}

TEST(response_parser, the_last_chunk_may_come_byte_by_byte) {
    response_parser parser(false, 8192);
    EXPECT_EQ(fed(parser, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"), error_code());
    const std::string_view end = "0\r\n\r\n";
    for (std::size_t i = 1; i < end.size(); ++i) {
        EXPECT_EQ(fed(parser, end.substr(0, i)), http::error::need_more);
        EXPECT_FALSE(parser.is_done());
    }
    EXPECT_EQ(fed(parser, end), error_code());
    EXPECT_TRUE(parser.is_done());
    EXPECT_TRUE(parser.keep_alive());
}

TEST(response_parser, informational_answers_are_told_from_the_final_one) {
    for (const auto& [status, informational] :
         {std::pair{"100", true}, {"103", true}, {"101", false}, {"204", false}}) {
        response_parser parser(false, 8192);
        EXPECT_EQ(fed(parser, std::string("HTTP/1.1 ") + status + " x\r\n\r\n"), error_code());
        EXPECT_TRUE(parser.is_done());
        EXPECT_EQ(parser.informational(), informational) << status;
    }
}

TEST(response_parser, the_answer_to_head_ends_with_its_head) {
    response_parser parser(true, 8192);
    EXPECT_EQ(fed(parser, "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n"), error_code());
    EXPECT_TRUE(parser.is_done());
}

} // namespace
} // namespace beastmark::loadgen
