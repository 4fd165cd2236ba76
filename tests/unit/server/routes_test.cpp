#include "server/routes.hpp"

#include <gtest/gtest.h>

namespace beastmark::server {
namespace {

TEST(path_of, drops_the_query_and_the_authority) {
    EXPECT_EQ(path_of("/api/devices"), "/api/devices");
    EXPECT_EQ(path_of("/api/devices?page=2&x=/y"), "/api/devices");
    EXPECT_EQ(path_of("http://example.com:8080/api/devices?x"), "/api/devices");
    EXPECT_EQ(path_of("HTTPS://example.com/a"), "/a");
    EXPECT_EQ(path_of("http://example.com"), "/");
    EXPECT_EQ(path_of("http://example.com?x"), "");
    EXPECT_EQ(path_of("http:///a"), ""); // no host
    EXPECT_EQ(path_of("*"), "*");
}

TEST(find_route, wants_the_whole_path) {
    const route_table routes{{"/api/devices", method::get}, {"/healthz", method::get}};
    EXPECT_EQ(find_route(routes, "/healthz"), 1U);
    EXPECT_EQ(find_route(routes, "/api/devices/"), no_route);
    EXPECT_EQ(find_route(routes, "/api"), no_route);
    EXPECT_EQ(find_route(routes, ""), no_route);
}

TEST(route, get_brings_head_with_it_and_post_does_not) {
    const route get{"/", method::get};
    const route post{"/", method::post};
    EXPECT_TRUE(get.allows(method::get) && get.allows(method::head));
    EXPECT_FALSE(get.allows(method::post) || get.allows(method::other));
    EXPECT_TRUE(post.allows(method::post));
    EXPECT_FALSE(post.allows(method::head) || post.allows(method::get));
    EXPECT_EQ(get.allow(), "GET, HEAD");
    EXPECT_EQ(post.allow(), "POST");
}

} // namespace
} // namespace beastmark::server
