#include "tests/chaos/backends.hpp"

#include "tests/support/service.hpp"
#include "tests/support/wait.hpp"

#include <stdexcept>
#include <utility>

namespace beastmark::testing {

namespace {

constexpr int crowd_of_memcached = 64; // more than -c of the one that is crowded

std::string as_role(const std::string& role, std::uint16_t port) {
    return "host=127.0.0.1 port=" + std::to_string(port) + " dbname=postgres user=" + role;
}

/// Waits for what a test takes for granted.
template <class Condition>
void await(const std::string& what, Condition condition) {
    if (!wait_until(std::move(condition)))
        throw std::runtime_error(what + " in vain");
}

std::string told_by(http_client& link, const std::string& command) {
    link.send(command);
    return link.receive_some(patience);
}

} // namespace

backends::backends() {
    for (const std::string role : {"beastmark", "crowd"})
        postgres.query("CREATE ROLE " + role + " LOGIN");
    postgres.query("GRANT CREATE ON SCHEMA public TO beastmark");
    make_table();
}

std::string backends::connection_string() const {
    return as_role("beastmark", postgres_link.port());
}

void backends::make_table() {
    const auto made = run({.arguments = {built_program("ingest"), "--init-schema", "--postgres",
                                         as_role("beastmark", postgres.port())}});
    if (made.status != exit_status{0, 0})
        throw std::runtime_error("ingest --init-schema: " + made.err);
}

std::vector<told_device> backends::rows_from(const std::string& mac) {
    std::vector<told_device> rows;
    for (const std::string table : {"device", "put_aside"}) {
        if (postgres.value("SELECT to_regclass('" + table + "')") == "<null>")
            continue;
        for (auto& row : postgres.query("SELECT id, uuid, mac FROM " + table + " WHERE mac >= '" + mac + "'"))
            rows.push_back({.id = std::stoll(row[0]), .uuid = std::move(row[1]), .mac = std::move(row[2])});
    }
    return rows;
}

void backends::drop_table() {
    postgres.query(
        "BEGIN; LOCK TABLE device; CREATE TABLE put_aside AS TABLE device; DROP TABLE device; COMMIT");
}

void backends::end_sessions() {
    postgres.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'beastmark'");
}

void backends::await_postgres() {
    const std::string role = as_role("beastmark", postgres.port());
    await("waiting for PostgreSQL", [&] {
        const session link(::PQconnectdb(role.c_str()), &::PQfinish);
        return ::PQstatus(link.get()) == CONNECTION_OK;
    });
}

void backends::await_memcached() const {
    const auto port = other_memcached_ ? other_memcached_->port() : memcached.port();
    await("waiting for memcached", [port] {
        try {
            http_client link(port);
            return told_by(link, "version\r\n").starts_with("VERSION");
        } catch (const http_error&) {
            return false;
        }
    });
}

void backends::fill_postgres() {
    postgres_link.set({.what = link_fault::kind::reset}); // so that ingest does not take what it lost
    end_sessions();
    const std::string role = as_role("crowd", postgres.port());
    await("filling PostgreSQL", [&] {
        for (;;) {
            session link(::PQconnectdb(role.c_str()), &::PQfinish);
            if (::PQstatus(link.get()) != CONNECTION_OK)
                break;
            postgres_crowd_.push_back(std::move(link));
        }
        return postgres.value("SELECT count(*) FROM pg_stat_activity WHERE usename = 'beastmark'") == "0";
    });
    postgres_link.heal();
}

void backends::leave_postgres() {
    postgres_crowd_.clear();
    await_postgres();
}

void backends::replace_memcached(std::vector<std::string> options) {
    other_memcached_.emplace(std::move(options));
    memcached_link.lead_to(other_memcached_->port());
    memcached_link.reset();
}

void backends::restore_memcached() {
    memcached_link.lead_to(memcached.port());
    memcached_link.reset();
    other_memcached_.reset();
}

void backends::fill_memcached() {
    http_client link(other_memcached_->port());
    int entries = 0;
    for (const int size :
         {100, 130, 160, 200, 250, 310}) // so that none of the size classes around has a place
        for (const std::string value(static_cast<std::size_t>(size), 'x');;) {
            const auto told = told_by(link, "set fill" + std::to_string(++entries) + " 0 0 " +
                                                std::to_string(size) + "\r\n" + value + "\r\n");
            if (told != "STORED\r\n")
                break;
        }
}

void backends::flush_memcached() {
    http_client link(other_memcached_->port());
    told_by(link, "flush_all\r\n");
}

void backends::crowd_memcached() {
    memcached_link.set({.what = link_fault::kind::reset}); // so that ingest does not take what it lost
    for (int i = 0; i < crowd_of_memcached; ++i)
        memcached_crowd_.emplace_back(other_memcached_->port());
    memcached_link.heal();
}

} // namespace beastmark::testing
