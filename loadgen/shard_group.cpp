#include "loadgen/shard_group.hpp"

#include "loadgen/shard_guest.hpp"
#include "loadgen/shard_host.hpp"

namespace beastmark::loadgen {

std::unique_ptr<shard_group> make_shard_group(const plan& what, const run_options& options,
                                              metrics_endpoint* endpoint) {
    if (options.share.index > 0)
        return std::make_unique<shard_guest>(what, options);
    return std::make_unique<shard_host>(what, options, *endpoint);
}

} // namespace beastmark::loadgen
