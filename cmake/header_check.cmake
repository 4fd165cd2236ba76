# Target header_check: each header of the project compiles as the only include of a file. Not part of "all"; "./bench test" builds it.
file(GLOB_RECURSE headers CONFIGURE_DEPENDS RELATIVE "${PROJECT_SOURCE_DIR}"
  "${PROJECT_SOURCE_DIR}/common/*.hpp" "${PROJECT_SOURCE_DIR}/apps/*.hpp" "${PROJECT_SOURCE_DIR}/loadgen/*.hpp"
  "${PROJECT_SOURCE_DIR}/tests/support/*.hpp")
set(sources "")
foreach(header IN LISTS headers)
  set(source "${CMAKE_CURRENT_BINARY_DIR}/header_check/${header}.cpp")
  # Twice, so that a missing #pragma once shows too.
  file(CONFIGURE OUTPUT "${source}" CONTENT "#include \"${header}\"\n#include \"${header}\"\n" @ONLY)
  list(APPEND sources "${source}")
endforeach()
add_library(header_check OBJECT EXCLUDE_FROM_ALL ${sources})
target_compile_options(header_check PRIVATE -O0 -g0)
target_link_libraries(header_check PRIVATE beastmark_common GTest::gtest
  OpenSSL::SSL ZLIB::ZLIB PostgreSQL::PostgreSQL CLI11::CLI11 nlohmann_json::nlohmann_json
  PkgConfig::libpqxx PkgConfig::libmemcached PkgConfig::libnghttp2)
