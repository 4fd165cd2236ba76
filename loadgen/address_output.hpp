// The figures of each address of a target, for people and for result.json.
#pragma once

#include "loadgen/address_tally.hpp"

#include <nlohmann/json_fwd.hpp>

#include <string>

namespace beastmark::loadgen {

/// `addresses` of docs/result.md; null for a target with one address.
nlohmann::json addresses_json(const address_tallies& all);

/// A table of the first addresses, and a sentence for each that stands out. Empty for a target with one
/// address, or whose others the service does not offer.
std::string addresses_text(const address_tallies& all);

} // namespace beastmark::loadgen
