# penstock_stage(FOLDER STAGES ... LIBRARIES ...): the static library of one stage under src/, from every .cc in it.
# Its link edges are the include edges the layer check allows.
add_library(penstock_options INTERFACE)
target_compile_definitions(penstock_options INTERFACE PENSTOCK_VERSION="${PROJECT_VERSION}")
target_compile_options(penstock_options INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor
                                                  -Woverloaded-virtual -Wconversion -Wno-sign-conversion)
if(CMAKE_CXX_COMPILER_ID MATCHES Clang)
  # libstdc++ 12's own std::stable_sort uses what it has marked deprecated.
  target_compile_options(penstock_options INTERFACE -Wno-deprecated-declarations)
endif()
if(PENSTOCK_WERROR)
  target_compile_options(penstock_options INTERFACE -Werror)
endif()
if(PENSTOCK_SANITIZE)
  target_compile_options(penstock_options INTERFACE -fsanitize=${PENSTOCK_SANITIZE} -fno-sanitize-recover=all
                                                    -fno-omit-frame-pointer)
  target_link_options(penstock_options INTERFACE -fsanitize=${PENSTOCK_SANITIZE})
  # Defaults compiled in, so that a test that clears the environment has them too.
  target_sources(penstock_options INTERFACE
    $<$<STREQUAL:$<TARGET_PROPERTY:TYPE>,EXECUTABLE>:${CMAKE_SOURCE_DIR}/cmake/sanitizer_options.cc>)
endif()
if(PENSTOCK_FUZZ)
  target_compile_options(penstock_options INTERFACE -fsanitize=fuzzer-no-link)
endif()

function(penstock_stage folder)
  cmake_parse_arguments(ARG "" "" "STAGES;LIBRARIES" ${ARGN})
  string(REPLACE "/" "_" name ${folder})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/${folder}/*.cc)
  add_library(penstock_${name} STATIC ${sources})
  target_include_directories(penstock_${name} PUBLIC ${CMAKE_SOURCE_DIR}/include PRIVATE ${CMAKE_SOURCE_DIR}/src)
  target_link_libraries(penstock_${name} PUBLIC penstock_options PRIVATE ${ARG_LIBRARIES})
  foreach(stage IN LISTS ARG_STAGES)
    string(REPLACE "/" "_" stage ${stage})
    target_link_libraries(penstock_${name} PUBLIC penstock_${stage})
  endforeach()
endfunction()
