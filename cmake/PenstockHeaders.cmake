# header_checks: a target, not part of `all`, that compiles every header of include/, src/ and apps/ alone and twice, so
# that none leans on what its includer has included before.
file(GLOB_RECURSE headers CONFIGURE_DEPENDS RELATIVE ${CMAKE_SOURCE_DIR}
     ${CMAKE_SOURCE_DIR}/include/*.h ${CMAKE_SOURCE_DIR}/src/*.h ${CMAKE_SOURCE_DIR}/apps/*.h)
set(header_sources)
foreach(header IN LISTS headers)
  string(REGEX REPLACE "^(include|src|apps)/" "" included ${header})
  string(REPLACE "/" "_" name ${header})
  set(source ${CMAKE_BINARY_DIR}/header_checks/${name}.cc)
  file(CONFIGURE OUTPUT ${source} CONTENT "#include \"${included}\"\n#include \"${included}\"\n" @ONLY)
  list(APPEND header_sources ${source})
endforeach()
add_library(header_checks OBJECT EXCLUDE_FROM_ALL ${header_sources})
target_include_directories(header_checks PRIVATE ${CMAKE_SOURCE_DIR}/include ${CMAKE_SOURCE_DIR}/src
                                                 ${CMAKE_SOURCE_DIR}/apps)
target_link_libraries(header_checks PRIVATE penstock_options fmt::fmt nlohmann_json::nlohmann_json CLI11::CLI11
                                            PkgConfig::LIBFYAML SQLite::SQLite3 penstock::parquet OpenSSL::SSL
                                            $<TARGET_NAME_IF_EXISTS:PkgConfig::LIBPQ>
                                            $<TARGET_NAME_IF_EXISTS:PkgConfig::LIBMARIADB>)
