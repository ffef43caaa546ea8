find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_package(Protobuf REQUIRED)
find_package(CLI11 REQUIRED)
find_package(spdlog REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(pugixml REQUIRED)  # the scanner only
find_package(LibArchive REQUIRED)
pkg_check_modules(LIBBPF REQUIRED IMPORTED_TARGET libbpf)
find_program(CLANG clang REQUIRED)  # for what runs in the kernel, whatever compiles the rest
if(WAYFERRY_TESTS)
  find_package(GTest REQUIRED)
  include(GoogleTest)
endif()

# Where Debian's libwayland-dev and wayland-protocols keep the protocol descriptions.
pkg_get_variable(WAYLAND_DIR wayland-client pkgdatadir)
pkg_get_variable(WAYLAND_PROTOCOLS_DIR wayland-protocols pkgdatadir)
