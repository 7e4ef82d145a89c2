# Arrow C++ and Parquet as penstock::arrow and penstock::parquet, wherever they come from:
#   system  find_package(Arrow) and find_package(Parquet)
#   wheel   the headers and libraries inside the pyarrow wheel of a Python (PENSTOCK_PYTHON, else .venv, else python3)
#   auto    system if it is there, else wheel
# The wheel has no CMake config and no unversioned symlinks, so the imported targets name the versioned file; it is built
# with the new C++ ABI.
if(NOT PENSTOCK_ARROW MATCHES "^(auto|system|wheel)$")
  message(FATAL_ERROR "PENSTOCK_ARROW is '${PENSTOCK_ARROW}'; it is one of auto, system, wheel")
endif()

set(penstock_arrow_from "")
set(penstock_arrow_folder "")  # of the libraries, where the loader does not look by itself
if(NOT PENSTOCK_ARROW STREQUAL "wheel")
  find_package(Arrow CONFIG QUIET)
  find_package(Parquet CONFIG QUIET)
  if(Arrow_FOUND AND Parquet_FOUND)
    add_library(penstock::arrow INTERFACE IMPORTED)
    target_link_libraries(penstock::arrow INTERFACE Arrow::arrow_shared)
    add_library(penstock::parquet INTERFACE IMPORTED)
    target_link_libraries(penstock::parquet INTERFACE Parquet::parquet_shared)
    set(penstock_arrow_from "system, version ${Arrow_VERSION}")
  elseif(PENSTOCK_ARROW STREQUAL "system")
    message(FATAL_ERROR "PENSTOCK_ARROW=system, but no Arrow and Parquet CMake packages were found")
  endif()
endif()

if(NOT penstock_arrow_from)
  if(NOT PENSTOCK_PYTHON)
    find_program(PENSTOCK_PYTHON NAMES python3 python PATHS ${CMAKE_SOURCE_DIR}/.venv/bin NO_DEFAULT_PATH)
    find_program(PENSTOCK_PYTHON NAMES python3)
  endif()
  execute_process(
    COMMAND ${PENSTOCK_PYTHON} -c "import pyarrow as p; print(p.get_include(), p.get_library_dirs()[0], \
p.cpp_build_info.so_version, p.__version__, sep=';')"
    OUTPUT_VARIABLE wheel OUTPUT_STRIP_TRAILING_WHITESPACE RESULT_VARIABLE failed ERROR_QUIET)
  if(failed)
    message(FATAL_ERROR "no Arrow C++: neither a system package nor a pyarrow wheel in ${PENSTOCK_PYTHON}. "
                        "`./dev build` installs one into .venv.")
  endif()
  list(GET wheel 0 wheel_include)
  list(GET wheel 1 wheel_libraries)
  set(penstock_arrow_folder ${wheel_libraries})
  list(GET wheel 2 wheel_so)
  list(GET wheel 3 wheel_version)
  if(SKBUILD AND PENSTOCK_PYTHON STREQUAL Python_EXECUTABLE)
    # pip's isolated builds unpack a wheel each: by a path that is always the same ccache knows an object again.
    set(wheel_headers ${CMAKE_BINARY_DIR}/arrow-headers)
    file(REMOVE ${wheel_headers})
    file(CREATE_LINK ${wheel_include} ${wheel_headers} SYMBOLIC)
    set(wheel_include ${wheel_headers})
  endif()
  foreach(name arrow parquet)
    add_library(penstock::${name} SHARED IMPORTED)
    set_target_properties(penstock::${name} PROPERTIES
      IMPORTED_LOCATION ${wheel_libraries}/lib${name}.so.${wheel_so}
      IMPORTED_SONAME lib${name}.so.${wheel_so}
      INTERFACE_INCLUDE_DIRECTORIES ${wheel_include}
      INTERFACE_SYSTEM_INCLUDE_DIRECTORIES ${wheel_include}
      INTERFACE_COMPILE_DEFINITIONS _GLIBCXX_USE_CXX11_ABI=1)
  endforeach()
  target_link_libraries(penstock::parquet INTERFACE penstock::arrow)
  # The wheel's libparquet exports an OpenSSL of its own, without versions. Unless the system's stands before it, libssl
  # and libcrypto call into that one, and TLS crashes.
  target_link_options(penstock::parquet INTERFACE
    LINKER:--push-state,--no-as-needed "SHELL:-lssl -lcrypto" LINKER:--pop-state)
  set(penstock_arrow_from "pyarrow wheel, version ${wheel_version}")
endif()
message(STATUS "Arrow C++: ${penstock_arrow_from}")
