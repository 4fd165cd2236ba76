// --requests FILE: several requests of one run, each with its weight.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace beastmark::loadgen {

struct request_spec {
    std::string name{};
    double weight = 1;
    std::string method = "GET";
    std::string path{}; // as joined_target() has it
    std::vector<std::string> headers{};
    std::string body{};
    std::optional<unsigned> expected{}; // none: as --expect says
};

/// A JSON array, or {"requests": [...]}, of
///
///     {"name": "read", "weight": 9, "method": "GET", "path": "/devices/{{rand 1 100}}",
///      "headers": {"Accept": "application/json"}, "body": ..., "expect": 200}
///
/// where nothing has to be there: without a name it is called by method and path, without a method it is a
/// GET, with a body a POST. `headers` may be an array of "Name: value"; `body` is a text, {"file": "name"}
/// (beside the file), or any other object or array, sent as JSON.
///
/// Throws std::invalid_argument with one line that names the file and the request: not JSON, a key that there
/// is not, a value of another type, no request or more than request_set::most_named, two of one name;
/// std::runtime_error when a file cannot be read.
std::vector<request_spec> read_requests(const std::string& path);

using body_reader = std::function<std::string(const std::string& name)>;

/// The same of a text; `path` is for messages.
/// @param read what a body's file holds; without one it is read beside `path`.
std::vector<request_spec> parse_requests(std::string_view text, const std::string& path,
                                         body_reader read = {});

} // namespace beastmark::loadgen
