#include "ingest/postgres/link.hpp"

#include "ingest/postgres/pool.hpp"
#include "ingest/postgres/result.hpp"
#include "ingest/postgres/row_arrays.hpp"

#include <openssl/ssl.h>

#include <array>
#include <cerrno>
#include <string_view>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/epoll.h>
#include <unistd.h>

namespace beastmark::postgres {
namespace {

constexpr const char* statement_name = "beastmark";
constexpr const char* group_statement_name = "beastmark_group";
constexpr int binary_format = 1;
// In a verbose message, behind the severity, which the server translates.
constexpr std::string_view too_many_connections = ":  53300: ";

} // namespace

// --- connecting

bool link::open(const std::string& conninfo, PQnoticeReceiver receiver, void* argument) {
    error_.clear();
    // The string stands in for a database name (expand_dbname), so that a name for this program can be beside
    // it.
    static constexpr std::array<const char*, 3> keywords{"fallback_application_name", "dbname", nullptr};
    const std::array<const char*, 3> values{"beastmark-ingest", conninfo.c_str(), nullptr};
    pg_.reset(PQconnectStartParams(keywords.data(), values.data(), 1));
    if (pg_ == nullptr) {
        error_ = "out of memory";
        return false;
    }
    PQsetNoticeReceiver(pg_.get(), receiver, argument);
    PQsetErrorVerbosity(pg_.get(), PQERRORS_VERBOSE); // the one way to an SQLSTATE while it connects
    // EPOLLOUT: what PQconnectPoll would ask for first
    return PQstatus(pg_.get()) != CONNECTION_BAD && watch_socket(EPOLLOUT);
}

PostgresPollingStatusType link::connect() {
    auto wanted = PQconnectPoll(pg_.get());
    while (wanted == PGRES_POLLING_READING && decrypted_waits())
        wanted = PQconnectPoll(pg_.get());
    if (wanted == PGRES_POLLING_FAILED)
        return wanted;
    // It may be another socket now, also of the same number: next address, or TLS refused and tried without.
    const bool reading = wanted == PGRES_POLLING_READING || wanted == PGRES_POLLING_OK;
    return watch_socket(reading ? EPOLLIN : EPOLLOUT) ? wanted : PGRES_POLLING_FAILED;
}

bool link::prepare(const pool_options& options, const std::string& limit) {
    PGconn* const pg = pg_.get();
    if (PQsetnonblocking(pg, 1) != 0 || PQenterPipelineMode(pg) != 1 ||
        PQsendQueryParams(pg, limit.c_str(), 0, nullptr, nullptr, nullptr, nullptr, 0) != 1 ||
        PQsendPrepare(pg, statement_name, options.statement.c_str(), 0, nullptr) != 1 ||
        (options.groups() &&
         PQsendPrepare(pg, group_statement_name, options.group_statement.c_str(), 0, nullptr) != 1) ||
        !sync())
        return false;
    flush();
    return true;
}

// Level-triggered: libpq reads once, not to the end of what has come.
bool link::watch_socket(std::uint32_t events) {
    close_descriptor();
    const int copy = ::fcntl(PQsocket(pg_.get()), F_DUPFD_CLOEXEC, 0);
    if (copy < 0) {
        error_ = "cannot duplicate the socket's descriptor (limit reached?)";
        return false;
    }
    const auto watched = loop_.add(copy, events, hears_, event_loop::trigger::level);
    if (!watched) {
        error_ = std::generic_category().message(errno);
        ::close(copy);
        return false;
    }
    descriptor_ = copy;
    watch_ = *watched;
    watched_for_ = events;
    return true;
}

// --- reading and writing

void link::watch_for(std::uint32_t events) noexcept {
    if (std::exchange(watched_for_, events) != events)
        loop_.change(watch_, descriptor_, events);
}

bool link::decrypted_waits() const {
    const auto* const tls = static_cast<const SSL*>(PQsslStruct(pg_.get(), "OpenSSL"));
    return tls != nullptr && SSL_pending(tls) > 0;
}

bool link::send(const request& row) {
    return PQsendQueryPrepared(pg_.get(), statement_name, static_cast<int>(row.values.size()),
                               row.values.data(), nullptr, nullptr, binary_format) == 1;
}

bool link::send(const row_arrays& rows) {
    static constexpr std::array<int, row_arrays::columns> formats{binary_format, binary_format, binary_format,
                                                                  binary_format};
    const auto lengths = rows.lengths();
    return PQsendQueryPrepared(pg_.get(), group_statement_name, static_cast<int>(formats.size()),
                               rows.values().data(), lengths.data(), formats.data(), binary_format) == 1;
}

void link::flush() {
    watch_for(PQflush(pg_.get()) == 1 ? EPOLLIN | EPOLLOUT : EPOLLIN);
}

// --- the end

void link::close_descriptor() {
    ++generation_;
    if (descriptor_ < 0)
        return;
    loop_.remove(watch_, descriptor_);
    ::close(descriptor_);
    descriptor_ = -1;
}

void link::close() {
    close_descriptor(); // before libpq closes its own: the number may be another's at once
    pg_.reset();
}

std::string link::last_error() const {
    if (!error_.empty())
        return error_;
    const char* const text = PQerrorMessage(pg_.get());
    return text == nullptr || *text == '\0' ? "out of step with the server" : first_line(text);
}

// What libpq tells of a failed attempt has lines for each address it tried.
bool link::refused_for_room() const {
    const char* const text = PQerrorMessage(pg_.get());
    return text != nullptr && std::string_view(text).find(too_many_connections) != std::string_view::npos;
}

} // namespace beastmark::postgres
