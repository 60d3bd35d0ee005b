# find_package(plumb) then plumb::plumb: all of it behind one name. find_package(plumb COMPONENTS waist) then
# plumb::waist: records and what reads them, and what that links alone; COMPONENTS engine then plumb::engine: networks
# and their training too. Each folder is also there by itself, e.g. plumb::stats. With PLUMB_SHARED there is one
# shared library instead. A component can be installed alone (cmake --install BUILD --component waist): waist,
# engine, apps, and program, which is the command line with its manual pages and completion.
include(CMakePackageConfigHelpers)
include(PublicHeaders)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/plumb)
set(pkgconfig_dir ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

# plumb_component_headers(waist plumb/waist.h): the headers that a program needs which includes that one.
function(plumb_component_headers component umbrella)
  plumb_reached_headers(headers ${umbrella})
  if(NOT PLUMB_REPORT)
    list(FILTER headers EXCLUDE REGEX "^plumb/(theory|report|attach)/")
  endif()
  foreach(header IN LISTS headers)
    cmake_path(GET header PARENT_PATH folder)
    install(FILES ${header} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/${folder} COMPONENT ${component})
  endforeach()
endfunction()

# plumb_component_target(waist plumb_waist LINKS ...): one name for a component's libraries, installed with them.
function(plumb_component_target component name)
  get_property(libraries GLOBAL PROPERTY PLUMB_LIBRARIES_${component})
  list(TRANSFORM libraries REPLACE "^plumb_" "plumb::" OUTPUT_VARIABLE aliases)
  add_library(${name} INTERFACE)
  target_link_libraries(${name} INTERFACE ${aliases} ${ARGN})
  string(REGEX REPLACE "^plumb_" "" exported ${name})
  set_target_properties(${name} PROPERTIES EXPORT_NAME ${exported})
  add_library(plumb::${exported} ALIAS ${name})
  if(NOT PLUMB_SHARED)
    install(TARGETS ${name} ${libraries} EXPORT plumb-${component}-targets
            ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT ${component})
    install(EXPORT plumb-${component}-targets NAMESPACE plumb:: DESTINATION ${package_dir}
            COMPONENT ${component})
  endif()
endfunction()

# plumb_pkgconfig(waist "libraries" "packages" "flags"): the file with which `pkg-config --libs plumb-waist` links
# a component statically: its libraries, the packages that they need, and what has no package. Components that it
# needs beside the waist follow.
function(plumb_pkgconfig component name packages flags)
  if(PLUMB_SHARED)
    set(PLUMB_LIBS "-lplumb")
    set(PLUMB_REQUIRES "")
    set(flags "")
  else()
    set(libraries "")
    foreach(part waist ${ARGN} ${component})
      get_property(of_part GLOBAL PROPERTY PLUMB_LIBRARIES_${part})
      list(APPEND libraries ${of_part})
    endforeach()
    list(REMOVE_DUPLICATES libraries)
    list(TRANSFORM libraries PREPEND "-l")
    list(JOIN libraries " " libraries)
    set(PLUMB_LIBS "-Wl,--start-group ${libraries} -Wl,--end-group")
    set(PLUMB_REQUIRES "${packages}")
  endif()
  set(PLUMB_PACKAGE ${name})
  file(RELATIVE_PATH PLUMB_UP /${pkgconfig_dir} /)  # the prefix may be another one at installation
  set(PLUMB_FLAGS "${flags}")
  configure_file(${PROJECT_SOURCE_DIR}/cmake/plumb.pc.in ${PROJECT_BINARY_DIR}/${name}.pc @ONLY)
  install(FILES ${PROJECT_BINARY_DIR}/${name}.pc DESTINATION ${pkgconfig_dir} COMPONENT ${component})
endfunction()

set(engine_packages "sqlite3 zlib fmt libhwy libpng libjpeg")
plumb_component_target(waist plumb_waist)
plumb_component_headers(waist plumb/waist.h)
if(PLUMB_REPORT)
  plumb_component_headers(waist plumb/attach/libtorch.h)  # for programs that have torch; plumb links none
endif()
plumb_pkgconfig(waist plumb-waist "sqlite3 zlib fmt libhwy" "-pthread")
if(PLUMB_ENGINE)
  plumb_component_target(engine plumb_engine plumb::waist)
  plumb_component_headers(engine plumb/engine.h)
  plumb_pkgconfig(engine plumb-engine "${engine_packages}" "-ldnnl -fopenmp -pthread")
  if(NOT PLUMB_SHARED)
    install(FILES cmake/Dnnl.cmake DESTINATION ${package_dir} COMPONENT engine)
  endif()
endif()
if(PLUMB_APPS)
  plumb_component_target(apps plumb plumb::engine)
  plumb_component_headers(apps plumb/plumb.h)
  plumb_pkgconfig(apps plumb "${engine_packages}" "-ldnnl -fopenmp -pthread" engine)
endif()
include(SharedLibrary)

if(TARGET plumb_program)
  include(ProgramHelp)
  install(TARGETS plumb_program RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT program)
endif()

# The licence goes with each package; two packages may not have a file in common.
install(FILES LICENSE NOTICE DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/libplumb-dev COMPONENT waist)
if(TARGET plumb_program)
  install(FILES LICENSE NOTICE DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/plumb COMPONENT program)
endif()

configure_package_config_file(cmake/plumb-config.cmake.in ${PROJECT_BINARY_DIR}/plumb-config.cmake
                              INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/plumb-config-version.cmake
                                 COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/plumb-config.cmake ${PROJECT_BINARY_DIR}/plumb-config-version.cmake
        DESTINATION ${package_dir} COMPONENT waist)
