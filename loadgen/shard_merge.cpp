#include "loadgen/shard_merge.hpp"

#include "loadgen/json_parts.hpp"
#include "loadgen/shard_second.hpp"
#include "loadgen/shard_test.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <functional>
#include <stdexcept>
#include <utility>

namespace beastmark::loadgen {

using nlohmann::json;
using namespace std::chrono_literals;

namespace {

constexpr auto row_length = 1s;

constexpr std::uint64_t most_shards = 10'000; // as --shard

// The last answer may come a timeout after the arrivals; a loop that stood still is later.
std::size_t most_rows(const plan& what) {
    return static_cast<std::size_t>((what.arrivals.duration() + what.timeout) / row_length) + 60;
}

bool came_to_its_end(const shard_facts& shard) {
    return shard.end && shard.end->signal == 0;
}

} // namespace

struct shard_merge::input {
    std::string name;
    std::string text;
    json test;
    known_test known;
    std::uint64_t of = 1;
    std::vector<shard_facts> shards;
    // Lines of `text`: of each thread that told of that second.
    std::map<std::pair<std::size_t, std::size_t>, std::vector<std::string_view>> seconds{}; // row, target

    // `check` throws when the test is not the one wanted: before anything is made of it.
    static std::unique_ptr<input> parse(const std::string& name, std::string text,
                                        const std::function<void(const json& test)>& check);

private:
    void take_second(const json& line, std::string_view text_of_line, std::vector<std::uint64_t>& offered);
    void take_ends(const json& ended);
    void take_lines(std::string_view rest);
};

std::unique_ptr<shard_merge::input>
shard_merge::input::parse(const std::string& name, std::string text,
                          const std::function<void(const json& test)>& check) {
    const auto fail = [&](std::string_view why) {
        return std::runtime_error(fmt::format("{}: {}", name, why));
    };
    const auto head_end = std::min(text.find('\n'), text.size());
    const auto head = parse_shallow(std::string_view(text).substr(0, head_end));
    if (part_of(head, "schema") != shard_schema)
        throw fail(fmt::format("not the {} of a shard (schema {})", shard_file_name, shard_schema));
    try {
        const json& test = head.at("test");
        check(test);
        std::vector<shard_facts> shards;
        for (const json& each : head.at("shards"))
            shards.push_back(read_facts(each));
        auto made = std::make_unique<input>(input{.name = name,
                                                  .text = std::move(text),
                                                  .test = test,
                                                  .known = read_test(test),
                                                  .of = head.at("of").get<std::uint64_t>(),
                                                  .shards = std::move(shards)});
        if (made->of > most_shards)
            throw std::runtime_error(fmt::format("one of {} shards, more than there can be", made->of));
        if (made->shards.empty())
            throw std::runtime_error("there is no shard in it");
        for (const auto& s : made->shards)
            if (s.index >= made->of)
                throw std::runtime_error(fmt::format("there is no shard {} of {}", s.index, made->of));
        if (head_end < made->text.size())
            made->take_lines(std::string_view(made->text).substr(head_end + 1));
        return made;
    } catch (const json::exception& problem) {
        throw fail(problem.what());
    } catch (const std::runtime_error& problem) {
        throw fail(problem.what());
    }
}

void shard_merge::input::take_lines(std::string_view rest) {
    std::vector<std::uint64_t> offered(known.what.targets.size());
    for (std::size_t number = 2; !rest.empty(); ++number) {
        const auto end = rest.find('\n');
        if (end == std::string_view::npos)
            break; // cut off while it was written
        const auto line = rest.substr(0, end);
        rest.remove_prefix(end + 1);
        try {
            const auto parsed = parse_shallow(line);
            if (!parsed.is_object())
                throw std::runtime_error("not JSON");
            if (parsed.contains("ended"))
                take_ends(parsed.at("ended"));
            else
                take_second(parsed, line, offered);
        } catch (const std::exception& problem) {
            throw std::runtime_error(fmt::format("line {}: {}", number, problem.what()));
        }
    }
    for (auto& s : shards) {
        if (s.offered.empty() && shards.size() == 1)
            s.offered = offered;
        if (s.offered.size() != known.what.targets.size())
            throw std::runtime_error("\"offered\" is not of as many targets as there are");
    }
}

void shard_merge::input::take_second(const json& line, std::string_view text_of_line,
                                     std::vector<std::uint64_t>& offered) {
    const auto segments = known.what.arrivals.segments().size();
    const auto second = read_second(line, known.what.targets.size(), segments);
    if (second.block.row >= most_rows(known.what))
        throw std::runtime_error(fmt::format("second {} is after the end", second.block.row));
    const auto first_stage =
        known.what.warmup.count() > 0 ? known.what.arrivals.segment_at(known.what.warmup) : 0;
    offered[second.block.target] += offered_from(second, first_stage);
    seconds[{second.block.row, second.block.target}].push_back(text_of_line);
}

void shard_merge::input::take_ends(const json& ended) {
    for (const json& each : ended) {
        const auto index = each.at("index").get<std::uint64_t>();
        for (auto& s : shards)
            if (s.index == index)
                s.end = read_end(each);
    }
}

bool merged_run::complete() const {
    return shards.size() == of && std::all_of(shards.begin(), shards.end(), came_to_its_end);
}

const shard_facts* merged_run::find(std::uint64_t index) const {
    const auto at =
        std::find_if(shards.begin(), shards.end(), [&](const shard_facts& s) { return s.index == index; });
    return at == shards.end() ? nullptr : &*at;
}

std::uint64_t merged_run::not_offered(std::uint64_t index, std::size_t target) const {
    const auto& all = record.what.arrivals;
    if (all.closed_loop())
        return 0;
    const stripe share(all, index, of);
    const auto due = share.count_below(all.arrivals_before(record.duration)) -
                     share.count_below(all.arrivals_before(std::min(record.what.warmup, record.duration)));
    const auto* const shard = find(index);
    const auto offered = shard == nullptr ? 0 : shard->offered[target];
    return due - std::min(due, offered);
}

shard_merge::shard_merge() = default;

shard_merge::shard_merge(json test) : test_(std::move(test)), test_of_("this one") {}

shard_merge::~shard_merge() = default;

void shard_merge::add(const std::string& name, std::string text, std::optional<std::uint64_t> only) {
    auto fresh = input::parse(name, std::move(text), [&](const json& test) { require_same_test(test); });
    if (only && (fresh->shards.size() != 1 || fresh->shards.front().index != *only))
        throw std::runtime_error(fmt::format("{}: not the share of shard {}", name, *only));
    require_new(*fresh);
    if (test_.is_null()) {
        test_ = fresh->test;
        test_of_ = name;
    }
    inputs_.push_back(std::move(fresh));
}

void shard_merge::require_same_test(const json& test) const {
    if (test_.is_null())
        return;
    if (const auto what = difference(test_, test); !what.empty())
        throw std::runtime_error(fmt::format("of another test than {}: {}", test_of_, what));
}

void shard_merge::require_new(const input& other) const {
    for (const auto& known : inputs_) {
        if (known->of != other.of)
            throw std::runtime_error(fmt::format("{}: one of {} shards, {} is one of {}", other.name,
                                                 other.of, known->name, known->of));
        for (const auto& a : known->shards)
            for (const auto& b : other.shards)
                if (a.index == b.index)
                    throw std::runtime_error(fmt::format("{}: shard {} is in {}, too: give each shard once",
                                                         other.name, a.index, known->name));
    }
}

std::vector<shard_facts> shard_merge::facts() const {
    std::vector<shard_facts> all;
    for (const auto& i : inputs_)
        all.insert(all.end(), i->shards.begin(), i->shards.end());
    std::sort(all.begin(), all.end(),
              [](const shard_facts& a, const shard_facts& b) { return a.index < b.index; });
    return all;
}

run_record shard_merge::prepare(const std::vector<shard_facts>& shards) const {
    run_record record{.what = inputs_.front()->known.what};
    record.what.threads = 0;
    record.what.connections = 0;
    record.started_at = shards.front().started_at;
    for (const auto& s : shards) {
        record.what.threads += s.threads;
        record.what.connections += s.connections;
        record.started_at = std::min(record.started_at, s.started_at);
        if (!s.end)
            continue;
        record.ended_at = std::max(record.ended_at, s.end->at);
        record.duration = std::max(record.duration, s.end->duration);
        if (!s.end->stopped_on || (record.stopped && record.stopped->at <= s.end->stopped_at))
            continue;
        for (std::size_t i = 0; i < record.what.targets.size(); ++i)
            if (record.what.targets[i].name == *s.end->stopped_on)
                record.stopped = stop_event{i, s.end->stopped_at};
    }
    const auto planned = record.what.arrivals.duration();
    for (const auto& i : inputs_) // of shards that were cut off only what they told is known
        if (!i->seconds.empty() && record.ended_at == std::chrono::system_clock::time_point{})
            record.duration = std::max<run_time>(
                record.duration,
                row_length * static_cast<run_time::rep>(i->seconds.rbegin()->first.first + 1));
    record.duration = std::clamp(record.duration, run_time{}, planned);
    for (std::size_t i = 0; i < record.what.targets.size(); ++i)
        record.targets.emplace_back(record.what.arrivals, 1, record.what.warmup, record.what.spin,
                                    record.what.rules.automatic ? record.what.connections : 0);
    return record;
}

shard_second shard_merge::sum_of(std::size_t row, std::size_t target) const {
    const auto& what = inputs_.front()->known.what;
    shard_second sum;
    sum.block.target = target;
    sum.block.row = row;
    sum.block.counts = std::make_unique<interval>();
    for (const auto& i : inputs_) {
        const auto told = i->seconds.find({row, target});
        if (told == i->seconds.end())
            continue;
        for (const auto line : told->second)
            merge(sum, read_second(json::parse(line), what.targets.size(), what.arrivals.segments().size()));
    }
    if (sum.block.ends == run_time{}) // nobody told of it
        sum.block.ends = row_length * static_cast<run_time::rep>(row + 1);
    return sum;
}

void shard_merge::replay(merged_run& into, const run_observer& tell) const {
    auto& record = into.record;
    std::vector<std::size_t> rows(record.targets.size());
    for (const auto& i : inputs_)
        for (const auto& [where, lines] : i->seconds)
            rows[where.second] = std::max(rows[where.second], where.first + 1);
    const auto most = *std::max_element(rows.begin(), rows.end());
    for (std::size_t row = 0; row < most; ++row) {
        for (std::size_t target = 0; target < rows.size(); ++target) {
            if (row >= rows[target])
                continue;
            auto second = sum_of(row, target);
            second.block.last = row + 1 == rows[target];
            into.text += second_json(second.block, second.machine).dump() + '\n';
            record.targets[target].take(second.machine);
            record.targets[target].take(second.block, [&](const latencies& times) {
                if (tell.row_closed)
                    tell.row_closed(record, target, times);
            });
        }
    }
}

merged_run shard_merge::finish(const run_observer& tell) const {
    auto shards = facts();
    merged_run merged{.record = prepare(shards),
                      .options = inputs_.front()->known.options,
                      .of = inputs_.front()->of,
                      .shards = std::move(shards),
                      .text = {}};
    merged.options.labels = merged.shards.front().labels;
    json head{{"schema", shard_schema},
              {"test", inputs_.front()->test},
              {"of", merged.of},
              {"shards", json::array()}};
    json ended = json::array();
    for (const auto& s : merged.shards) {
        head["shards"].push_back(facts_json(s));
        if (s.end)
            ended.push_back(end_json(s.index, *s.end));
    }
    merged.text = head.dump() + '\n';
    auto& record = merged.record;
    if (tell.started)
        tell.started(record, {});
    replay(merged, tell);
    if (!ended.empty())
        merged.text += json{{"ended", std::move(ended)}}.dump() + '\n';
    record.last_event = record.duration;
    for (const auto& t : record.targets)
        if (!t.rows().empty())
            record.last_event = std::max(record.last_event, t.rows().back().ends);
    record.ended_at = std::max(record.ended_at,
                               record.started_at +
                                   std::chrono::duration_cast<std::chrono::milliseconds>(record.last_event));
    return merged;
}

} // namespace beastmark::loadgen
