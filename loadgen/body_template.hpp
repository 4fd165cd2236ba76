// A request body with placeholders, compiled once into segments.
//
//   {{uuid}}      a version 4 UUID
//   {{seq}}       the arrival's index, from 0
//   {{rand A B}}  a whole number from A to B, both included
//   {{mac}}       six two-digit hex groups joined by '-'
//
// What a placeholder becomes depends on nothing but the seed, the arrival's index and the placeholder's
// place, so a run can be repeated to the byte, on any number of threads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace beastmark::loadgen {

class body_template {
public:
    body_template() = default;

    /// Throws std::invalid_argument with one line that names the placeholder and its position (bytes, from
    /// 1).
    explicit body_template(std::string_view text);

    /// No placeholder: render() always gives the same bytes.
    [[nodiscard]] bool constant() const noexcept;

    /// The most bytes that render() writes.
    [[nodiscard]] std::size_t max_size() const noexcept { return max_size_; }

    /// Writes the body of arrival `i`. Returns one past its end. `out` has room for max_size(). No
    /// allocation.
    char* render(char* out, std::uint64_t seed, std::uint64_t i) const noexcept;

    /// For tests and constant bodies.
    [[nodiscard]] std::string render(std::uint64_t seed, std::uint64_t i) const;

private:
    enum class kind { literal, uuid, seq, rand, mac };

    struct part {
        kind what = kind::literal;
        std::string literal;
        std::int64_t low = 0;
        std::int64_t high = 0;
    };

    void add_literal(std::string_view text);
    void add_placeholder(std::string_view content, std::size_t position);

    std::vector<part> parts_;
    std::size_t max_size_ = 0;
};

} // namespace beastmark::loadgen
