// What was promised on a PostgreSQL connection, under results in any order, with time-outs and losses at any
// moment. Each byte of the input is a step. A model of its own keeps what the server has said: a request is
// told once what follows from that, and nothing better.
#include "ingest/postgres/error.hpp"
#include "ingest/postgres/pipeline.hpp"
#include "tests/fuzz/oracle.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string_view>
#include <vector>

namespace {

using namespace beastmark::postgres;
using beastmark::fuzz::must;
using boost::system::error_code;

constexpr std::size_t most_statements = 3;
constexpr std::size_t most_rows = 4;

struct node : request {
    bool in_flight = false;
};

// A statement and what the server has said of it.
struct statement {
    std::vector<node*> rows; // null: its caller was told that the time is over
    std::vector<node*> all;
    bool has_keys = false;
    std::map<node*, std::int64_t> came;
    bool answered = false;
    bool refused = false;
};

class history {
public:
    history() {
        for (std::size_t i = 0; i < nodes_.size(); ++i) {
            nodes_[i].key[i] = 1;
        }
    }

    void step(unsigned byte) {
        const unsigned argument = byte / 16;
        switch (byte % 16) {
        case 0:
            return send(false, 1);
        case 1:
        case 2:
            return send(true, 1 + argument % most_rows);
        case 3:
            return row();
        case 4:
        case 5:
            return keyed_row(argument);
        case 6:
            return answer(tested_.rows_end());
        case 7:
            return answer(tested_.no_row());
        case 8:
            return refuse("23505", false);
        case 9:
            return refuse(argument % 2 == 0 ? "" : "57P01", true);
        case 10:
        case 11:
            return null();
        case 12:
        case 13:
            return sync();
        case 14:
            return expire(argument);
        default:
            return fail();
        }
    }

    void end() {
        fail();
        must(std::ranges::none_of(nodes_, &node::in_flight));
    }

private:
    void send(bool group, std::size_t count) {
        now_ += std::chrono::milliseconds(1);
        if (tested_.full()) {
            return;
        }
        statement made;
        made.has_keys = group;
        request_list list;
        for (auto& n : nodes_) {
            if (!n.in_flight && list.size() < count) {
                n.in_flight = true;
                n.submitted = now_;
                list.push_back(n);
                made.all.push_back(&n);
            }
        }
        if (list.empty()) {
            return;
        }
        if (group) {
            tested_.sent(list, now_);
        } else {
            tested_.sent(list.front(), now_);
        }
        list.clear();
        made.rows = made.all;
        sent_.push_back(made);
        must(tested_.size() == sent_.size());
    }

    [[nodiscard]] bool may_answer(bool with_keys) const {
        return !sent_.empty() && !sent_.front().answered && sent_.front().has_keys == with_keys;
    }

    void row() {
        const bool fits = may_answer(false);
        must(tested_.row(++last_id_) == fits);
        if (!fits) {
            return fail();
        }
        nulls_ = 0;
        sent_.front().came[sent_.front().all.front()] = last_id_;
        sent_.front().answered = true;
    }

    void keyed_row(std::size_t index) {
        node& n = nodes_[index % nodes_.size()];
        const bool fits = may_answer(true) && std::ranges::count(sent_.front().all, &n) == 1 &&
                          !sent_.front().came.contains(&n);
        must(tested_.row(n.key, ++last_id_) == fits);
        if (!fits) {
            return fail();
        }
        sent_.front().came[&n] = last_id_;
    }

    void answer(bool taken) {
        must(taken == (!sent_.empty() && !sent_.front().answered));
        if (!taken) {
            return fail();
        }
        nulls_ = 0;
        sent_.front().answered = true;
    }

    void refuse(std::string_view sqlstate, bool ends_session) {
        const bool fits = !sent_.empty() && !ends_session;
        must(tested_.error(sqlstate, ends_session) == fits);
        if (!fits) {
            return fail();
        }
        nulls_ = 0;
        sent_.front().answered = sent_.front().refused = true;
    }

    void null() {
        if (!tested_.null()) {
            must(nulls_ >= 2);
            return fail();
        }
        ++nulls_;
    }

    void sync() {
        const bool fits = !sent_.empty() && sent_.front().answered;
        must(tested_.sync() == fits);
        if (!fits) {
            return fail();
        }
        nulls_ = 0;
        const auto done = sent_.front();
        sent_.pop_front();
        must(tested_.size() == sent_.size());
        for (node* const n : done.rows) {
            if (n == nullptr) {
                continue;
            }
            if (done.refused) {
                expect_refused(*n, done);
            } else if (const auto came = done.came.find(n); came != done.came.end()) {
                must(!expect(*n).error && n->id == came->second);
            } else {
                const auto c = expect(*n);
                must(c.error == errc::refused && !c.try_alone &&
                     n->sqlstate.data() == std::string_view("02000"));
            }
        }
        expect_no_more();
    }

    void expire(unsigned age) {
        const auto deadline = now_ - std::chrono::milliseconds(age);
        bool any = false;
        tested_.abandon_before(deadline);
        for (auto& s : sent_) {
            for (node*& n : s.rows) {
                if (n != nullptr && n->submitted < deadline) {
                    must(expect(*n).error == errc::timed_out);
                    n = nullptr;
                    any = true;
                }
            }
        }
        must(!any ||
             std::ranges::any_of(sent_, [](auto& s) { return std::ranges::count(s.rows, nullptr) > 0; }));
        must(tested_.stalled() == (!sent_.empty() && std::ranges::count(sent_.front().rows, nullptr) > 0));
        expect_no_more();
    }

    void fail() {
        tested_.fail();
        for (const auto& s : sent_) {
            for (node* const n : s.rows) {
                if (n == nullptr) {
                    continue;
                }
                if (s.refused) {
                    expect_refused(*n, s);
                } else {
                    must(expect(*n).error == errc::outcome_unknown && n->id == 0);
                }
            }
        }
        expect_no_more();
        sent_.clear();
        nulls_ = 0;
        must(tested_.empty() && !tested_.stalled());
    }

    pipeline::completion expect(node& n) {
        pipeline::completion c;
        must(tested_.next(c) && c.done == &n && n.in_flight);
        n.in_flight = false;
        return c;
    }

    void expect_refused(node& n, const statement& of) {
        const auto c = expect(n);
        must(c.error == errc::refused && c.try_alone == (of.all.size() > 1));
        must(n.sqlstate.data() == std::string_view("23505") && n.id == 0);
    }

    void expect_no_more() {
        pipeline::completion c;
        must(!tested_.next(c));
    }

    pipeline tested_{most_statements};
    std::array<node, 12> nodes_;
    std::deque<statement> sent_;
    std::int64_t last_id_ = 0;
    int nulls_ = 0; // since something else came
    pipeline::time_point now_{std::chrono::hours(1)};
};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    history played;
    for (std::size_t i = 0; i < std::min<std::size_t>(size, 4096); ++i) {
        played.step(data[i]);
    }
    played.end();
    return 0;
}
