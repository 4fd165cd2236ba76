# One INTERFACE target carries the standard, warnings, sanitizers and the Asio macros, so that they
# are the same in every translation unit. Every target of the project links it.

option(BEASTMARK_WARNINGS_AS_ERRORS "Treat compiler warnings as errors (the presets do)" OFF)
option(BEASTMARK_FUZZ "Build the libFuzzer targets (needs clang) and nothing that links them" OFF)
option(BUILD_TESTING "Build the tests, which need GoogleTest and Google Benchmark" ON)
set(BEASTMARK_REVISION "" CACHE STRING "The git revision, where the sources are not in a clone")
set(BEASTMARK_SANITIZE "" CACHE STRING "Sanitizers for every target, e.g. address,undefined or thread")

if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "Build type" FORCE)
endif()

add_library(beastmark_options INTERFACE)
target_compile_features(beastmark_options INTERFACE cxx_std_20)
target_include_directories(beastmark_options INTERFACE "${PROJECT_SOURCE_DIR}" "${PROJECT_SOURCE_DIR}/apps")
target_compile_options(beastmark_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion -Wnon-virtual-dtor
  -Wold-style-cast -Wcast-align -Wunused -Woverloaded-virtual
  $<$<CONFIG:RelWithDebInfo>:-fno-omit-frame-pointer>)
if(BEASTMARK_WARNINGS_AS_ERRORS)
  target_compile_options(beastmark_options INTERFACE -Werror)
endif()
# Blocks of finished operations kept per thread: Asio's default of 2 makes a pipelining client allocate.
target_compile_definitions(beastmark_options INTERFACE
  BOOST_ASIO_NO_DEPRECATED BOOST_ASIO_RECYCLING_ALLOCATOR_CACHE_SIZE=8)

if(BEASTMARK_SANITIZE)
  # -g1: what a report shows, functions and lines, and a tenth less to compile.
  target_compile_options(beastmark_options INTERFACE
    -fsanitize=${BEASTMARK_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all -g1)
  target_link_options(beastmark_options INTERFACE -fsanitize=${BEASTMARK_SANITIZE})
  target_sources(beastmark_options INTERFACE
    $<$<STREQUAL:$<TARGET_PROPERTY:TYPE>,EXECUTABLE>:${PROJECT_SOURCE_DIR}/cmake/sanitizer_suppressions.cpp>)
  if(BEASTMARK_SANITIZE MATCHES "thread")
    # Asio's fences are not understood by ThreadSanitizer (fixed in Asio 1.38); -Wtsan says so for each.
    target_compile_options(beastmark_options INTERFACE $<$<CXX_COMPILER_ID:GNU>:-Wno-tsan>)
    target_compile_definitions(beastmark_options INTERFACE BOOST_ASIO_DISABLE_FENCED_BLOCK)
  endif()
endif()
if(BEASTMARK_FUZZ)
  target_compile_options(beastmark_options INTERFACE -fsanitize=fuzzer-no-link)
  target_link_options(beastmark_options INTERFACE -fsanitize=fuzzer-no-link)
endif()
