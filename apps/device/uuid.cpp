#include "device/uuid.hpp"

#include <algorithm>
#include <cerrno>
#include <system_error>

#include <sys/random.h>

namespace beastmark::device {

uuid_text::uuid_text(std::array<std::uint8_t, 16> bytes) : bytes_{bytes} {
    constexpr std::string_view hex = "0123456789abcdef";
    auto out = text_.begin();
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        if (i == 4 || i == 6 || i == 8 || i == 10) {
            *out++ = '-';
        }
        *out++ = hex[bytes[i] >> 4U];
        *out++ = hex[bytes[i] & 15U];
    }
    *out = '\0';
}

uuid_text uuid_source::next() {
    std::array<std::uint8_t, 16> bytes;
    if (used_ + bytes.size() > random_.size()) {
        for (std::size_t filled = 0; filled < random_.size();) {
            const auto got = getrandom(random_.data() + filled, random_.size() - filled, 0);
            if (got < 0 && errno != EINTR) {
                throw std::system_error{errno, std::generic_category(), "getrandom"};
            }
            filled += static_cast<std::size_t>(std::max<ssize_t>(got, 0));
        }
        used_ = 0;
    }
    std::copy_n(random_.begin() + static_cast<std::ptrdiff_t>(used_), bytes.size(), bytes.begin());
    used_ += bytes.size();
    bytes[6] = static_cast<std::uint8_t>((bytes[6] & 0x0fU) | 0x40U); // version 4
    bytes[8] = static_cast<std::uint8_t>((bytes[8] & 0x3fU) | 0x80U); // variant of RFC 9562
    return uuid_text{bytes};
}

} // namespace beastmark::device
