#include "scripted_names.hpp"

#include "tests/support/wait.hpp"

#include <condition_variable>
#include <filesystem>
#include <iterator>
#include <mutex>
#include <thread>
#include <utility>

#include <dlfcn.h>
#include <netdb.h>

namespace beastmark::testing {

namespace {

std::mutex mutex;
std::condition_variable changed;
scripted_names* script = nullptr;

int ask_library(const char* name, const char* port, const addrinfo* hints, addrinfo** found) {
    static const auto library = reinterpret_cast<decltype(&::getaddrinfo)>(::dlsym(RTLD_NEXT, "getaddrinfo"));
    return library(name, port, hints, found);
}

std::size_t thread_count() {
    return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator("/proc/self/task"),
                                                  std::filesystem::directory_iterator()));
}

} // namespace

int answer(const char* name, const char* port, const addrinfo* hints, addrinfo** found) {
    std::vector<std::string> addresses{name};
    if ((hints->ai_flags & AI_NUMERICHOST) == 0) {
        std::unique_lock lock(mutex);
        if (script != nullptr && script->names_.contains(name)) {
            addresses = script->names_[name];
            ++script->asked_;
            changed.notify_all();
            changed.wait(lock, [] { return !script->held_; });
            if (addresses.empty())
                return EAI_NONAME;
        }
    }
    for (const auto& address : addresses) {
        if (const int error = ask_library(address.c_str(), port, hints, found); error != 0)
            return error;
        found = &(*found)->ai_next;
    }
    return 0;
}

// ThreadSanitizer starts a thread of its own with the first of the program: one now, so that it is counted.
scripted_names::scripted_names() : threads_before_((std::thread([] {}).join(), thread_count())) {
    const std::lock_guard lock(mutex);
    script = this;
}

scripted_names::~scripted_names() {
    release();
    wait_for_threads();
    const std::lock_guard lock(mutex);
    script = nullptr;
}

void scripted_names::add(const std::string& name, std::vector<std::string> addresses) {
    const std::lock_guard lock(mutex);
    names_[name] = std::move(addresses);
}

void scripted_names::hold() {
    const std::lock_guard lock(mutex);
    held_ = true;
}

void scripted_names::release() {
    const std::lock_guard lock(mutex);
    held_ = false;
    changed.notify_all();
}

bool scripted_names::wait_for_asked(std::size_t count) {
    std::unique_lock lock(mutex);
    return changed.wait_for(lock, patience, [&] { return asked_ >= count; });
}

std::size_t scripted_names::asked() const {
    const std::lock_guard lock(mutex);
    return asked_;
}

bool scripted_names::wait_for_threads() const {
    return wait_until([this] { return thread_count() <= threads_before_; });
}

} // namespace beastmark::testing

extern "C" int getaddrinfo(const char* name, const char* port, const addrinfo* hints, addrinfo** found) {
    return beastmark::testing::answer(name, port, hints, found);
}
