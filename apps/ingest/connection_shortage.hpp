// Tells when PostgreSQL gives fewer connections than --pool asks for: once, with the numbers of all cores.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace beastmark::ingest {

class ingest_collector;

/// Used by one core, whose pool alone does not know how many connections the others have.
class connection_shortage {
public:
    /// @param metrics outlives it. @param asked for connections, of all cores.
    connection_shortage(const ingest_collector& metrics, std::size_t asked)
        : metrics_{metrics}, asked_{asked} {}

    /// Looks at the counters and logs what there is to say.
    void tick();

    /// What there is to say, empty when nothing: once the numbers have stood still from one look to the next,
    /// and other ones than were told last.
    [[nodiscard]] std::string look(std::size_t connected, std::uint64_t refused);

private:
    const ingest_collector& metrics_;
    std::size_t asked_;
    std::size_t connected_ = 0; // at the look before
    std::uint64_t refused_ = 0;
    std::uint64_t refused_when_told_ = 0;
    std::optional<std::size_t> told_; // of so many; empty: of no shortage
};

} // namespace beastmark::ingest
