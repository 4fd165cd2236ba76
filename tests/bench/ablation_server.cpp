// The services' GET in the styles that Boost.Beast's users choose from, one change from each to the next:
// ./bench perf server --ablation measures them beside the engine of apps/server. Not a product: no limits, no
// metrics, no Date; what is measured is the style.
//
// usage: ablation_server VARIANT PORT [THREADS]   ends on SIGINT or SIGTERM
#include "device/device.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <nlohmann/json.hpp>

#include <array>
#include <chrono>
#include <cstdio>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <sys/socket.h>

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using tcp = asio::ip::tcp;
using beastmark::device::device;

constexpr std::chrono::seconds timeout{30};

constexpr std::array<device, 3> devices{{
    {1, "9add349c-c35c-4d32-ab0f-53da1ba40a2a", "EF-2B-C4-F5-D6-34", "2.1.5", "2024-05-28T15:21:51.137Z",
     "2024-05-28T15:21:51.137Z"},
    {2, "d2293412-36eb-46e7-9231-af7e9249fffe", "E7-34-96-33-0C-4C", "1.0.3", "2024-01-28T15:20:51.137Z",
     "2024-01-28T15:20:51.137Z"},
    {3, "eee58ca8-ca51-47a5-ab48-163fd0e44b77", "68-93-9B-B5-33-B9", "4.3.1", "2024-08-28T15:18:21.137Z",
     "2024-08-28T15:18:21.137Z"},
}};

// --- what the body is made with

struct by_nlohmann {
    static std::string body() {
        auto all = nlohmann::ordered_json::array();
        for (const auto& each : devices) {
            all.push_back({{"id", each.id},
                           {"uuid", each.uuid},
                           {"mac", each.mac},
                           {"firmware", each.firmware},
                           {"created_at", each.created_at},
                           {"updated_at", each.updated_at}});
        }
        return all.dump();
    }
};

struct by_hand {
    static std::string body() {
        std::string all;
        char separator = '[';
        for (const auto& each : devices) {
            all += separator;
            beastmark::device::append_json(all, each);
            separator = ',';
        }
        all += ']';
        return all;
    }
};

// --- what the answer is: Beast's message and serializer, or bytes

template <class Json>
http::response<http::string_body> message_for(const http::request<http::string_body>& request) {
    http::response<http::string_body> answer{http::status::ok, request.version()};
    answer.set(http::field::server, "ablation");
    answer.set(http::field::content_type, "application/json");
    answer.keep_alive(request.keep_alive());
    answer.body() = Json::body();
    answer.prepare_payload();
    return answer;
}

template <class Json>
void append_bytes(std::string& out) {
    const std::string body = Json::body();
    out += "HTTP/1.1 200 OK\r\nServer: ablation\r\nContent-Type: application/json\r\nContent-Length: ";
    out += std::to_string(body.size());
    out += "\r\n\r\n";
    out += body;
}

// --- coroutines

template <class Stream>
using executor_of = typename Stream::executor_type;

template <class Json, class Stream>
asio::awaitable<void, executor_of<Stream>> serve_messages(Stream stream) {
    beast::flat_buffer buffer;
    beast::error_code failed;
    const auto awaiting = [&failed] {
        return asio::redirect_error(asio::use_awaitable_t<executor_of<Stream>>{}, failed);
    };
    for (;;) {
        stream.expires_after(timeout);
        http::request<http::string_body> request;
        co_await http::async_read(stream, buffer, request, awaiting());
        if (failed) {
            co_return;
        }
        auto answer = message_for<Json>(request);
        co_await http::async_write(stream, answer, awaiting());
        if (failed || !answer.keep_alive()) {
            co_return;
        }
    }
}

template <class Json, class Stream>
asio::awaitable<void, executor_of<Stream>> serve_bytes(Stream stream) {
    beast::flat_buffer buffer;
    beast::error_code failed;
    std::string out;
    const auto awaiting = [&failed] {
        return asio::redirect_error(asio::use_awaitable_t<executor_of<Stream>>{}, failed);
    };
    for (;;) {
        stream.expires_after(timeout);
        http::request<http::string_body> request;
        co_await http::async_read(stream, buffer, request, awaiting());
        if (failed) {
            co_return;
        }
        out.clear();
        append_bytes<Json>(out);
        co_await asio::async_write(stream, asio::buffer(out), awaiting());
        if (failed || !request.keep_alive()) {
            co_return;
        }
    }
}

// --- callbacks

// `Stream` is a tcp_stream, with a timeout for each request, or a plain socket, without.
template <class Json, class Stream>
class callback_session : public std::enable_shared_from_this<callback_session<Json, Stream>> {
public:
    explicit callback_session(Stream stream) : stream_{std::move(stream)} {}

    void read() {
        if constexpr (requires { stream_.expires_after(timeout); }) {
            stream_.expires_after(timeout);
        }
        request_ = {};
        http::async_read(stream_, buffer_, request_,
                         [self = this->shared_from_this()](beast::error_code failed, std::size_t) {
                             if (!failed) {
                                 self->answer();
                             }
                         });
    }

private:
    void answer() {
        out_.clear();
        append_bytes<Json>(out_);
        asio::async_write(stream_, asio::buffer(out_),
                          [self = this->shared_from_this()](beast::error_code failed, std::size_t) {
                              if (!failed && self->request_.keep_alive()) {
                                  self->read();
                              }
                          });
    }

