// The judge itself: invented answers and rows, each kind of lie is found, and the truth is not accused.

#include "tests/chaos/ledger.hpp"

#include <gmock/gmock.h>

namespace beastmark::testing {

namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const std::set<int> usual = {201, 500, 503, 504};

ledger_entry answer(const std::string& mac, int status) {
    ledger_entry entry{.mac = mac, .status = status};
    entry.retryable = status == 503;
    return entry;
}

ledger_entry stored(const told_device& device) {
    ledger_entry entry = answer(device.mac, 201);
    entry.told = device;
    return entry;
}

const told_device a{1, "uuid-a", "A"};
const told_device b{2, "uuid-b", "B"};

std::vector<std::string> lies(const std::vector<ledger_entry>& entries,
                              const std::vector<told_device>& rows) {
    return judge(entries, rows, usual).violations;
}

} // namespace

TEST(ledger, accuses_nobody_of_the_truth) {
    const auto verdict =
        judge({stored(a), stored(b), answer("C", 503), answer("D", 500), answer("E", 504), answer("F", 504)},
              {a, b, {3, "uuid-f", "F"}}, usual);
    EXPECT_THAT(verdict.violations, IsEmpty());
    EXPECT_EQ(verdict.requests, 6);
    EXPECT_EQ(verdict.rows, 3);
    EXPECT_EQ(verdict.count(201), 2);
    EXPECT_EQ(verdict.count(504), 2);
    EXPECT_EQ(verdict.count(404), 0);
}

TEST(ledger, finds_a_201_without_a_row) {
    EXPECT_THAT(lies({stored(a), stored(b)}, {a}), ElementsAre("B was answered 201 and has 0 rows"));
}

TEST(ledger, finds_a_device_stored_twice) {
    const told_device again{3, "uuid-c", "A"};
    EXPECT_THAT(lies({stored(a)}, {a, again}), ::testing::Contains("A was answered 201 and has 2 rows"));
    EXPECT_THAT(lies({answer("A", 504)}, {a, again}), ElementsAre("A was answered 504 and has 2 rows"));
}

TEST(ledger, finds_a_refusal_whose_row_is_there) {
    for (const int status : {400, 404, 408, 413, 500, 503})
        EXPECT_THAT(judge({answer("A", status)}, {a}, {status}).violations,
                    ElementsAre("A was answered " + std::to_string(status) + " and has 1 rows"));
}

TEST(ledger, finds_another_id_or_uuid_in_the_row) {
    EXPECT_THAT(lies({stored(a)}, {{9, "uuid-a", "A"}}), ElementsAre(HasSubstr("its row has id 9")));
    EXPECT_THAT(lies({stored(a)}, {{1, "uuid-z", "A"}}), ElementsAre(HasSubstr("uuid uuid-z")));
}

TEST(ledger, finds_answers_that_were_exchanged) {
    ledger_entry first = stored(b);
    first.mac = "A";
    ledger_entry second = stored(a);
    second.mac = "B";
    EXPECT_THAT(lies({first, second}, {a, b}), ::testing::Contains("A was told the device of another, B"));
}

TEST(ledger, finds_a_uuid_told_or_stored_twice) {
    const told_device same{2, "uuid-a", "B"};
    EXPECT_THAT(
        lies({stored(a), stored(same)}, {a, same}),
        ElementsAre("B its uuid uuid-a is in the table twice", "B was told the uuid of another, uuid-a"));
}

TEST(ledger, finds_a_row_that_nobody_asked_for) {
    EXPECT_THAT(lies({stored(a)}, {a, b}), ElementsAre("B has a row and was not asked for"));
}

TEST(ledger, finds_silence_and_statuses_out_of_place) {
    EXPECT_THAT(lies({answer("A", 0)}, {a}), ElementsAre("A was not answered"));
    EXPECT_THAT(lies({answer("A", 0)}, {}), ElementsAre("A was not answered"));
    EXPECT_THAT(lies({answer("A", 502)}, {}), ElementsAre(HasSubstr("answered 502")));
    EXPECT_THAT(judge({answer("A", 503)}, {}, {201}).violations, ElementsAre(HasSubstr("answered 503")));
}

TEST(ledger, finds_a_503_that_does_not_say_when_to_come_back) {
    ledger_entry entry = answer("A", 503);
    entry.retryable = false;
    EXPECT_THAT(lies({entry}, {}), ElementsAre("A was answered 503 without Retry-After"));
}

TEST(ledger, service_is_back_when_nothing_fails_any_more) {
    const ledger_entry::time_point returned{100s};
    const auto at = [&](auto sent, auto answered, int status) {
        ledger_entry entry = answer("A", status);
        entry.sent = returned + sent;
        entry.answered = returned + answered;
        return entry;
    };
    const auto good = [](const ledger_entry& entry) { return entry.status == 201; };
    std::vector<ledger_entry> entries = {at(-1s, 1s, 504), at(10ms, 20ms, 201), at(20ms, 300ms, 503)};
    EXPECT_EQ(back_in_service(entries, returned, 1, good), std::nullopt) << "it failed once more";
    entries.push_back(at(310ms, 340ms, 201));
    entries.push_back(at(310ms, 320ms, 201));
    EXPECT_EQ(back_in_service(entries, returned, 2, good), 320ms);
    EXPECT_EQ(back_in_service(entries, returned, 3, good), std::nullopt) << "too few to say so";
    entries.push_back(at(330ms, 330ms, 0));
    EXPECT_EQ(back_in_service(entries, returned, 2, good), 320ms) << "without an answer yet";
}

} // namespace beastmark::testing
