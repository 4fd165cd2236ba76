#include "ingest/memcached/error.hpp"

#include "common/error_category.hpp"

namespace beastmark::memcached {
namespace {

const char* describe(int value) {
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

} // namespace

const boost::system::error_category& error_category() noexcept {
    static const described_category instance{"beastmark.memcached", describe};
    return instance;
}

} // namespace beastmark::memcached
