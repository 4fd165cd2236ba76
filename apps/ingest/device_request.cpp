#include "ingest/device_request.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace beastmark::ingest {

namespace {

using nlohmann::json;
using server::errors::bad_request;

enum class found { missing, text, other };

// Receives nlohmann's SAX events: no document is built. The lexer has checked UTF-8 and surrogates by then.
class reader {
public:
    explicit reader(device_request& into) : into_{into} {}

    [[nodiscard]] bool is_object() const { return is_object_; }

    [[nodiscard]] found mac() const { return mac_; }

    [[nodiscard]] found firmware() const { return firmware_; }

    // NLOHMANN's names and signatures (json_sax). Each returns whether to read on.
    bool null() { return other(); }

    bool boolean(bool) { return other(); }

    bool number_integer(json::number_integer_t) { return other(); }

    bool number_unsigned(json::number_unsigned_t) { return other(); }

    bool number_float(json::number_float_t, const json::string_t&) { return other(); }

    bool binary(json::binary_t&) { return other(); }

    bool string(json::string_t& value) {
        if (depth_ == 1 && current_ != nullptr) {
            *current_found_ = found::text;
            current_->assign(value);
            current_ = nullptr;
            return true;
        }
        return other();
    }

    bool key(json::string_t& name) {
        if (depth_ == 1) {
            select(name);
        }
        return true;
    }

    bool start_object(std::size_t) {
        is_object_ = is_object_ || depth_ == 0;
        return open();
    }

    bool start_array(std::size_t) { return open(); }

    bool end_object() { return close(); }

    bool end_array() { return close(); }

    bool parse_error(std::size_t, const std::string&, const json::exception&) { return false; }

private:
    void select(const std::string& name) {
        current_ = nullptr;
        if (name == "mac") {
            current_ = &into_.mac;
            current_found_ = &mac_;
        } else if (name == "firmware") {
            current_ = &into_.firmware;
            current_found_ = &firmware_;
        }
    }

    bool other() {
        if (depth_ == 1 && current_ != nullptr) {
            *current_found_ = found::other;
            current_ = nullptr;
        }
        return true;
    }

    bool open() {
        other();
        ++depth_;
        return true;
    }

    bool close() {
        --depth_;
        return true;
    }

    device_request& into_;
    std::string* current_ = nullptr; // the field whose value comes next, if it is one of ours
    found* current_found_ = nullptr;
    found mac_ = found::missing;
    found firmware_ = found::missing;
    std::size_t depth_ = 0;
    bool is_object_ = false;
};

bool is_hex_digit(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

bool is_mac(std::string_view text) {
    constexpr std::size_t length = 17;
    if (text.size() != length) {
        return false;
    }
    for (std::size_t i = 0; i < length; ++i) {
        if (i % 3 == 2 ? text[i] != '-' : !is_hex_digit(text[i])) {
            return false;
        }
    }
    return true;
}

// Characters of valid UTF-8: bytes that do not continue another.
std::size_t characters(std::string_view text) {
    return static_cast<std::size_t>(
        std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U; }));
}

std::optional<server::http_error> check_mac(found state, std::string_view text) {
    switch (state) {
    case found::missing:
        return bad_request("the field mac is missing");
    case found::other:
        return bad_request("the field mac must be a string");
    case found::text:
        break;
    }
    if (!is_mac(text)) {
        return bad_request("the field mac must be six two-digit hex groups joined by '-'");
    }
    return std::nullopt;
}

std::optional<server::http_error> check_firmware(found state, std::string_view text) {
    constexpr std::size_t limit = 64;
    switch (state) {
    case found::missing:
        return bad_request("the field firmware is missing");
    case found::other:
        return bad_request("the field firmware must be a string");
    case found::text:
        break;
    }
    if (text.empty() || characters(text) > limit) {
        return bad_request("the field firmware must have 1 to 64 characters");
    }
    if (text.find('\0') != std::string_view::npos) {
        return bad_request("the field firmware must not hold a NUL character");
    }
    return std::nullopt;
}

} // namespace

std::optional<server::http_error> read_device_request(std::string_view body, device_request& into) {
    reader events{into};
    // JSON has no NUL (RFC 8259 section 7), but nlohmann's lexer takes it for the end of the text.
    if (body.find('\0') != std::string_view::npos || !json::sax_parse(body.begin(), body.end(), &events)) {
        return bad_request("the body is not valid JSON in UTF-8");
    }
    if (!events.is_object()) {
        return bad_request("the body must be a JSON object");
    }
    if (auto wrong = check_mac(events.mac(), into.mac)) {
        return wrong;
    }
    return check_firmware(events.firmware(), into.firmware);
}

} // namespace beastmark::ingest
