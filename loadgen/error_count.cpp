#include "loadgen/error_count.hpp"

#include "common/error_category.hpp"

#include <boost/system/errc.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <deque>
#include <mutex>

namespace beastmark::loadgen {

namespace {

class told_texts {
public:
    int value_of(std::string_view text) {
        constexpr std::size_t longest = 200;
        constexpr std::size_t most = 1000;
        const std::lock_guard lock(mutex_);
        text = text.substr(0, longest);
        auto known = std::find(texts_.begin(), texts_.end(), text);
        if (known == texts_.end()) {
            if (texts_.size() >= most)
                return 1;
            known = texts_.insert(texts_.end(), std::string(text));
        }
        return static_cast<int>(known - texts_.begin()) + 1; // 0 would be no error
    }

    const char* text_of(int value) {
        const std::lock_guard lock(mutex_);
        return texts_.at(static_cast<std::size_t>(value - 1)).c_str();
    }

private:
    std::mutex mutex_;
    std::deque<std::string> texts_{"other"}; // which stay where they are
};

told_texts& told() {
    static told_texts texts;
    return texts;
}

} // namespace

boost::system::error_code told_error(std::string_view text) {
    static constexpr described_category category("told", [](int value) { return told().text_of(value); });
    return {told().value_of(text), category};
}

std::string words_of(const boost::system::error_code& code) {
    if (code != boost::system::errc::address_not_available)
        return code.message();
    return code.message() + " (no local port is free for it: docs/measuring.md#connections; or this machine "
                            "has no address of its kind)";
}

std::string describe(phase where, const boost::system::error_code& code) {
    constexpr std::array<const char*, phase_count> names{"connect", "send", "read", "parse", "tls", "http2"};
    return std::string(names[static_cast<std::size_t>(where)]) + ": " + words_of(code);
}

void add_error(std::vector<error_count>& to, phase where, const boost::system::error_code& code,
               std::uint64_t n) {
    const auto known = std::find_if(to.begin(), to.end(),
                                    [&](const error_count& e) { return e.where == where && e.code == code; });
    if (known != to.end())
        known->count += n;
    else
        to.push_back({where, code, n});
}

} // namespace beastmark::loadgen
