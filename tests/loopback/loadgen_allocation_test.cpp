// A request costs no allocation: counted over a whole run, on the load's threads alone.
#include "fault_server.hpp"
#include "loadgen/run.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>

#include <pthread.h>

namespace {

std::atomic<std::uint64_t> allocations{0};

void* count_and_allocate(std::size_t size) {
    char name[16] = "";
    pthread_getname_np(pthread_self(), name, sizeof name);
    if (std::strcmp(name, "load") == 0)
        ++allocations;
    if (void* const memory = std::malloc(size == 0 ? 1 : size))
        return memory;
    throw std::bad_alloc();
}

} // namespace

void* operator new(std::size_t size) {
    return count_and_allocate(size);
}

void* operator new[](std::size_t size) {
    return count_and_allocate(size);
}

void operator delete(void* memory) noexcept {
    std::free(memory);
}

void operator delete[](void* memory) noexcept {
    std::free(memory);
}

void operator delete(void* memory, std::size_t) noexcept {
    std::free(memory);
}

void operator delete[](void* memory, std::size_t) noexcept {
    std::free(memory);
}

namespace beastmark::loadgen {
namespace {

using namespace std::chrono_literals;
using testing::answer;
using testing::fault_server;
using testing::reply;
using testing::request_seen;

std::uint64_t allocations_of(std::uint64_t requests) {
    fault_server server([](const request_seen&) { return reply{{answer()}}; });
    run_options options;
    options.targets = {parse_target(server.url())};
    const auto rate = static_cast<double>(requests);
    options.stages = {{stage_kind::hold, 1s, rate, rate, 1}};
    options.method = "POST";
    options.body = R"({"mac":"{{mac}}","n":{{seq}}})";
    options.connections = 8;
    options.timeout = 20s;
    auto what = make_plan(options);
    const auto before = allocations.load();
    const auto record = run(std::move(what), {}, {});
    const auto used = allocations - before;
    EXPECT_EQ(record.targets.front().total()->counts.of(outcome::ok), requests);
    return used;
}

TEST(loadgen_allocation, a_request_costs_none) {
    const auto few = allocations_of(100);
    const auto many = allocations_of(2100);
    EXPECT_GT(few, 0u); // the counting works
    EXPECT_LT(many, few + 100) << few << " for 100 requests, " << many << " for 2100";
}

} // namespace
} // namespace beastmark::loadgen
