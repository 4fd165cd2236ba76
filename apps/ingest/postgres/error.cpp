#include "ingest/postgres/error.hpp"

#include "common/error_category.hpp"

namespace beastmark::postgres {
namespace {

const char* describe(int value) {
    switch (static_cast<errc>(value)) {
    case errc::refused:
        return "the database refused the statement";
    case errc::unavailable:
        return "no connection to the database";
    case errc::overloaded:
        return "too many requests wait for the database";
    case errc::outcome_unknown:
        return "the link was lost after the statement was sent";
    case errc::timed_out:
        return "the database did not answer in time";
    }
    return "unknown error";
}

} // namespace

const boost::system::error_category& error_category() noexcept {
    static const described_category instance{"beastmark.postgres", describe};
    return instance;
}

} // namespace beastmark::postgres