    Stream stream_;
    beast::flat_buffer buffer_;
    http::request<http::string_body> request_;
    std::string out_;
};

// --- accepting

using any_executor = asio::any_io_executor;
using context_executor = asio::io_context::executor_type;
template <class Executor>
using stream_of = beast::basic_stream<tcp, Executor>;
template <class Executor>
using socket_of = asio::basic_stream_socket<tcp, Executor>;

template <class Stream>
void start_messages_by_nlohmann(Stream stream) {
    const auto executor = stream.get_executor();
    asio::co_spawn(executor, serve_messages<by_nlohmann>(std::move(stream)), asio::detached);
}

template <class Stream>
void start_messages_by_hand(Stream stream) {
    const auto executor = stream.get_executor();
    asio::co_spawn(executor, serve_messages<by_hand>(std::move(stream)), asio::detached);
}

template <class Stream>
void start_bytes(Stream stream) {
    const auto executor = stream.get_executor();
    asio::co_spawn(executor, serve_bytes<by_hand>(std::move(stream)), asio::detached);
}

template <class Stream>
void start_callbacks(Stream stream) {
    std::make_shared<callback_session<by_hand, Stream>>(std::move(stream))->read();
}

// One accepting loop; `strand` gives each connection its own, as threads that share a context need it.
template <class Stream, void (*Start)(Stream)>
void accept(asio::io_context& context, tcp::acceptor& acceptor, bool strand) {
    const auto handle = [&context, &acceptor, strand](beast::error_code failed,
                                                      socket_of<executor_of<Stream>> socket) {
        if (!failed) {
            socket.set_option(tcp::no_delay{true});
            Start(Stream{std::move(socket)});
        }
        accept<Stream, Start>(context, acceptor, strand);
    };
    if constexpr (std::is_same_v<executor_of<Stream>, any_executor>) {
        if (strand) {
            acceptor.async_accept(any_executor{asio::make_strand(context)}, handle);
            return;
        }
    }
    acceptor.async_accept(executor_of<Stream>{context.get_executor()}, handle);
}

struct variant {
    void (*accept)(asio::io_context&, tcp::acceptor&, bool strand);
    bool shared_context = false; // by all threads
};

const std::map<std::string, variant>& variants() {
    using any_stream = stream_of<any_executor>;
    using stream = stream_of<context_executor>;
    using socket = socket_of<context_executor>;
    static const std::map<std::string, variant> all{
        {"idiomatic", {&accept<any_stream, &start_messages_by_nlohmann<any_stream>>}},
        {"hand_json", {&accept<any_stream, &start_messages_by_hand<any_stream>>}},
        {"prepared_buffer", {&accept<any_stream, &start_bytes<any_stream>>}},
        {"callbacks", {&accept<any_stream, &start_callbacks<any_stream>>}},
        {"concrete_executor", {&accept<stream, &start_callbacks<stream>>}},
        {"plain_socket", {&accept<socket, &start_callbacks<socket>>}},
        {"shared_context", {&accept<any_stream, &start_callbacks<any_stream>>, true}},
    };
    return all;
}

tcp::acceptor listen(asio::io_context& context, unsigned short port) {
    tcp::acceptor acceptor{context, tcp::v4()};
    const int on = 1;
    ::setsockopt(acceptor.native_handle(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
    acceptor.bind({asio::ip::address_v4::loopback(), port});
    acceptor.listen();
    return acceptor;
}

void run(const variant& chosen, unsigned short port, std::size_t threads) {
    std::vector<std::unique_ptr<asio::io_context>> contexts;
    std::vector<tcp::acceptor> acceptors;
    for (std::size_t i = 0; i < (chosen.shared_context ? 1 : threads); ++i) {
        contexts.push_back(
            std::make_unique<asio::io_context>(static_cast<int>(chosen.shared_context ? threads : 1)));
        acceptors.push_back(listen(*contexts.back(), port));
    }
    for (std::size_t i = 0; i < contexts.size(); ++i) {
        chosen.accept(*contexts[i], acceptors[i], chosen.shared_context);
    }
    asio::signal_set stop{*contexts.front(), SIGINT, SIGTERM};
    stop.async_wait([&](beast::error_code, int) {
        for (const auto& each : contexts) {
            each->stop();
        }
    });
    std::vector<std::thread> others;
    for (std::size_t i = 1; i < threads; ++i) {
        others.emplace_back([&context = *contexts[i % contexts.size()]] { context.run(); });
    }
    contexts.front()->run();
    for (auto& each : others) {
        each.join();
    }
}

} // namespace

int main(int argc, char** argv) {
    const auto chosen = variants().find(argc > 1 ? argv[1] : "");
    const int port = argc > 2 ? std::atoi(argv[2]) : 0;
    const int threads = argc > 3 ? std::atoi(argv[3]) : 1;
    if (chosen == variants().end() || port < 1 || port > 65535 || threads < 1 || argc > 4) {
        std::fputs("usage: ablation_server VARIANT PORT [THREADS]; variants:", stderr);
        for (const auto& each : variants()) {
            std::fprintf(stderr, " %s", each.first.c_str());
        }
        std::fputs("\n", stderr);
        return 2;
    }
    run(chosen->second, static_cast<unsigned short>(port), static_cast<std::size_t>(threads));
    return 0;
}
