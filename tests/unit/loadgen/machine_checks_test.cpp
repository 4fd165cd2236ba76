#include "loadgen/machine_checks.hpp"
#include "loadgen/machine_facts.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <unistd.h>

namespace beastmark::loadgen {
namespace {

using namespace std::chrono_literals;
using testing::Each;
using testing::Field;
using testing::HasSubstr;

/// A machine with four cores on which everything is as it should be.
machine_facts good_machine() {
    return {.descriptors = 20'000,
            .descriptors_most = 20'000,
            .ports = 28'232,
            .reuse = 2,
            .cpus = 4,
            .backlog = 4096,
            .clock_source = "tsc",
            .timer_resolution = 1ns,
            .timer_p99_us = 60};
}

finding find(std::string_view check, const machine_facts& machine, const load_wish& wish = {}) {
    for (const auto& f : check_machine(machine, wish))
        if (f.check == check)
            return f;
    ADD_FAILURE() << "no check " << check;
    return {};
}

void expect(const finding& f, finding_kind is, const char* way_out) {
    EXPECT_EQ(name_of(f.is), name_of(is)) << f.check << ": " << f.text;
    EXPECT_THAT(f.way_out, HasSubstr(way_out));
    EXPECT_EQ(f.way_out.empty(), is == finding_kind::ok) << f.check;
}

TEST(machine_checks, a_good_machine_has_nothing_to_complain_about) {
    const auto all = check_machine(good_machine(), {.rate = 20'000, .connections = 64, .threads = 3});
    EXPECT_EQ(all.size(), 7u);
    EXPECT_THAT(all, Each(Field(&finding::is, finding_kind::ok)));
    EXPECT_THAT(all, Each(Field(&finding::way_out, "")));
    EXPECT_THAT(all, Each(Field(&finding::text, testing::Not(""))));
}

TEST(machine_checks, the_hard_descriptor_limit_counts_for_loadgen_raises_the_soft_one) {
    auto machine = good_machine();
    machine.descriptors = 1024;
    expect(find("descriptors", machine, {.connections = 19'924, .threads = 2}), finding_kind::ok, "");
    expect(find("descriptors", machine, {.connections = 19'925, .threads = 2}), finding_kind::problem,
           "ulimit -Hn 20001");
    EXPECT_THAT(find("descriptors", machine).text, HasSubstr("1,024 now"));
    machine.descriptors_most = ~0ULL;
    EXPECT_THAT(find("descriptors", machine).text, HasSubstr("no limit"));
}

TEST(machine_checks, each_connection_to_an_address_needs_a_port) {
    auto machine = good_machine();
    machine.ports = 1000;
    expect(find("ports", machine, {.connections = 800}), finding_kind::ok, "");
    expect(find("ports", machine, {.connections = 801}), finding_kind::warning, "ip_local_port_range");
    expect(find("ports", machine, {.connections = 1001}), finding_kind::problem, "ip_local_port_range");
}

TEST(machine_checks, a_port_rests_a_minute_unless_it_is_reused) {
    auto machine = good_machine();
    machine.ports = 6000;
    machine.reuse = 0;
    expect(find("ports", machine, {.rate = 100}), finding_kind::ok, "");
    expect(find("ports", machine, {.rate = 101}), finding_kind::warning, "tcp_tw_reuse");
    expect(find("ports", machine), finding_kind::ok, "");
    for (const unsigned reuse : {1U, 2U}) {
        machine.reuse = reuse;
        expect(find("ports", machine, {.rate = 6000}), finding_kind::ok, "");
        expect(find("ports", machine, {.rate = 6001}), finding_kind::warning, "closes each connection");
    }
    EXPECT_THAT(find("ports", machine).text, HasSubstr("100/s to others"));
}

TEST(machine_checks, threads_have_cores_and_quota_of_their_own) {
    auto machine = good_machine();
    expect(find("cores", machine, {.threads = 4}), finding_kind::ok, "");
    expect(find("cores", machine, {.threads = 5}), finding_kind::problem, "ask for 4 with -t");
    machine.quota_cores = 2.5;
    expect(find("cores", machine, {.threads = 2}), finding_kind::ok, "");
    expect(find("cores", machine, {.threads = 3}), finding_kind::warning, "ask for 2 with -t");
    machine = good_machine();
    machine.cpus = 1;
    expect(find("cores", machine), finding_kind::warning, "shares it");
}

TEST(machine_checks, the_backlog_holds_what_connects_at_once) {
    auto machine = good_machine();
    machine.backlog = 128;
    expect(find("somaxconn", machine, {.connections = 5000, .threads = 2}), finding_kind::ok, "");
    expect(find("somaxconn", machine, {.connections = 128, .threads = 3}), finding_kind::ok, "");
    expect(find("somaxconn", machine, {.connections = 129, .threads = 3}), finding_kind::warning, "to 129");
}

TEST(machine_checks, a_slow_clock_source_is_a_problem_an_unknown_one_a_warning) {
    auto machine = good_machine();
    for (const char* const fast : {"tsc", "kvm-clock", "arch_sys_counter"}) {
        machine.clock_source = fast;
        expect(find("clock", machine), finding_kind::ok, "");
    }
    for (const char* const slow : {"hpet", "acpi_pm", "jiffies"}) {
        machine.clock_source = slow;
        expect(find("clock", machine), finding_kind::problem, "clocksource=");
    }
    machine.clock_source = "sundial";
    expect(find("clock", machine), finding_kind::warning, "available_clocksource");
}

TEST(machine_checks, timers_are_fine_and_come_in_time) {
    auto machine = good_machine();
    machine.timer_resolution = 4ms;
    expect(find("timer", machine), finding_kind::problem, "high-resolution");
    machine = good_machine();
    machine.timer_p99_us = 1001;
    expect(find("timer", machine), finding_kind::warning, "quieter machine");
    machine.timer_p99_us.reset();
    expect(find("timer", machine), finding_kind::ok, "");
}

TEST(machine_checks, steal_is_a_warning_above_a_tick) {
    auto machine = good_machine();
    machine.steal_share = 0.01;
    expect(find("steal", machine), finding_kind::ok, "");
    machine.steal_share = 0.2;
    expect(find("steal", machine), finding_kind::warning, "quieter machine");
    EXPECT_THAT(find("steal", machine).text, HasSubstr("20.0 %"));
}

TEST(machine_checks, what_the_kernel_does_not_say_is_left_out) {
    auto machine = good_machine();
    machine.ports.reset();
    machine.backlog.reset();
    machine.clock_source.clear();
    EXPECT_EQ(check_machine(machine, {}).size(), 4u);
}

class fixture_tree {
public:
    fixture_tree()
        : root_(std::filesystem::temp_directory_path() / ("machine_facts." + std::to_string(::getpid()))) {}

    ~fixture_tree() { std::filesystem::remove_all(root_); }

    fixture_tree(const fixture_tree&) = delete;
    fixture_tree& operator=(const fixture_tree&) = delete;

    void write(const char* file, const char* content) const {
        std::filesystem::create_directories((root_ / file).parent_path());
        std::ofstream(root_ / file) << content;
    }

    [[nodiscard]] const std::filesystem::path& root() const { return root_; }

private:
    std::filesystem::path root_;
};

TEST(machine_facts, are_read_from_the_kernels_files) {
    const fixture_tree tree;
    tree.write("proc/sys/net/ipv4/ip_local_port_range", "32768\t60999\n");
    tree.write("proc/sys/net/ipv4/tcp_tw_reuse", "2\n");
    tree.write("proc/sys/net/core/somaxconn", "4096\n");
    tree.write("sys/devices/system/clocksource/clocksource0/current_clocksource", "kvm-clock\n");
    const auto found = gather_machine_facts(tree.root());
    EXPECT_EQ(found.ports, 28'232u);
    EXPECT_EQ(found.reuse, 2u);
    EXPECT_EQ(found.backlog, 4096u);
    EXPECT_EQ(found.clock_source, "kvm-clock");
    EXPECT_GE(found.cpus, 1u);
    EXPECT_GT(found.descriptors, 0u);
    EXPECT_GE(found.descriptors_most, found.descriptors);
    EXPECT_GT(found.timer_resolution, 0ns);
}

TEST(machine_facts, missing_and_malformed_files_say_nothing) {
    const fixture_tree tree;
    tree.write("proc/sys/net/ipv4/ip_local_port_range", "60999 32768\n");
    tree.write("proc/sys/net/core/somaxconn", "many\n");
    const auto found = gather_machine_facts(tree.root());
    EXPECT_EQ(found.ports, std::nullopt);
    EXPECT_EQ(found.reuse, std::nullopt);
    EXPECT_EQ(found.backlog, std::nullopt);
    EXPECT_EQ(found.clock_source, "");
}

} // namespace
} // namespace beastmark::loadgen
