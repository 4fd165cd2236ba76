#include "ingest/postgres/conninfo.hpp"

#include <libpq-fe.h>

#include <algorithm>
#include <memory>
#include <stdexcept>

namespace beastmark::postgres {
namespace {

void append(std::string& to, std::string_view keyword, std::string_view value) {
    to.append(keyword).append("='");
    for (const char c : value) {
        if (c == '\'' || c == '\\')
            to += '\\';
        to += c;
    }
    to += "' ";
}

} // namespace

std::string completed_conninfo(const std::string& conninfo,
                               std::initializer_list<std::pair<std::string_view, std::string>> more) {
    const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> parsed(
        PQconninfoParse(conninfo.c_str(), nullptr), &PQconninfoFree);
    // libpq's message is kept out: it quotes from the string.
    if (parsed == nullptr)
        throw std::invalid_argument(
            "the PostgreSQL connection string is neither \"keyword=value ...\" with libpq's "
            "keywords nor \"postgresql://user@host:port/database\"");
    std::string completed;
    for (const auto* option = parsed.get(); option->keyword != nullptr; ++option) {
        const std::string_view keyword = option->keyword;
        if (option->val != nullptr &&
            std::ranges::none_of(more, [&](const auto& each) { return each.first == keyword; }))
            append(completed, keyword, option->val);
    }
    for (const auto& [keyword, value] : more)
        append(completed, keyword, value);
    return completed;
}

} // namespace beastmark::postgres
