// One POST /api/devices on its way into both backends: what every driver does with it in the same way.
#pragma once

#include "device/timestamp.hpp"
#include "device/uuid.hpp"
#include "ingest/device_request.hpp"
#include "ingest/postgres/error.hpp"
#include "server/handler.hpp"

#include <boost/system/error_code.hpp>

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace beastmark::ingest {

/// Takes the values of device_insertion::values(), returns the row's id.
inline constexpr const char* insert_statement =
    "insert into device (uuid, mac, firmware, created_at, updated_at) "
    "values ($1, $2, $3, $4, $4) returning id";

/// The same for many rows: takes the arrays of postgres::row_arrays, returns id and uuid of each.
inline constexpr const char* group_statement =
    "insert into device (uuid, mac, firmware, created_at, updated_at) select u, m, f, t, t "
    "from unnest($1::uuid[], $2::text[], $3::text[], $4::timestamptz[]) as r(u, m, f, t) returning id, uuid";

inline constexpr std::uint32_t cache_ttl_s = 20;

/// Meant to be used again: its strings keep their memory.
class device_insertion {
public:
    /// Reads the request, and names and dates the device.
    /// @return why it is refused, or nothing when values() are there.
    std::optional<server::http_error> read(std::string_view body, device::uuid_source& uuids);

    /// Valid until the next read().
    [[nodiscard]] std::array<const char*, 4> values() const;

    /// What those say, for a statement of many rows. Precondition: read() refused nothing.
    [[nodiscard]] const std::array<std::uint8_t, 16>& uuid_bytes() const { return uuid_->bytes(); }

    [[nodiscard]] std::chrono::sys_time<std::chrono::microseconds> time() const {
        return created_at_->time();
    }

    /// The row has this id: writes the JSON of the answer and of the cache entry.
    void stored(std::int64_t id);

    /// Key and value of the cache entry, after stored().
    [[nodiscard]] std::string_view key() const { return uuid_->text(); }

    [[nodiscard]] std::string_view json() const { return json_; }

    /// The row is the truth: 201, whatever became of the cache entry.
    void respond(server::exchange& to, boost::system::error_code cache_error) const;

private:
    device_request fields_;
    std::optional<device::uuid_text> uuid_;
    std::optional<device::timestamp> created_at_;
    std::string json_;
};

/// The answer to an insert that failed.
const server::http_error& http_error_of(postgres::errc error) noexcept;

} // namespace beastmark::ingest
