// A body, a header's value or the target of a request with placeholders, compiled once into segments.
//
//   {{uuid}}      a version 4 UUID
//   {{seq}}       the arrival's index, from 0
//   {{rand A B}}  a whole number from A to B, both included
//   {{mac}}       six two-digit hex groups joined by '-'
//   {{pick FILE}} a line of the file, which is read once
//   {{pad N}}     N times the letter x
//
// What a placeholder becomes depends on nothing but the seed, the arrival's index and the placeholder's
// place, so a run can be repeated to the byte, on any number of threads.
#pragma once

#include "loadgen/line_files.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace beastmark::loadgen {

/// Where a template's text goes, which says what it may hold.
enum class template_place { body, header, target };

class body_template {
public:
    body_template() = default;

    /// A body, whose files are relative to where the program was started. Throws as the other one.
    explicit body_template(std::string_view text);

    /// Throws std::invalid_argument with one line that names the placeholder and its position (bytes, from
    /// 1), or a picked line that would break a header or a target: which holds a control character, in a
    /// target also a blank or what is not ASCII. std::runtime_error when a file cannot be read.
    body_template(std::string_view text, template_place where, line_files& files);

    /// Of a text in which braces mean nothing.
    static body_template literal(std::string_view text);

    void append(std::string_view literal);
    void append(const body_template& other);

    /// No placeholder: render() always gives the same bytes.
    [[nodiscard]] bool constant() const noexcept;

    /// Of one that is constant: those bytes.
    [[nodiscard]] std::string_view constant_text() const noexcept;

    /// The most bytes that render() writes.
    [[nodiscard]] std::size_t max_size() const noexcept { return max_size_; }

    /// Writes the text of arrival `i`. Returns one past its end. `out` has room for max_size(). No
    /// allocation.
    char* render(char* out, std::uint64_t seed, std::uint64_t i) const noexcept;

    /// For tests and constant bodies.
    [[nodiscard]] std::string render(std::uint64_t seed, std::uint64_t i) const;

    /// A CRC-32 of all that it is made from, files included, begun with `crc`: other templates have another.
    [[nodiscard]] std::uint32_t checksum(std::uint32_t crc) const;

private:
    enum class kind { literal, uuid, seq, rand, mac, pick };

    struct part {
        kind what = kind::literal;
        std::string literal;
        std::int64_t low = 0;
        std::int64_t high = 0;
        std::shared_ptr<const line_file> lines{};
    };

    void add(part p);
    void compile(std::string_view text, template_place where, line_files& files);
    void add_placeholder(std::string_view content, std::size_t position, template_place where,
                         line_files& files);

    std::vector<part> parts_; // no two literals follow one another
    std::size_t max_size_ = 0;
};

} // namespace beastmark::loadgen
