// What a request costs the service: no allocation, and about two system calls.
#include "baseline/handler.hpp"
#include "hand_driven_core.hpp"
#include "tests/support/counted_allocations.hpp"
#include "tests/support/http_client.hpp"
#include "tests/support/service.hpp"
#include "tests/support/temporary_directory.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace beastmark::testing {
namespace {

const server::route_table routes{{"/api/devices", server::method::get}};

std::string requests(int count) {
    std::string all;
    for (int i = 0; i < count; ++i)
        all += "GET /api/devices HTTP/1.1\r\nHost: test\r\nUser-Agent: x\r\nAccept: */*\r\n\r\n";
    return all;
}

// Allocations of the core while `connections` clients ask for `batch` each, so many times.
std::uint64_t allocations_of(int connections, int batch, int rounds) {
    hand_driven_core served{routes, std::make_unique<baseline::devices_handler>()};
    std::vector<client_end> clients;
    for (int i = 0; i < connections; ++i)
        clients.push_back(served.connect());
    const auto bytes = requests(batch);
    std::uint64_t used = 0;
    const auto before_all = allocations();
    for (int round = -3; round < rounds; ++round) { // the first ones allocate what is kept
        for (const auto& client : clients)
            EXPECT_TRUE(client.send(bytes));
        const auto before = allocations();
        served.turn(2);
        if (round >= 0)
            used += allocations() - before;
        for (const auto& client : clients)
            EXPECT_GT(client.drop(), static_cast<std::size_t>(batch) * 600);
    }
    EXPECT_GT(allocations(), before_all); // the counting works
    return used;
}

TEST(server_cost, every_kind_of_allocation_is_counted) {
    struct alignas(64) aligned {
        char byte = 0;
    };

    const auto before = allocations();
    const auto one = std::make_unique<int>(1);
    const auto many = std::make_unique<int[]>(3);
    const auto one_aligned = std::make_unique<aligned>();
    const auto many_aligned = std::make_unique<aligned[]>(3);
    EXPECT_EQ(allocations() - before, 4U);
    // Looked at, so that none is optimised away.
    [[maybe_unused]] const void* volatile seen = one.get();
    seen = many.get();
    seen = one_aligned.get();
    seen = many_aligned.get();
}

TEST(server_cost, a_request_allocates_nothing) {
    EXPECT_EQ(allocations_of(1, 1, 1000), 0U);
}

TEST(server_cost, a_pipelined_batch_allocates_nothing) {
    EXPECT_EQ(allocations_of(1, 64, 50), 0U);
}

TEST(server_cost, requests_of_many_connections_allocate_nothing) {
    EXPECT_EQ(allocations_of(64, 1, 50), 0U);
}

/// strace may not look: its words.
class not_allowed : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

// System calls of the service, from strace's summary, while each of the clients has so many answers.
double calls_per_request(service& running, std::vector<http_client>& clients, int rounds) {
    const temporary_directory scratch;
    const std::string summary = (scratch.path() / "calls").string();
    process strace(
        {.arguments = {"strace", "-c", "-f", "-o", summary, "-p", std::to_string(running.running().pid())}});
    if (!wait_until([&] { return strace.err().find("attached") != std::string::npos || !strace.running(); }))
        throw std::runtime_error("strace does not attach: " + strace.err());
    if (const auto said = strace.err(); said.find("not permitted") != std::string::npos)
        throw not_allowed(said);
    if (const auto said = strace.err(); said.find("attached") == std::string::npos)
        throw std::runtime_error("strace: " + said);
    const auto one = requests(1);
    for (int round = 0; round < rounds; ++round) {
        for (auto& client : clients)
            client.send(one);
        for (auto& client : clients)
            EXPECT_EQ(client.receive().status, 200);
    }
    strace.signal(SIGINT); // it lets go and writes
    strace.wait();
    std::ifstream file(summary);
    for (std::string line; std::getline(file, line);) {
        if (!line.ends_with("total"))
            continue;
        std::istringstream words(line);
        std::string percent;
        std::string seconds;
        std::string average;
        double calls = 0;
        words >> percent >> seconds >> average >> calls;
        return calls / (static_cast<double>(rounds) * static_cast<double>(clients.size()));
    }
    throw std::runtime_error("no total in strace's summary: " + strace.err());
}

TEST(server_cost, a_request_of_many_at_once_costs_about_two_system_calls) {
    service running({.program = "baseline", .arguments = {"--threads", "1"}});
    std::vector<http_client> clients;
    for (int i = 0; i < 64; ++i)
        clients.emplace_back(running.port());
    double least = 1e9;
    for (int attempt = 0; attempt < 5 && least > 2.2; ++attempt) // a busy machine sends them one by one
        try {
            least = std::min(least, calls_per_request(running, clients, 50));
        } catch (const not_allowed& why) {
            GTEST_SKIP() << why.what();
        }
    EXPECT_LE(least, 2.2);
    EXPECT_GE(least, 1.9); // each is read and answered on its own: the counting works
}

} // namespace
} // namespace beastmark::testing
