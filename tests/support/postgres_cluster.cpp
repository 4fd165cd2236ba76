#include "tests/support/postgres_cluster.hpp"

#include "tests/support/certificate_authority.hpp"
#include "tests/support/ports.hpp"

#include <libpq-fe.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <string_view>
#include <utility>

#include <pwd.h>
#include <unistd.h>

namespace beastmark::testing {

namespace {

namespace fs = std::filesystem;

constexpr const char* unprivileged = "postgres"; // PostgreSQL refuses to run as root

/// Of the newest version installed; Debian keeps the servers' programs out of PATH.
fs::path binary(const std::string& name) {
    fs::path found;
    int newest = 0;
    std::error_code none;
    for (const auto& entry : fs::directory_iterator("/usr/lib/postgresql", none)) {
        const int version = std::atoi(entry.path().filename().c_str());
        if (version > newest && fs::exists(entry.path() / "bin" / name)) {
            newest = version;
            found = entry.path() / "bin" / name;
        }
    }
    return found.empty() ? fs::path(name) : found;
}

void give_to_postgres(const fs::path& path) {
    if (::geteuid() != 0)
        return;
    const passwd* user = ::getpwnam(unprivileged);
    if (user == nullptr || ::chown(path.c_str(), user->pw_uid, user->pw_gid) != 0)
        throw std::runtime_error("cannot give " + path.string() + " to the user postgres");
}

using connection = std::unique_ptr<PGconn, decltype(&::PQfinish)>;
using result = std::unique_ptr<PGresult, decltype(&::PQclear)>;

/// A session of a server that may be full: whoever was refused just now has a place until its process has
/// ended, if it must be one of those kept for superusers.
connection connect(const std::string& where) {
    connection link(nullptr, &::PQfinish);
    wait_until([&] {
        link.reset(::PQconnectdb(where.c_str()));
        return std::string_view(::PQerrorMessage(link.get())).find("too many clients") ==
               std::string_view::npos;
    });
    return link;
}

} // namespace

postgres_cluster::postgres_cluster(postgres_options options) : options_(std::move(options)) {
    give_to_postgres(directory_.path());
    initialise();
    start();
}

postgres_cluster::~postgres_cluster() {
    thaw();
    stop(shutdown::immediate);
}

void postgres_cluster::initialise() {
    const auto finished =
        run({.arguments = {binary("initdb"), "--no-sync", "--username=postgres", "--auth=trust",
                           "--encoding=UTF8", "--locale=C", "--pgdata", directory_.path() / "data"},
             .environment = {"LC_ALL=C"},
             .user = unprivileged,
             .directory = directory_.path()});
    if (finished.status != exit_status{0, 0})
        throw std::runtime_error("initdb: " + to_string(finished.status) + "\n" + finished.err);
    if (!options_.configuration.empty())
        std::ofstream(directory_.path() / "data" / "postgresql.conf", std::ios::app)
            << std::ifstream(options_.configuration).rdbuf();
    if (options_.tls)
        certificate_authority(directory_.path(), unprivileged).issue("localhost", "server");
    write_access_rules();
}

void postgres_cluster::write_access_rules() const {
    std::ofstream(directory_.path() / "data" / "pg_hba.conf")
        << "local all all trust\n"
        << (options_.tls ? "hostssl" : "host") << " all all 127.0.0.1/32 "
        << (options_.password.empty() ? "trust" : "scram-sha-256") << "\n";
}

fs::path postgres_cluster::authority() const {
    return certificate_authority::certificate_in(directory_.path());
}

bool postgres_cluster::try_start() {
    process_options options{.arguments = {binary("postgres"), "-D", directory_.path() / "data", "-p",
                                          std::to_string(port_), "-c", "listen_addresses=127.0.0.1", "-c",
                                          "unix_socket_directories=" + directory_.path().string()},
                            .environment = {"LC_ALL=C"},
                            .user = unprivileged,
                            .directory = directory_.path(),
                            .death_signal = SIGQUIT}; // its "immediate" shutdown: frees shared memory
    if (options_.tls)
        options.arguments.insert(options.arguments.end(),
                                 {"-c", "ssl=on", "-c",
                                  "ssl_cert_file=" + (directory_.path() / "server.crt").string(), "-c",
                                  "ssl_key_file=" + (directory_.path() / "server.key").string()});
    for (const auto& setting : options_.settings)
        options.arguments.insert(options.arguments.end(), {"-c", setting});
    server_ = process(options);
    const auto ready = [&] {
        return !server_.running() || ::PQping(socket_connection_string().c_str()) == PQPING_OK;
    };
    return wait_until(ready, 60s, 10ms) && server_.running();
}

void postgres_cluster::start() {
    for (int attempt = 0; attempt < 5; ++attempt) {
        if (!started_once_) // later it must keep the port that the services know
            port_ = free_port();
        if (!try_start())
            continue;
        if (!started_once_ && !options_.password.empty())
            query("ALTER ROLE postgres PASSWORD '" + options_.password + "'");
        started_once_ = true;
        return;
    }
    throw std::runtime_error("PostgreSQL does not start:\n" + server_.err());
}

void postgres_cluster::stop(shutdown how) {
    server_.signal(how == shutdown::fast ? SIGINT : SIGQUIT);
    if (!server_.wait(60s))
        server_.kill();
}

void postgres_cluster::restart(shutdown how) {
    stop(how);
    start();
}

void postgres_cluster::crash() {
    const auto pids = sessions();
    server_.kill();
    if (!wait_until([&] { return std::all_of(pids.begin(), pids.end(), has_ended); }, 60s))
        throw std::runtime_error("sessions of PostgreSQL outlive it");
}

/// Each backend is a child in a session of its own: a signal to the group does not reach it.
std::vector<::pid_t> postgres_cluster::sessions() const {
    std::vector<::pid_t> pids{server_.pid()};
    const std::string id = std::to_string(server_.pid());
    std::ifstream children("/proc/" + id + "/task/" + id + "/children");
    for (::pid_t pid; children >> pid;)
        pids.push_back(pid);
    return pids;
}

void postgres_cluster::freeze() {
    for (const auto pid : sessions())
        testing::freeze(pid);
}

void postgres_cluster::thaw() {
    if (!server_.running())
        return;
    for (const auto pid : sessions())
        ::kill(pid, SIGCONT);
}

std::string postgres_cluster::connection_string() const {
    return "host=127.0.0.1 port=" + std::to_string(port_) + " user=postgres dbname=postgres";
}

std::string postgres_cluster::uri() const {
    return "postgresql://postgres@127.0.0.1:" + std::to_string(port_) + "/postgres";
}

std::string postgres_cluster::socket_connection_string() const {
    return "host=" + directory_.path().string() + " port=" + std::to_string(port_) +
           " user=postgres dbname=postgres";
}

postgres_rows postgres_cluster::query(const std::string& sql) {
    const auto link = connect(socket_connection_string());
    const result answer(::PQexec(link.get(), sql.c_str()), &::PQclear);
    const auto status = ::PQresultStatus(answer.get());
    if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK)
        throw std::runtime_error(sql + ": " + ::PQerrorMessage(link.get()));
    postgres_rows rows;
    for (int row = 0; row < ::PQntuples(answer.get()); ++row) {
        auto& cells = rows.emplace_back();
        for (int column = 0; column < ::PQnfields(answer.get()); ++column)
            cells.emplace_back(::PQgetisnull(answer.get(), row, column) != 0
                                   ? "<null>"
                                   : ::PQgetvalue(answer.get(), row, column));
    }
    return rows;
}

std::string postgres_cluster::value(const std::string& sql) {
    const auto rows = query(sql);
    if (rows.empty())
        throw std::runtime_error(sql + ": no rows");
    return rows.front().front();
}

std::int64_t postgres_cluster::count(const std::string& table) {
    return std::stoll(value("SELECT count(*) FROM " + table));
}

} // namespace beastmark::testing
