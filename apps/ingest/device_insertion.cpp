#include "ingest/device_insertion.hpp"

#include "device/device.hpp"

#include <chrono>

namespace beastmark::ingest {

namespace {

namespace http = server::http;

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

} // namespace

std::optional<server::http_error> device_insertion::read(std::string_view body, device::uuid_source& uuids) {
    const auto wrong = read_device_request(body, fields_);
    if (!wrong) {
        uuid_ = uuids.next();
        created_at_.emplace(std::chrono::system_clock::now());
    }
    return wrong;
}

std::array<const char*, 4> device_insertion::values() const {
    return {uuid_->c_str(), fields_.mac.c_str(), fields_.firmware.c_str(), created_at_->c_str()};
}

void device_insertion::stored(std::int64_t id) {
    json_.clear();
    device::append_json(json_, {.id = id,
                                .uuid = uuid_->text(),
                                .mac = fields_.mac,
                                .firmware = fields_.firmware,
                                .created_at = created_at_->text(),
                                .updated_at = created_at_->text()});
}

void device_insertion::respond(server::exchange& to, boost::system::error_code cache_error) const {
    to.respond(
        server::response{.status = http::status::created,
                         .body = json_,
                         .extra_headers = cache_error ? "X-Cache: failed\r\n" : "X-Cache: stored\r\n"});
}

const server::http_error& http_error_of(postgres::errc error) noexcept {
    switch (error) {
    case postgres::errc::refused:
        return refused;
    case postgres::errc::unavailable:
        return unavailable;
    case postgres::errc::overloaded:
        return overloaded;
    case postgres::errc::timed_out:
        return timed_out;
    case postgres::errc::outcome_unknown:
        break;
    }
    return outcome_unknown;
}

} // namespace beastmark::ingest
