#include "ingest/schema.hpp"

#include <pqxx/pqxx>

#include <algorithm>
#include <stdexcept>

namespace beastmark::ingest {

namespace {

// libpq's messages have several lines and end with one.
std::string one_line(std::string text) {
    std::replace(text.begin(), text.end(), '\n', ' ');
    text.erase(text.find_last_not_of(' ') + 1);
    return text;
}

} // namespace

void create_schema(const std::string& conninfo) {
    try {
        pqxx::connection connection{conninfo};
        pqxx::work work{connection};
        work.exec("set local client_min_messages = warning"); // that it exists already is no news
        // "if not exists" alone fails in one of two that create at the same moment.
        work.exec("select pg_advisory_xact_lock(hashtext('beastmark.device'))");
        work.exec("create table if not exists device ("
                  "id bigint generated always as identity primary key,"
                  "uuid uuid not null,"
                  "mac text not null,"
                  "firmware text not null,"
                  "created_at timestamptz not null,"
                  "updated_at timestamptz not null)");
        work.commit();
    } catch (const std::exception& error) {
        throw std::runtime_error{"cannot create the table device: " + one_line(error.what())};
    }
}

} // namespace beastmark::ingest
