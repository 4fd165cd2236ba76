#include "loadgen/body_search.hpp"
#include "loadgen/response_parser.hpp"

#include <boost/asio/buffer.hpp>
#include <gtest/gtest.h>

#include <random>
#include <string>

namespace beastmark::loadgen {
namespace {

bool found_in_pieces(const std::string& wanted, const std::string& body, std::size_t piece) {
    const body_search search(wanted);
    body_search::progress seen = 0;
    for (std::size_t at = 0; at < body.size(); at += piece)
        seen = search.feed(seen, std::string_view(body).substr(at, piece));
    return search.found(seen);
}

TEST(body_search, finds_a_text_wherever_the_pieces_break) {
    for (std::size_t piece = 1; piece < 12; ++piece) {
        EXPECT_TRUE(found_in_pieces("needle", "hay needle hay", piece));
        EXPECT_TRUE(found_in_pieces("aab", "aaab", piece)); // begins anew inside itself
        EXPECT_TRUE(found_in_pieces("abacabad", "abacabacabad", piece));
        EXPECT_TRUE(found_in_pieces("end", "the end", piece));
        EXPECT_FALSE(found_in_pieces("needle", "need le", piece));
        EXPECT_FALSE(found_in_pieces("endless", "the end", piece));
    }
    EXPECT_TRUE(found_in_pieces("", "", 1));
    EXPECT_TRUE(found_in_pieces("", "anything", 3));
}

TEST(body_search, agrees_with_the_library_on_random_texts) {
    std::mt19937 random(7);
    std::uniform_int_distribution<int> letter('a', 'b');
    std::uniform_int_distribution<std::size_t> length(1, 6);
    int found = 0;
    for (int i = 0; i < 20'000; ++i) {
        std::string wanted(length(random), ' ');
        std::string body(20, ' ');
        for (auto& c : wanted)
            c = static_cast<char>(letter(random));
        for (auto& c : body)
            c = static_cast<char>(letter(random));
        const bool there = body.find(wanted) != std::string::npos;
        found += there ? 1 : 0;
        ASSERT_EQ(found_in_pieces(wanted, body, length(random)), there) << wanted << " in " << body;
    }
    EXPECT_GT(found, 1000);
    EXPECT_LT(found, 19'000);
}

bool parsed(const std::string& answer, std::size_t piece, const body_search* wanted) {
    response_parser parser(false, 16 * 1024, wanted);
    std::string pending;
    for (std::size_t at = 0; at < answer.size() && !parser.is_done(); at += piece) {
        pending += answer.substr(at, piece);
        boost::system::error_code code;
        pending.erase(0, parser.put(boost::asio::buffer(pending), code));
    }
    EXPECT_TRUE(parser.is_done());
    return parser.body_as_expected();
}

TEST(body_search, looks_at_bodies_with_a_length_and_in_chunks_and_not_at_heads) {
    const body_search wanted("\"ok\":true");
    const std::string with_length =
        "HTTP/1.1 200 OK\r\nX-Note: \"ok\":true\r\nContent-Length: 11\r\n\r\n{\"ok\":true}";
    const std::string other = "HTTP/1.1 200 OK\r\nX-Note: \"ok\":true\r\nContent-Length: 4\r\n\r\nnone";
    const std::string chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                                "4\r\n{\"ok\r\n7\r\n\":true}\r\n0\r\n\r\n";
    for (const std::size_t piece : {1u, 3u, 7u, 1000u}) {
        EXPECT_TRUE(parsed(with_length, piece, &wanted));
        EXPECT_FALSE(parsed(other, piece, &wanted));
        EXPECT_TRUE(parsed(chunked, piece, &wanted));
        EXPECT_TRUE(parsed(other, piece, nullptr));
    }
}

} // namespace
} // namespace beastmark::loadgen
