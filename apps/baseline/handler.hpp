// GET /api/devices with three hardcoded devices: the HTTP stack alone.
#pragma once

#include "server/handler.hpp"

#include <string>

namespace beastmark::baseline {

/// Serialises the three devices of the contract for each request.
class devices_handler final : public server::handler {
public:
    void handle(server::exchange& request) override;

private:
    std::string body_;
};

} // namespace beastmark::baseline
