# Everything comes from the distribution's packages ("./bench setup" installs them); nothing is downloaded.
# FindBoost is gone from CMake 3.30 on; Boost brings its own configuration.
if(POLICY CMP0167)
  cmake_policy(SET CMP0167 NEW)
endif()

find_package(Threads REQUIRED)
find_package(Boost 1.81 REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(ZLIB REQUIRED)
find_package(PostgreSQL REQUIRED)
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
find_package(CLI11 REQUIRED)
find_package(nlohmann_json REQUIRED)
find_path(TOMLPLUSPLUS_INCLUDE_DIR toml++/toml.h REQUIRED) # headers only, where the compiler looks anyway
mark_as_advanced(TOMLPLUSPLUS_INCLUDE_DIR)
find_package(prometheus-cpp REQUIRED)
if(BUILD_TESTING)
  find_package(GTest REQUIRED)
  find_package(benchmark REQUIRED)
endif()

find_package(PkgConfig REQUIRED)
pkg_check_modules(libpqxx REQUIRED IMPORTED_TARGET libpqxx)
pkg_check_modules(libmemcached REQUIRED IMPORTED_TARGET libmemcached)
pkg_check_modules(libnghttp2 REQUIRED IMPORTED_TARGET libnghttp2)
