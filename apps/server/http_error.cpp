#include "server/http_error.hpp"

namespace beastmark::server {

http_error from_parser(boost::system::error_code code) {
    using errors::bad_request;
    if (code == http::error::bad_method) {
        return bad_request("the request line does not start with a method");
    }
    if (code == http::error::bad_target) {
        return bad_request("the request target holds a character that is not allowed");
    }
    if (code == http::error::bad_version) {
        return bad_request("the request line does not end with an HTTP version");
    }
    if (code == http::error::bad_content_length || code == http::error::multiple_content_length) {
        return bad_request("Content-Length is malformed, given several times, or beside Transfer-Encoding");
    }
    if (code == http::error::bad_transfer_encoding) {
        return bad_request("Transfer-Encoding is malformed or beside Content-Length");
    }
    if (code == http::error::bad_chunk || code == http::error::bad_chunk_extension) {
        return bad_request("a chunk of the body is malformed");
    }
    if (code == http::error::bad_field || code == http::error::bad_value ||
        code == http::error::bad_obs_fold) {
        return bad_request("a header field is malformed");
    }
    return bad_request("the request is malformed");
}

} // namespace beastmark::server
