#include "ingest/memcached/error.hpp"

#include <string>

namespace beastmark::memcached {
namespace {

// Boost's error_category has a protected, non-virtual destructor on purpose.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wnon-virtual-dtor"

class category final : public boost::system::error_category {
public:
    [[nodiscard]] const char* name() const noexcept override { return "beastmark.memcached"; }

    [[nodiscard]] std::string message(int value) const override {
        switch (static_cast<errc>(value)) {
        case errc::refused:
            return "the cache refused the item";
        case errc::unavailable:
            return "no connection to the cache";
        case errc::overloaded:
            return "too many sets wait for the cache";
        case errc::timed_out:
            return "the cache did not answer in time";
        case errc::lost:
            return "the link was lost after the set was sent";
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

} // namespace beastmark::memcached
