# One static library a folder: wayferry_module(NAME SOURCES … USES …) makes wayferry_NAME from the
# named files. USES names modules (util, wire …) or other targets. HOT: every message of every app goes
# through it, so what is shipped is optimised across such modules: a third of the relay's time.
function(wayferry_module name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "HOT" "" "SOURCES;USES")
  add_library(wayferry_${name} STATIC ${arg_SOURCES})
  # The files are small, the libraries' headers are not: read once a module instead of once a file,
  # a build takes a third of the time.
  set_target_properties(wayferry_${name} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 0)
  if(arg_HOT AND WAYFERRY_LTO)
    set_target_properties(wayferry_${name} PROPERTIES INTERPROCEDURAL_OPTIMIZATION ON)
  endif()
  target_include_directories(wayferry_${name} PUBLIC "${CMAKE_SOURCE_DIR}/src")
  target_link_libraries(wayferry_${name} PRIVATE wayferry_flags)
  foreach(used IN LISTS arg_USES)
    if(TARGET wayferry_${used})
      target_link_libraries(wayferry_${name} PUBLIC wayferry_${used})
    else()
      target_link_libraries(wayferry_${name} PUBLIC ${used})
    endif()
  endforeach()
endfunction()

# A library of generated protobuf messages, included as "<folder>/<file>.pb.h": compiled without
# our warnings.
function(wayferry_proto name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "PROTOS")
  add_library(wayferry_${name} STATIC ${arg_PROTOS})
  protobuf_generate(TARGET wayferry_${name} LANGUAGE cpp IMPORT_DIRS "${CMAKE_SOURCE_DIR}/src"
    PROTOC_OUT_DIR "${CMAKE_BINARY_DIR}/proto")
  target_include_directories(wayferry_${name} SYSTEM PUBLIC "${CMAKE_BINARY_DIR}/proto")
  target_link_libraries(wayferry_${name} PUBLIC protobuf::libprotobuf-lite)
endfunction()
