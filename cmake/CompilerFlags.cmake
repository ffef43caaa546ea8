set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER "${CCACHE}")
endif()

# Our own code only: generated protobuf code and libraries are not ours to mend.
add_library(wayferry_flags INTERFACE)
target_compile_options(wayferry_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wnon-virtual-dtor
  -Woverloaded-virtual -Wold-style-cast -Werror)
# Designated initialisers name what differs from the default; the rest is meant to be left out.
target_compile_options(wayferry_flags INTERFACE -Wno-missing-field-initializers)

if(CMAKE_CXX_COMPILER_ID STREQUAL Clang)
  # The same of clang's making; and g++ has no word for this.
  target_compile_options(wayferry_flags INTERFACE -Wno-missing-designated-field-initializers)
endif()
if(WAYFERRY_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()

if(WAYFERRY_SANITIZE)
  add_compile_options(-fsanitize=${WAYFERRY_SANITIZE} -fno-omit-frame-pointer
    -fno-sanitize-recover=undefined)
  add_link_options(-fsanitize=${WAYFERRY_SANITIZE})
endif()

# For modules that are HOT (Module.cmake), in what is shipped.
if(NOT WAYFERRY_SANITIZE AND NOT CMAKE_BUILD_TYPE STREQUAL Debug)
  include(CheckIPOSupported)
  check_ipo_supported(RESULT WAYFERRY_LTO OUTPUT without LANGUAGES CXX)
endif()
