#include "ingest/blocking_handler.hpp"

#include <array>
#include <atomic>
#include <cstdint>
#include <random>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>

namespace beastmark::ingest {

namespace {

// Counts the links by state, on the core's thread.
template <class Of>
void show(const std::vector<std::unique_ptr<worker>>& workers, Of of, operation_metrics& into) {
    std::array<std::int64_t, 3> links{};
    std::uint64_t reconnects = 0;
    for (const auto& each : workers) {
        ++links[static_cast<std::size_t>(of(*each).state.load(std::memory_order_relaxed))];
        reconnects += of(*each).reconnects.value();
    }
    into.connecting.set(links[static_cast<std::size_t>(worker::link_state::connecting)]);
    into.idle.set(links[static_cast<std::size_t>(worker::link_state::idle)]);
    into.used.set(links[static_cast<std::size_t>(worker::link_state::used)]);
    into.reconnects.add(reconnects - into.reconnects.value());
}

} // namespace

blocking_handler::blocking_handler(event_loop& loop, const driver_options& options, backend_metrics& metrics)
    : postgres_(postgres::checked(pool_options_of(options))),
      memcached_(options.memcached),
      shortage_(options.shortage),
      metrics_(metrics),
      database_log_(postgres_.name, "the database", postgres_.connections),
      cache_log_(memcached_.name, "the cache", postgres_.connections),
      jobs_(postgres_.max_queued, [this, &loop] { loop.post([this] { collect(); }); }),
      turns_(postgres_.pacing, std::random_device()()) {
    start_workers(options.core);
}

blocking_handler::~blocking_handler() {
    stop();
}

void blocking_handler::start_workers(std::size_t core) {
    const worker_environment shared{.jobs = jobs_,
                                    .turns = turns_,
                                    .database_log = database_log_,
                                    .cache_log = cache_log_,
                                    .postgres = postgres_,
                                    .memcached = memcached_};
    std::random_device seed;
    const auto wanted = postgres_.connections;
    try {
        while (workers_.size() < wanted) {
            const auto name = "worker-" + std::to_string(core) + "-" + std::to_string(workers_.size());
            workers_.push_back(std::make_unique<worker>(shared, name, seed()));
        }
    } catch (const std::system_error& error) {
        const auto started = workers_.size();
        stop();
        throw std::runtime_error("only " + std::to_string(started) + " of the " + std::to_string(wanted) +
                                 " worker threads that --pool asks of a core can be started (" +
                                 error.code().message() + "): raise the limit, or lower --pool");
    }
    show_links();
}

bool blocking_handler::ready() const {
    return jobs_.workers_up() > abandoned_;
}

void blocking_handler::handle(server::exchange& request) {
    operation& started = borrow(request);
    if (const auto wrong = started.device.read(request.body(), uuids_)) {
        free_.push_back(&started);
        request.respond(*wrong);
        return;
    }
    started.submitted = std::chrono::steady_clock::now();
    started.deadline = started.submitted + postgres_.timeout;
    unanswered_.push_back(started);
    if (const auto refused = jobs_.submit(started, abandoned_))
        fail(started, *refused);
}

// --- what the workers have done

void blocking_handler::collect() {
    jobs_.collect(done_);
    for (job* const each : done_)
        complete(static_cast<operation&>(*each));
    if (!ready())
        fail_waiting();
}

void blocking_handler::complete(operation& done) {
    metrics_.postgres.wait_time.record(done.taken - done.submitted);
    if (drop_abandoned(done))
        return;
    if (done.insert_error)
        return fail(done, static_cast<postgres::errc>(done.insert_error.value()));
    metrics_.postgres.record({}, done.inserted - done.submitted);
    metrics_.memcached.record(done.cache_error, done.cached - done.inserted);
    unanswered_.erase(unanswered_.iterator_to(done));
    done.device.respond(*done.exchange, done.cache_error);
    free_.push_back(&done); // last: the answer is copied from it
}

bool blocking_handler::drop_abandoned(operation& late) {
    if (late.exchange != nullptr)
        return false;
    --abandoned_;
    free_.push_back(&late);
    return true;
}

void blocking_handler::fail(operation& failed, postgres::errc error) {
    if (drop_abandoned(failed))
        return;
    metrics_.postgres.record(error, std::chrono::steady_clock::now() - failed.submitted);
    unanswered_.erase(unanswered_.iterator_to(failed));
    server::exchange& request = *failed.exchange;
    free_.push_back(&failed);
    request.respond(http_error_of(error));
}

// --- time and the end

void blocking_handler::tick(std::chrono::steady_clock::time_point now) {
    expire(now);
    for (const auto& each : workers_)
        each->cut_older_than(now - postgres_.hard_limit);
    if (!ready())
        fail_waiting();
    show_links();
    if (shortage_ != nullptr)
        shortage_->tick();
}

void blocking_handler::expire(std::chrono::steady_clock::time_point now) {
    while (job* const waited = jobs_.withdraw(now - postgres_.longest_wait()))
        fail(static_cast<operation&>(*waited), postgres::errc::overloaded);
    while (!unanswered_.empty() && unanswered_.front().deadline <= now)
        abandon(unanswered_.front(), now);
}

// A worker is still at it: what is known now is the answer, its result is dropped.
void blocking_handler::abandon(operation& late, std::chrono::steady_clock::time_point now) {
    unanswered_.erase(unanswered_.iterator_to(late));
    server::exchange& request = *std::exchange(late.exchange, nullptr);
    ++abandoned_;
    if (late.committed.load(std::memory_order_acquire)) {
        const auto cache_error = make_error_code(memcached::errc::timed_out);
        metrics_.postgres.record({}, late.inserted - late.submitted);
        metrics_.memcached.record(cache_error, now - late.inserted);
        late.device.respond(request, cache_error);
    } else {
        metrics_.postgres.record(postgres::errc::timed_out, now - late.submitted);
        request.respond(http_error_of(postgres::errc::timed_out));
    }
}

void blocking_handler::fail_waiting() {
    while (job* const waiting = jobs_.withdraw())
        fail(static_cast<operation&>(*waiting), postgres::errc::unavailable);
}

void blocking_handler::show_links() {
    show(workers_, [](const worker& each) -> const auto& { return each.database(); }, metrics_.postgres);
    show(workers_, [](const worker& each) -> const auto& { return each.cache(); }, metrics_.memcached);
    metrics_.postgres.queued.set(static_cast<std::int64_t>(jobs_.size()));
    metrics_.postgres.refused.add(turns_.refused() - metrics_.postgres.refused.value());
}

blocking_handler::operation& blocking_handler::borrow(server::exchange& request) {
    if (free_.empty()) {
        operations_.push_back(std::make_unique<operation>());
        free_.reserve(operations_.size()); // so that giving back never allocates
        free_.push_back(operations_.back().get());
    }
    operation& borrowed = *free_.back();
    free_.pop_back();
    borrowed.exchange = &request;
    borrowed.committed.store(false, std::memory_order_relaxed);
    return borrowed;
}

void blocking_handler::stop() {
    jobs_.stop();
    turns_.stop();
    fail_waiting();
    for (const auto& each : workers_)
        each->cut();
    for (const auto& each : workers_)
        each->join();
    collect();
    fail_waiting(); // what a worker gave back
}

} // namespace beastmark::ingest
