#include "ingest/handler.hpp"

#include "device/device.hpp"
#include "device/timestamp.hpp"
#include "ingest/device_request.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace beastmark::ingest {

namespace {

namespace http = server::http;

constexpr const char* insert_statement = "insert into device (uuid, mac, firmware, created_at, updated_at) "
                                         "values ($1, $2, $3, $4, $4) returning id";
constexpr const char* group_statement =
    "insert into device (uuid, mac, firmware, created_at, updated_at) select u, m, f, t, t "
    "from unnest($1::uuid[], $2::text[], $3::text[], $4::timestamptz[]) as r(u, m, f, t) returning id, uuid";
constexpr std::uint32_t cache_ttl_s = 20;

constexpr server::http_error refused{http::status::internal_server_error, "database_error",
                                     "the database refused the row; it is not stored"};
constexpr server::http_error unavailable{http::status::service_unavailable, "database_unavailable",
                                         "no connection to the database; the row is not stored",
                                         server::rejection::unavailable};
constexpr server::http_error overloaded{http::status::service_unavailable, "overloaded",
                                        "too many requests wait for the database; the row is not stored",
                                        server::rejection::overload};
constexpr server::http_error outcome_unknown{
    http::status::gateway_timeout, "outcome_unknown",
    "the link to the database was lost after the statement was sent; the row may be stored"};
constexpr server::http_error timed_out{http::status::gateway_timeout, "outcome_unknown",
                                       "the database did not answer in time; the row may be stored"};

postgres::pool_options pool_options_of(const handler_options& given) {
    postgres::pool_options options = given.postgres;
    options.statement = insert_statement;
    if (given.mode == write_mode::group) {
        options.group_statement = group_statement;
    }
    options.timeout = given.request_timeout;
    return options;
}

} // namespace

// A request on its way through both backends, with all that their parameters point to.
struct devices_handler::operation : postgres::request, memcached::set_request {
    devices_handler* owner = nullptr;
    server::exchange* exchange = nullptr;
    device_request fields;
    std::optional<device::uuid_text> uuid;
    std::optional<device::timestamp> created_at;
    std::string json;
};

devices_handler::devices_handler(event_loop& loop, const handler_options& options, backend_metrics& metrics)
    : request_timeout_{options.request_timeout},
      pool_{loop, pool_options_of(options), metrics.postgres},
      cache_{loop, options.memcached, metrics.memcached},
      shortage_{options.shortage} {}

devices_handler::~devices_handler() = default;

void devices_handler::start() {
    pool_.start();
    cache_.start();
}

void devices_handler::tick(std::chrono::steady_clock::time_point now) {
    pool_.tick(now);
    cache_.tick(now);
    if (shortage_ != nullptr) {
        shortage_->tick();
    }
}

void devices_handler::stop() {
    pool_.stop();
    cache_.stop();
}

void devices_handler::handle(server::exchange& request) {
    operation& started = borrow(request);
    if (const auto wrong = read_device_request(request.body(), started.fields)) {
        give_back(started).respond(*wrong);
        return;
    }
    started.uuid = uuids_.next();
    started.created_at.emplace(std::chrono::system_clock::now());
    started.values = {started.uuid->c_str(), started.fields.mac.c_str(), started.fields.firmware.c_str(),
                      started.created_at->c_str()};
    started.postgres::request::key = started.uuid->bytes();
    started.time = started.created_at->time();
    pool_.submit(started);
}

void devices_handler::on_inserted(postgres::request& insert, boost::system::error_code error) noexcept {
    auto& done = static_cast<operation&>(insert);
    if (error) {
        done.owner->answer_failure(done, error);
        return;
    }
    done.json.clear();
    device::append_json(done.json, {.id = insert.id,
                                    .uuid = done.uuid->text(),
                                    .mac = done.fields.mac,
                                    .firmware = done.fields.firmware,
                                    .created_at = done.created_at->text(),
                                    .updated_at = done.created_at->text()});
    done.memcached::set_request::key = done.uuid->text();
    done.value = done.json;
    done.deadline = insert.submitted + done.owner->request_timeout_;
    done.owner->cache_.set(done);
}

void devices_handler::on_cached(memcached::set_request& set, boost::system::error_code error) noexcept {
    auto& done = static_cast<operation&>(set);
    // The operation may be used again as soon as the answer is given: give it back last.
    done.exchange->respond(
        server::response{.status = http::status::created,
                         .body = done.json,
                         .extra_headers = error ? "X-Cache: failed\r\n" : "X-Cache: stored\r\n"});
    done.owner->give_back(done);
}

void devices_handler::answer_failure(operation& failed, boost::system::error_code error) {
    server::exchange& request = give_back(failed);
    switch (static_cast<postgres::errc>(error.value())) {
    case postgres::errc::refused:
        return request.respond(refused);
    case postgres::errc::unavailable:
        return request.respond(unavailable);
    case postgres::errc::overloaded:
        return request.respond(overloaded);
    case postgres::errc::timed_out:
        return request.respond(timed_out);
    case postgres::errc::outcome_unknown:
        break;
    }
    request.respond(outcome_unknown);
}

devices_handler::operation& devices_handler::borrow(server::exchange& request) {
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

server::exchange& devices_handler::give_back(operation& done) {
    free_.push_back(&done);
    return *done.exchange;
}

} // namespace beastmark::ingest
