#include "ingest/postgres/blocking_store.hpp"

#include "ingest/postgres/conninfo.hpp"
#include "ingest/postgres/result.hpp"

#include <algorithm>
#include <exception>
#include <string_view>

namespace beastmark::postgres {
namespace {

constexpr const char* statement_name = "beastmark";

// SQLSTATE 53300: max_connections, those of it that are reserved, and the limits of a role or a database.
constexpr std::array<std::string_view, 3> no_room{
    "too many clients already", "remaining connection slots are", "too many connections for"};

constexpr const char* no_data = "02000"; // SQL's own code for "there was no row"

// libpqxx 6 (Debian 12) prepares at the first use unless told otherwise; 7.10 (Debian 13) has other names.
#if PQXX_VERSION_MAJOR < 7
void prepare_statement(pqxx::connection& connection, const std::string& statement) {
    connection.prepare(statement_name, statement);
    connection.prepare_now(statement_name);
}

pqxx::result execute(pqxx::nontransaction& work, const std::array<const char*, 4>& values) {
    return work.exec_prepared(statement_name, values[0], values[1], values[2], values[3]);
}
#else
void prepare_statement(pqxx::connection& connection, const std::string& statement) {
    connection.prepare(statement_name, statement);
}

pqxx::result execute(pqxx::nontransaction& work, const std::array<const char*, 4>& values) {
    return work.exec(pqxx::prepped{statement_name}, pqxx::params{values[0], values[1], values[2], values[3]});
}
#endif

std::string completed(const pool_options& options) {
    const auto limit = std::chrono::ceil<std::chrono::seconds>(options.connect_timeout);
    return completed_conninfo(options.conninfo, {{"fallback_application_name", "beastmark-ingest"},
                                                 {"connect_timeout", std::to_string(limit.count())}});
}

} // namespace

blocking_store::blocking_store(const pool_options& options)
    : conninfo_(completed(options)),
      statement_(options.statement),
      server_side_limit_(server_side_limit(options)) {}

bool blocking_store::connect() {
    found_no_room_ = false;
    try {
        connection_ = std::make_unique<pqxx::connection>(conninfo_);
        lifeline_.hold(connection_->sock());
        const blocking_call until_prepared(lifeline_);
        prepare();
        return true;
    } catch (const pqxx::sql_error& error) {
        return lose(preparation_failure(error.sqlstate(), error.what()));
    } catch (const std::exception& error) {
        // Of each address a line: localhost has two.
        const std::string_view said = error.what();
        found_no_room_ =
            std::ranges::any_of(no_room, [said](auto words) { return said.find(words) != said.npos; });
        return lose(first_line(said));
    }
}

void blocking_store::prepare() {
    pqxx::nontransaction(*connection_).exec(server_side_limit_);
    prepare_statement(*connection_, statement_);
}

// libpqxx 6 would connect again at the next statement, in silence and without the limit: what is lost is
// thrown away.
bool blocking_store::is_alive() {
    try {
        // More than once: the server's last words and the end of the connection may come apart.
        for (int looks = 0; connection_->is_open() && lifeline_.has_news() && looks < 4; ++looks)
            connection_->get_notifs();
        return connection_->is_open() || lose("the server closed the connection");
    } catch (const std::exception& error) {
        return lose(first_line(error.what()));
    }
}

// The server answers a statement refused and goes on. Where the connection is gone as well, it has ended the
// session (57P01 and the like, which libpqxx reports as it does a refusal) or the link has failed: both say
// nothing about a commit.
boost::system::error_code blocking_store::insert(const std::array<const char*, 4>& values, std::int64_t& id) {
    const blocking_call until_answered(lifeline_);
    try {
        pqxx::nontransaction work(*connection_); // the server's own transaction for each statement
        const auto rows = execute(work, values);
        if (!rows.empty()) {
            id = rows[0][0].as<std::int64_t>();
            return {};
        }
        sqlstate_ = no_data; // a trigger that returned null
        reason_ = "no row was stored";
        return errc::refused;
    } catch (const pqxx::sql_error& error) {
        sqlstate_ = error.sqlstate();
        reason_ = first_line(error.what());
        if (connection_->is_open() && !sqlstate_.empty())
            return errc::refused;
        lose(reason_);
    } catch (const std::exception& error) {
        lose(first_line(error.what()));
    }
    return errc::outcome_unknown;
}

bool blocking_store::lose(const std::string& reason) {
    reason_ = reason;
    close();
    return false;
}

void blocking_store::close() {
    lifeline_.let_go();
    connection_.reset();
}

} // namespace beastmark::postgres
