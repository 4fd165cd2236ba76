#include "ingest/async_handler.hpp"

namespace beastmark::ingest {

// A request on its way through both backends, with all that their parameters point to.
struct async_handler::operation : postgres::request, memcached::set_request {
    async_handler* owner = nullptr;
    server::exchange* exchange = nullptr;
    device_insertion device;
};

async_handler::async_handler(event_loop& loop, const driver_options& options, backend_metrics& metrics)
    : request_timeout_{options.request_timeout},
      pool_{loop, pool_options_of(options), metrics.postgres},
      cache_{loop, options.memcached, metrics.memcached},
      shortage_{options.shortage} {}

async_handler::~async_handler() = default;

void async_handler::start() {
    pool_.start();
    cache_.start();
}

void async_handler::tick(std::chrono::steady_clock::time_point now) {
    pool_.tick(now);
    cache_.tick(now);
    if (shortage_ != nullptr)
        shortage_->tick();
}

void async_handler::stop() {
    pool_.stop();
    cache_.stop();
}

void async_handler::handle(server::exchange& request) {
    operation& started = borrow(request);
    if (const auto wrong = started.device.read(request.body(), uuids_)) {
        give_back(started).respond(*wrong);
        return;
    }
    started.values = started.device.values();
    started.postgres::request::key = started.device.uuid_bytes();
    started.time = started.device.time();
    pool_.submit(started);
}

void async_handler::on_inserted(postgres::request& insert, boost::system::error_code error) noexcept {
    auto& done = static_cast<operation&>(insert);
    if (error) {
        done.owner->answer_failure(done, error);
        return;
    }
    done.device.stored(insert.id);
    done.memcached::set_request::key = done.device.key();
    done.value = done.device.json();
    done.deadline = insert.submitted + done.owner->request_timeout_;
    done.owner->cache_.set(done);
}

void async_handler::on_cached(memcached::set_request& set, boost::system::error_code error) noexcept {
    auto& done = static_cast<operation&>(set);
    // The operation may be used again as soon as the answer is given: give it back last.
    done.device.respond(*done.exchange, error);
    done.owner->give_back(done);
}

void async_handler::answer_failure(operation& failed, boost::system::error_code error) {
    give_back(failed).respond(http_error_of(static_cast<postgres::errc>(error.value())));
}

async_handler::operation& async_handler::borrow(server::exchange& request) {
    if (free_.empty()) {
        operations_.push_back(std::make_unique<operation>());
        operation& made = *operations_.back();
        made.owner = this;
        made.postgres::request::done = &on_inserted;
        made.memcached::set_request::done = &on_cached;
        made.ttl_s = cache_ttl_s;
        free_.reserve(operations_.size()); // so that giving back never allocates
        free_.push_back(&made);
    }
    operation& borrowed = *free_.back();
    free_.pop_back();
    borrowed.exchange = &request;
    return borrowed;
}

server::exchange& async_handler::give_back(operation& done) {
    free_.push_back(&done);
    return *done.exchange;
}

} // namespace beastmark::ingest
