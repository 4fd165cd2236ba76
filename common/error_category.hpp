// The error category of a library of ours: a name, and a function from value to message.
#pragma once

#include <boost/system/error_code.hpp>

#include <string>

namespace beastmark {

// Boost's error_category has a protected, non-virtual destructor on purpose.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wnon-virtual-dtor"

class described_category final : public boost::system::error_category {
public:
    using describe = const char* (*)(int value);

    constexpr described_category(const char* name, describe of) noexcept : name_{name}, message_{of} {}

    [[nodiscard]] const char* name() const noexcept override { return name_; }

    [[nodiscard]] std::string message(int value) const override { return message_(value); }

private:
    const char* name_;
    describe message_;
};

#pragma GCC diagnostic pop

} // namespace beastmark
