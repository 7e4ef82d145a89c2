# penstock_header_checks(TARGET FOLDER...): a target, not part of `all`, that compiles every header of the folders alone and
# twice, so that none leans on what its includer has included before.
function(penstock_header_checks target)
  set(sources)
  foreach(folder IN LISTS ARGN)
    file(GLOB_RECURSE headers CONFIGURE_DEPENDS RELATIVE ${CMAKE_SOURCE_DIR}/${folder} ${CMAKE_SOURCE_DIR}/${folder}/*.h)
    foreach(included IN LISTS headers)
      string(REPLACE "/" "_" name ${included})
      set(source ${CMAKE_BINARY_DIR}/${target}/${name}.cc)
      file(CONFIGURE OUTPUT ${source} CONTENT "#include \"${included}\"\n#include \"${included}\"\n" @ONLY)
      list(APPEND sources ${source})
    endforeach()
  endforeach()
  add_library(${target} OBJECT EXCLUDE_FROM_ALL ${sources})
  foreach(folder IN LISTS ARGN)
    target_include_directories(${target} PRIVATE ${CMAKE_SOURCE_DIR}/${folder})
  endforeach()
  target_link_libraries(${target} PRIVATE penstock_options fmt::fmt nlohmann_json::nlohmann_json CLI11::CLI11
                                          PkgConfig::LIBFYAML SQLite::SQLite3 penstock::parquet OpenSSL::SSL
                                          PkgConfig::LIBPQ PkgConfig::LIBMARIADB)
endfunction()
