#include "tests/support/counted_allocations.hpp"

#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <new>

#include <pthread.h>

namespace {

thread_local std::uint64_t by_this_thread = 0;
std::atomic<std::uint64_t> by_load_threads{0};

void count() {
    ++by_this_thread;
    char name[16] = "";
    pthread_getname_np(pthread_self(), name, sizeof name);
    if (std::strcmp(name, "load") == 0)
        ++by_load_threads;
}

void* count_and_allocate(std::size_t size) {
    count();
    if (void* const memory = std::malloc(size == 0 ? 1 : size))
        return memory;
    throw std::bad_alloc();
}

void* count_and_allocate(std::size_t size, std::align_val_t alignment) {
    count();
    const auto unit = static_cast<std::size_t>(alignment);
    if (void* const memory = std::aligned_alloc(unit, (size / unit + 1) * unit))
        return memory;
    throw std::bad_alloc();
}

} // namespace

void* operator new(std::size_t size) {
    return count_and_allocate(size);
}

void* operator new[](std::size_t size) {
    return count_and_allocate(size);
}

void* operator new(std::size_t size, std::align_val_t alignment) {
    return count_and_allocate(size, alignment);
}

void* operator new[](std::size_t size, std::align_val_t alignment) {
    return count_and_allocate(size, alignment);
}

void operator delete(void* memory) noexcept {
    std::free(memory);
}

void operator delete[](void* memory) noexcept {
    std::free(memory);
}

void operator delete(void* memory, std::size_t) noexcept {
    std::free(memory);
}

void operator delete[](void* memory, std::size_t) noexcept {
    std::free(memory);
}

void operator delete(void* memory, std::align_val_t) noexcept {
    std::free(memory);
}

void operator delete[](void* memory, std::align_val_t) noexcept {
    std::free(memory);
}

void operator delete(void* memory, std::size_t, std::align_val_t) noexcept {
    std::free(memory);
}

void operator delete[](void* memory, std::size_t, std::align_val_t) noexcept {
    std::free(memory);
}

namespace beastmark::testing {

std::uint64_t allocations() noexcept {
    return by_this_thread;
}

std::uint64_t allocations_of_load_threads() noexcept {
    return by_load_threads;
}

} // namespace beastmark::testing
