// Names that only a test knows: the program's getaddrinfo(3) answers them as it is told to, and passes all
// others on to the C library.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

struct addrinfo;

namespace beastmark::testing {

class scripted_names {
public:
    scripted_names();
    /// Waits for the look-ups under way.
    ~scripted_names();
    scripted_names(const scripted_names&) = delete;
    scripted_names& operator=(const scripted_names&) = delete;

    /// The name has these addresses, in this order; none: it does not resolve. Before it is asked for.
    void add(const std::string& name, std::vector<std::string> addresses);

    /// Nobody gets an answer before release().
    void hold();
    void release();

    /// Waits until so many have asked. False: they do not.
    bool wait_for_asked(std::size_t count);
    [[nodiscard]] std::size_t asked() const;

    /// Waits until every thread that was started since this object has ended.
    bool wait_for_threads() const;

private:
    friend int answer(const char* name, const char* port, const addrinfo* hints, addrinfo** found);

    // What the threads that look names up see too is guarded by a mutex that outlives this object.
    std::map<std::string, std::vector<std::string>> names_;
    bool held_ = false;
    std::size_t asked_ = 0;
    const std::size_t threads_before_;
};

} // namespace beastmark::testing
