# Compiles for another of Debian's architectures: its libraries are beside the machine's own (dpkg --add-architecture), and found by
# the compiler's triplet, which a toolchain file sets: cmake -D CMAKE_TOOLCHAIN_FILE=cmake/cross/aarch64-linux-gnu.cmake
set(CMAKE_SYSTEM_NAME Linux)
string(REGEX REPLACE "-.*" "" CMAKE_SYSTEM_PROCESSOR "${triplet}")
set(CMAKE_CXX_COMPILER "${triplet}-g++")
set(ENV{PKG_CONFIG_LIBDIR} "/usr/lib/${triplet}/pkgconfig:/usr/share/pkgconfig")
