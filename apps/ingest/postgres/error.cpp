#include "ingest/postgres/error.hpp"

#include <string>

namespace beastmark::postgres {
namespace {

// Boost's error_category has a protected, non-virtual destructor on purpose.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wnon-virtual-dtor"

class category final : public boost::system::error_category {
public:
    [[nodiscard]] const char* name() const noexcept override { return "beastmark.postgres"; }

    [[nodiscard]] std::string message(int value) const override {
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
};

#pragma GCC diagnostic pop

} // namespace

const boost::system::error_category& error_category() noexcept {
    static const category instance;
    return instance;
}

} // namespace beastmark::postgres
