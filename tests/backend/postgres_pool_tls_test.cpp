// The PostgreSQL pool over TLS, whose library may hold answers that the socket does not tell of.
#include "tests/backend/postgres_pool_fixture.hpp"

#include <openssl/ssl.h>

#include <algorithm>

#include <dlfcn.h>

namespace {

int most_read = 0; // at once; 0: as libpq asks
int shortened = 0;

} // namespace

// In OpenSSL's place for the whole program. A read that takes less than a record leaves the rest in the
// library, as it is when a record is larger than the room in libpq's buffer.
extern "C" int SSL_read(SSL* tls, void* into, int size) {
    static const auto real = reinterpret_cast<decltype(&SSL_read)>(::dlsym(RTLD_NEXT, "SSL_read"));
    // A later libpq (15.20) asks for exactly what the library holds, and takes less for an error.
    const bool rest = size == ::SSL_pending(tls);
    if (most_read == 0 || rest || size <= most_read)
        return real(tls, into, size);
    ++shortened;
    return real(tls, into, most_read);
}

namespace beastmark::testing {
namespace {

class postgres_pool_tls : public postgres_pool {
protected:
    postgres_pool_tls() : postgres_pool({.tls = true}) {
        options.conninfo += " sslmode=require";
        options.depth = 8;
    }

    ~postgres_pool_tls() override { most_read = 0; }

    // All that the connections and the queue take at once, again and again.
    void expect_stores(int rows) {
        start_and_wait();
        ASSERT_EQ(
            cluster.value("select bool_and(ssl) from pg_stat_ssl join pg_stat_activity using (pid) where "
                          "application_name = 'beastmark-ingest'"),
            "t");
        while (static_cast<int>(sent.size()) < rows) {
            for (int i = 0; i < 500; ++i)
                submit(static_cast<int>(sent.size()));
            ASSERT_TRUE(run_until_done()) << "after " << sent.size();
        }
        EXPECT_TRUE(std::ranges::none_of(sent, [](auto& r) { return r.error.failed(); }));
        EXPECT_EQ(cluster.count("device"), rows);
        EXPECT_EQ(metrics.reconnects.value(), 0);
        expect_one_completion_each();
    }
};

TEST_F(postgres_pool_tls, a_load_does_not_stall) {
    expect_stores(2000);
}

TEST_F(postgres_pool_tls, takes_what_is_decrypted_and_not_read) {
    most_read = 50; // the answer to one insert has more
    expect_stores(500);
    EXPECT_GT(shortened, 0) << "libpq does not read through this program";
}

} // namespace
} // namespace beastmark::testing
